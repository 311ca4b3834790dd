"""Calls and full shards on a clock of our own: nothing lost, order kept, refusals counted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generators.wire import Emitted
from streaming.producer.outbox import AGAIN_S, ALONE, COLLECTED, Outbox
from streaming.producer.put import puts_of
from streaming.shards.limits import shard_limits
from streaming.shards.route import Route

LIMITS = shard_limits("today")


def outbox(limits=LIMITS, size=COLLECTED, buffer_s=0.0):
    return Outbox(limits, size, buffer_s)


def puts(numbers, size=100):
    route = Route(0, b"k")
    return puts_of((route, Emitted("clicks", None, b"%*d" % (size, n), "k")) for n in numbers)


def values(taken):
    return [int(put[1]) for put in taken]


def calls(box, now, **how):
    """Everything that is put now, call by call."""
    while (done := box.call(now, **how)) is not None:
        if done:
            yield done


def admitted(box, now):
    """What each shard takes now, over all calls."""
    found = {}
    for call in calls(box, now):
        for shard, taken in call.items():
            found.setdefault(shard, []).extend(values(taken))
    return found


# --- what a call takes --------------------------------------------------------------------------


def test_a_call_takes_at_most_five_hundred_records_of_all_shards_the_oldest_first():
    box = outbox(None)
    for number in range(1200):
        box.offer(number % 3, puts([number]), now=0.0)
    sizes, seen = [], []
    for call in calls(box, 0.0):
        sizes.append(sum(len(taken) for taken in call.values()))
        mine = [number for taken in call.values() for number in values(taken)]
        assert sorted(mine) == list(range(len(seen), len(seen) + len(mine)))
        seen += mine
        for shard, taken in call.items():
            assert values(taken) == sorted(values(taken))
            assert all(number % 3 == shard for number in values(taken))
    assert sizes == [500, 500, 200]
    assert (box.calls, box.put, box.records, box.waiting) == (3, 1200, 1200, 0)


def test_a_call_takes_five_mebibytes_and_of_a_shard_what_closes_it():
    """As a KPL: 5 MiB a call, and a shard that has 256 KiB in it gets no more by it."""
    box = outbox(None)
    for shard in range(40):
        box.offer(shard, puts(range(10), size=50_000), now=0.0)
    first = next(calls(box, 0.0))
    assert sum(len(taken) for taken in first.values()) * 50_001 <= 5 * 2**20
    assert sum(len(taken) for taken in first.values()) == 104  # one more would be too much
    lonely = outbox(None)
    lonely.offer(0, puts(range(10), size=50_000), now=0.0)
    assert [values(call[0]) for call in calls(lonely, 0.0)] == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9]]


def test_without_collection_each_record_is_a_call():
    box = outbox(None, ALONE, buffer_s=60.0)  # and waits for no other
    box.offer(0, puts(range(3)), now=0.0)
    box.offer(1, puts(range(3, 6)), now=0.0)
    assert [values(p for taken in call.values() for p in taken) for call in calls(box, 0.0)] == [
        [number] for number in range(6)
    ]
    assert box.calls == box.put == 6


# --- when a call is due -------------------------------------------------------------------------


def test_a_call_is_due_when_the_oldest_record_has_waited():
    box = outbox(None, buffer_s=0.1)
    box.offer(0, puts([0]), now=0.0)
    box.offer(1, puts([1]), now=0.06)
    assert box.call(0.09) is None and box.waiting == 2
    assert {s: values(taken) for s, taken in box.call(0.1).items()} == {0: [0], 1: [1]}
    assert box.waited_s == pytest.approx(0.1 + 0.04) and box.call(5.0) is None


def test_a_pack_is_as_old_as_its_first_record():
    box = outbox(None, buffer_s=0.1)
    box.offer(0, puts([0]), now=0.1, began=0.0)
    assert box.call(0.1) and box.waited_s == 0


@pytest.mark.parametrize(
    ("shards", "each", "size", "due"),
    [(2, 249, 100, False), (2, 250, 100, True), (1, 5, 50_000, False), (1, 6, 50_000, True)],
)
def test_a_call_is_due_when_there_is_enough_for_it(shards, each, size, due):
    box = outbox(None, buffer_s=60.0)
    for shard in range(shards):
        box.offer(shard, puts(range(each), size), now=0.0)
    assert (box.call(0.0) is not None) is due
    assert box.call(0.0, all_=True) is not None or due


def test_another_way_of_calling_counts_from_nought_and_keeps_what_waits():
    box = outbox(None, buffer_s=60.0)
    box.offer(0, puts(range(3)), now=0.0)
    assert len(list(calls(box, 0.0, all_=True))) == 1
    box.offer(0, puts(range(3, 6)), now=0.0)
    box.follow(ALONE, 60.0)
    assert (box.calls, box.put, box.records, box.waited_s, box.waiting) == (0, 0, 0, 0.0, 3)
    assert len(list(calls(box, 0.0))) == 3 == box.calls


# --- full shards --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [COLLECTED, ALONE])
def test_a_full_shard_takes_its_limit_and_the_rest_waits_in_order(size):
    box, got = outbox(size=size), []
    box.offer(0, puts(range(20_000)), now=0.0)
    steps = round(10 / AGAIN_S)
    for step in range(steps + 1):
        got += admitted(box, step * AGAIN_S).get(0, [])
    # A second's worth at once, and ten seconds of the rate.
    assert got == list(range(len(got))) and 11_000 - 25 <= len(got) <= 11_000
    ((_, refused, waiting),) = box.full(10.0)
    assert waiting == box.waiting == 20_000 - len(got)
    # The producer puts half as much again as the shard takes. A record alone is tried once.
    if size == COLLECTED:
        assert abs(refused - 5_000) <= 50
    else:
        assert 0 < refused <= steps
    assert box.put == len(got) and (size == COLLECTED or box.calls == len(got))


def test_a_shard_with_room_refuses_nothing_and_others_do_not_wait_for_the_full_one():
    box = outbox()
    box.offer(0, puts(range(5_000)), now=0.0)
    box.offer(1, puts(range(10)), now=0.0)
    taken = admitted(box, 0.0)
    assert len(taken[0]) == 1_000 and taken[1] == list(range(10))
    assert {shard: (refused, waiting) for shard, refused, waiting in box.full(0.0)}[1] == (0, 0)


def test_some_records_of_a_call_are_refused_and_come_first_in_the_next():
    """PutRecords answers for each record; what fails does not stop what follows."""
    box = outbox()
    box.offer(0, puts(range(1_000)), now=0.0)
    assert len(admitted(box, 0.0)[0]) == 1_000
    box.offer(0, puts(range(1_000, 1_120)), now=0.1)
    box.offer(1, puts([7]), now=0.1)
    call = box.call(0.1)
    assert values(call[0]) == list(range(1_000, 1_100)) and values(call[1]) == [7]
    assert list(box.full(0.1)) == [(0, 20, 20), (1, 0, 0)]
    box.offer(0, puts(range(1_120, 1_130)), now=0.11)
    assert box.call(0.12) is None  # nothing before 25 ms are over
    assert admitted(box, 0.2)[0] == list(range(1_100, 1_130))
    assert box.throttled == 20 and list(box.full(9.0)) == [(0, 20, 0), (1, 0, 0)]


def test_what_waits_for_company_does_not_wait_for_a_full_shard():
    box = outbox(buffer_s=1.0)
    box.offer(0, puts(range(5)), now=0.0)
    assert list(box.full(0.5)) == [(0, 0, 0)] and box.waiting == 5


def test_bytes_count_as_records_do():
    box = outbox()
    box.offer(0, puts(range(100), size=100_000), now=0.0)
    assert len(admitted(box, 0.0)[0]) == 10  # of 1 MiB
    assert len(admitted(box, 1.0)[0]) == 10


@given(
    offers=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 400)), max_size=20),
    pauses=st.lists(st.floats(0, 2), min_size=1, max_size=20),
    limits=st.sampled_from([LIMITS, None]),
    size=st.sampled_from([COLLECTED, ALONE]),
    buffer_s=st.sampled_from([0.0, 0.1, 3.0]),
)
def test_what_was_offered_is_put_once_or_taken_back(offers, pauses, limits, size, buffer_s):
    box, now, number, put = outbox(limits, size, buffer_s), 0.0, 0, []
    by_shard = {}
    for (shard, count), pause in zip(offers, pauses * 20, strict=False):
        box.offer(shard, puts(range(number, number + count)), now)
        number += count
        now += pause
        for to, taken in admitted(box, now).items():
            by_shard.setdefault(to, []).extend(taken)
            put += taken
        assert box.waiting == number - len(put)
    assert all(taken == sorted(taken) for taken in by_shard.values())
    back = [int(record.value) for record in box.take_back()]
    assert back == sorted(back) and box.waiting == 0 and box.call(now + 10) is None
    assert sorted(put + back) == list(range(number))
