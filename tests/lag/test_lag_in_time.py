"""Offsets to times, slopes, and what a shard's samples tell: unknown is never zero."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.lab.series import Series
from streaming.lag.timetable import slope, written_at

ENDS = [(10.0, 100, 0), (12.0, 300, 0), (13.0, 300, 0), (15.0, 500, 0)]


@pytest.mark.parametrize(
    ("offset", "at"),
    [(0, 10.0), (99, 10.0), (100, 10.0), (200, 11.0), (299, 11.99), (300, 13.0), (400, 14.0),
     (499, 14.99), (500, None), (9999, None)],
)  # fmt: skip
def test_when_a_record_was_written(offset, at):
    assert written_at(ENDS, offset) == (None if at is None else pytest.approx(at))


@given(st.lists(st.integers(0, 50), min_size=2, max_size=40), st.data())
def test_times_rise_with_offsets_and_are_right_between_looks(steps, data):
    ends, end = [], 0
    for i, step in enumerate(steps):
        end += step
        ends.append((float(i), end, 0))
    offsets = [data.draw(st.integers(0, max(end, 1))) for _ in range(5)]
    times = [written_at(ends, offset) for offset in sorted(offsets)]
    known = [at for at in times if at is not None]
    assert known == sorted(known)
    for offset, at in zip(sorted(offsets), times, strict=True):
        if at is not None:
            later = next(t for t, e, _ in ends if e > offset)
            assert later - 1 <= at <= later or later == 0


def test_a_slope_is_not_moved_by_outliers():
    points = [(float(i), 3.0 * i + 1) for i in range(20)]
    assert slope(points) == pytest.approx(3.0)
    points[5] = (5.0, 1e9)
    points[12] = (12.0, -1e9)
    assert slope(points) == pytest.approx(3.0)
    assert slope([]) is slope([(1.0, 2.0)]) is slope([(1.0, 2.0), (1.0, 5.0)]) is None


def grown(seconds, end, stored):
    """A shard looked at twice a second; `end` and `stored` are functions of the second."""
    series = Series()
    for half in range(seconds * 2 + 1):
        series.add(half / 2, round(end(half / 2)), round(stored(half / 2)))
    return series


def test_iterator_age_is_of_the_last_record_read():
    series = grown(20, lambda t: 100 * t, lambda t: 100 * max(0.0, t - 4))
    assert series.iterator_age_ms(20.0) == pytest.approx(4_010, abs=15)
    assert series.lag_ms(20.0) == pytest.approx(4_000, abs=15)
    assert grown(20, lambda t: 100 * t, lambda t: 100 * t).iterator_age_ms(20.0) == 0.0


def test_nothing_read_yet_is_not_zero():
    series = grown(10, lambda t: 100 * t, lambda t: 0)
    assert series.iterator_age_ms(10.0) is None
    assert series.status(10.0) == "NO COMMIT"
    assert Series().iterator_age_ms(0.0) is Series().status(0.0) is Series().lag_ms(0.0) is None


def test_trend_and_status_of_a_shard():
    behind = grown(30, lambda t: 100 * t + 50, lambda t: 80 * t)
    assert behind.lag_per_s(30.0) == pytest.approx(20.0, abs=1)
    assert behind.status(30.0) == "WARN"
    kept = grown(30, lambda t: 100 * t + 50 + 10 * (int(t) % 2), lambda t: 100 * t)
    assert kept.status(30.0) == "OK"
    stopped = grown(60, lambda t: 100 * t + 50, lambda t: 100 * min(t, 20))
    assert stopped.status(25.0) == "WARN" or stopped.status(25.0) == "OK"
    assert stopped.status(60.0) == "STOP"
    assert stopped.lag_per_s(60.0) == pytest.approx(100.0, abs=1)
    went_back = grown(30, lambda t: 100 * t + 500, lambda t: 100 * t if t < 26 else 100 * (t - 9))
    assert went_back.status(30.0) == "REWIND"
    silent = grown(60, lambda t: 1000, lambda t: 0 if t < 5 else 1000)
    assert silent.status(60.0) in ("OK", None)


def test_a_shard_s_memory_is_bounded():
    chance, series, end = random.Random(1), Series(), 0
    for i in range(5_000):
        end += chance.randrange(100)
        series.add(i / 2, end, end - chance.randrange(5))
    assert len(series.samples) <= 600 and len(series.commits) <= 10
