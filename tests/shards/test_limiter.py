"""A shard's token buckets: what gets in over time, at once, and after a refusal."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.shards.limiter import THROTTLED, ReadLimiter, ShardLimiter, throttled_text
from streaming.shards.limits import shard_limits

LIMITS = shard_limits()
RECORDS, BYTES = LIMITS.records_in_per_s, LIMITS.bytes_in_per_s
MINUTE = 60.0

Calls = Callable[[float], Iterator[tuple[float, int]]]
"""From records a second to (time, how many are offered then)."""


def one_by_one(rate: float) -> Iterator[tuple[float, int]]:
    return ((number / rate, 1) for number in range(int(rate * (MINUTE + 5))))


def every_100_ms(rate: float) -> Iterator[tuple[float, int]]:
    return ((tick / 10, int(rate / 10)) for tick in range(int(10 * (MINUTE + 5))))


def at_random(rate: float) -> Iterator[tuple[float, int]]:
    chance, now = random.Random(3), 0.0
    while now < MINUTE + 5:
        batch = chance.randrange(1, int(rate / 10))
        now += batch / rate * chance.uniform(0.75, 1.25)  # before it, so that none is left over
        yield now, batch


def sustained(rate: float, calls: Calls, size: int, scale: float = 1.0) -> float:
    """Records a second that get in over a minute, after five seconds that empty the buckets."""
    limiter, taken, start, now = ShardLimiter(LIMITS, 0.0, scale), 0, 0.0, 0.0
    for now, batch in calls(rate):
        let_in = sum(limiter.take_each([size] * batch, now))
        if now < 5:
            start = now
        else:
            taken += let_in
    return taken / (now - start)


@pytest.mark.parametrize("calls", [one_by_one, every_100_ms, at_random])
@pytest.mark.parametrize("offered", [1300.0, 2000.0, 5000.0])
def test_a_thousand_small_records_a_second_get_in(offered: float, calls: Calls) -> None:
    assert sustained(offered, calls, 100) == pytest.approx(RECORDS, abs=1)


@pytest.mark.parametrize("calls", [one_by_one, every_100_ms, at_random])
@pytest.mark.parametrize("offered", [60.0, 150.0, 900.0])
def test_a_mebibyte_of_large_records_a_second_gets_in(offered: float, calls: Calls) -> None:
    size = 25_000
    assert sustained(offered, calls, size) * size == pytest.approx(BYTES, rel=0.001)


def test_what_is_below_both_limits_gets_in_whole() -> None:
    assert sustained(900, one_by_one, 1000) == pytest.approx(900)
    assert sustained(1000, every_100_ms, 1000) == pytest.approx(1000)


def test_the_producer_s_own_limiter_grows_faster_and_holds_no_more() -> None:
    assert sustained(4000, one_by_one, 100, scale=1.5) == pytest.approx(1500, abs=1)
    assert sum(ShardLimiter(LIMITS, 0.0, 1.5).take_each([1] * 5000, 0.0)) == RECORDS


def test_a_second_s_worth_may_come_at_once_and_then_nothing() -> None:
    limiter = ShardLimiter(LIMITS, 7.0)
    assert limiter.take_each([10] * 1500, 7.0) == [True] * 1000 + [False] * 500
    assert not limiter.take(10, 7.0)
    assert limiter.take_each([10] * 3, 7.0025) == [True, True, False]
    rested = ShardLimiter(LIMITS, 0.0)
    assert sum(rested.take_each([10] * 5000, 3600.0)) == 1000  # an hour saves up no more


def test_both_buckets_pay_or_neither() -> None:
    limiter = ShardLimiter(LIMITS, 0.0)
    assert limiter.take(BYTES - 10, 0.0)
    assert limiter.take_each([11] * 2000, 0.0) == [False] * 2000  # they cost no record tokens
    assert limiter.take_each([0] * 1000, 0.0) == [True] * 999 + [False]
    fresh = ShardLimiter(LIMITS, 0.0)
    fresh.take_each([0] * 1000, 0.0)
    assert not fresh.take(BYTES, 0.0)
    assert fresh.take(BYTES, 0.001)  # nor did that one cost bytes


def test_a_small_record_gets_in_after_a_large_one_did_not() -> None:
    limiter = ShardLimiter(LIMITS, 0.0)
    sizes = [600_000, 600_000, 400_000, 100_000, 40_000]
    assert limiter.take_each(sizes, 0.0) == [True, False, True, False, True]


def test_no_record_is_larger_than_a_second_s_worth() -> None:
    limiter = ShardLimiter(LIMITS, 0.0)
    assert not limiter.take(BYTES + 1, 0.0)
    assert not limiter.take(BYTES + 1, 100.0)
    assert limiter.take(BYTES, 100.0)


def test_a_clock_that_goes_back_lets_nothing_grow() -> None:
    limiter = ShardLimiter(LIMITS, 100.0)
    limiter.take_each([0] * 1000, 100.0)
    assert not limiter.take(0, 50.0)
    assert not limiter.take(0, 100.0)
    assert limiter.take(0, 100.001)


steps = st.lists(
    st.tuples(
        st.floats(0, 3, allow_subnormal=False),
        st.lists(st.integers(0, BYTES + 1), max_size=5) | st.integers(0, 1500),
    ),
    max_size=30,
)


@given(steps, st.sampled_from([0.01, 1.0, 1.5]))
def test_over_any_time_no_more_gets_in_than_a_burst_and_the_rate(
    steps: list[tuple[float, list[int] | int]], scale: float
) -> None:
    limiter, times = ShardLimiter(LIMITS, 0.0, scale), list(accumulate(gap for gap, _ in steps))
    taken: list[tuple[int, int]] = []
    for now, (_, offer) in zip(times, steps, strict=True):
        sizes = [700] * offer if isinstance(offer, int) else offer
        let_in = [size for size, ok in zip(sizes, limiter.take_each(sizes, now), strict=True) if ok]
        taken.append((len(let_in), sum(let_in)))
    for first in range(len(times)):
        records = total = 0
        for last in range(first, len(times)):
            records += taken[last][0]
            total += taken[last][1]
            seconds = 1 + scale * (times[last] - times[first])  # the burst is a second's worth
            assert records <= RECORDS * seconds + 1e-6
            assert total <= BYTES * seconds + 1e-3


def test_what_the_service_says() -> None:
    assert THROTTLED == "ProvisionedThroughputExceededException"
    assert throttled_text("orders", 7) == (
        "Rate exceeded for shard shardId-000000000007 in stream orders under account 000000000000."
    )


def reads(limiter, seconds, size):
    """How many reads of this size a reader makes that reads as soon as it may."""
    now, made = 0.0, 0
    while (now := now + limiter.wait_s(now)) < seconds:
        limiter.took(size, now)
        made += 1
    return made


@pytest.mark.parametrize(("readers", "calls"), [(1, 5), (2, 2.5), (5, 1), (20, 0.25)])
def test_polling_applications_share_five_calls_a_second(readers, calls):
    made = reads(ReadLimiter(shard_limits("today"), 0.0, readers), 60, size=10)
    assert made == pytest.approx(60 * calls, abs=1)


@pytest.mark.parametrize(
    ("readers", "fan_out", "share"), [(1, False, 1), (4, False, 0.25), (4, True, 1)]
)
def test_bytes_out_are_shared_by_those_who_poll_and_not_by_fan_out(readers, fan_out, share):
    size = 1_000_000  # so large that five calls a second are not what holds it back
    limiter = ReadLimiter(shard_limits("today"), 0.0, readers, fan_out=fan_out)
    total = reads(limiter, 60, size) * size
    assert total == pytest.approx(60 * 2_097_152 * share, rel=0.06)


def test_an_answer_of_ten_mib_makes_the_next_ones_wait_for_it():
    limiter = ReadLimiter(shard_limits("today"), 0.0)
    limiter.took(10 * 2**20, 0.0)
    assert limiter.wait_s(0.0) == pytest.approx(4, abs=0.01)  # 2 of 10 MiB were there
    limiter.took(8 * 2**20, 4.0)
    assert limiter.wait_s(4.0) == pytest.approx(4, abs=0.01)
    assert limiter.wait_s(100.0) == 0
