"""Full shards on a clock of our own: nothing lost, order kept, refusals counted."""

from hypothesis import given
from hypothesis import strategies as st

from generators.wire import Emitted
from streaming.producer.put import puts_of
from streaming.producer.throttle import AGAIN_S, Throttle
from streaming.shards.limits import shard_limits

LIMITS = shard_limits("today")


def puts(numbers, size=100):
    return puts_of((b"k", Emitted("clicks", None, b"%*d" % (size, n), "k")) for n in numbers)


def values(taken):
    return [int(put[1]) for put in taken]


def test_a_full_shard_takes_its_limit_and_the_rest_waits_in_order():
    throttle, got = Throttle(LIMITS), []
    throttle.offer(0, puts(range(20_000)), now=0.0)
    steps = round(10 / AGAIN_S)
    for step in range(steps + 1):
        for shard, taken in throttle.admit(step * AGAIN_S):
            assert shard == 0
            got += values(taken)
    # A second's worth at once, and ten seconds of the rate.
    assert len(got) == 11_000 and got == list(range(11_000))
    assert throttle.waiting == 9_000
    # The producer puts half as much again as the shard takes.
    ((_, refused, waiting),) = throttle.counts()
    assert abs(refused - 5_000) <= 50 and waiting == 9_000


def test_a_shard_with_room_refuses_nothing_and_others_do_not_wait_for_the_full_one():
    throttle = Throttle(LIMITS)
    throttle.offer(0, puts(range(5_000)), now=0.0)
    throttle.offer(1, puts(range(10)), now=0.0)
    taken = dict(throttle.admit(0.0))
    assert len(taken[0]) == 1_000 and values(taken[1]) == list(range(10))
    assert {shard: refused for shard, refused, _ in throttle.counts()}[1] == 0


def test_bytes_count_as_records_do():
    throttle = Throttle(LIMITS)
    throttle.offer(0, puts(range(100), size=100_000), now=0.0)
    assert len(dict(throttle.admit(0.0))[0]) == 10  # of 1 MiB
    assert sum(len(taken) for _, taken in throttle.admit(1.0)) == 10


@given(
    offers=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 400)), max_size=20),
    pauses=st.lists(st.floats(0, 2), min_size=1, max_size=20),
)
def test_what_was_offered_is_admitted_once_or_taken_back(offers, pauses):
    throttle, now, number, admitted = Throttle(LIMITS), 0.0, 0, []
    for (shard, count), pause in zip(offers, pauses * 20, strict=False):
        throttle.offer(shard, puts(range(number, number + count)), now)
        number += count
        now += pause
        for _, taken in throttle.admit(now):
            admitted += values(taken)
        assert throttle.waiting == number - len(admitted)
    back = [int(record.value) for record in throttle.take_back()]
    assert back == sorted(back) and throttle.waiting == 0
    assert sorted(admitted + back) == list(range(number))
