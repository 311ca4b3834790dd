"""Event time: faster than the wall clock, and never back."""

import pytest

from streaming.clock import LabClock, begin


def test_event_time_runs_so_many_times_as_fast() -> None:
    clock = LabClock(1_000, 50_000, 20.0)
    assert clock.event(1_000) == 50_000
    assert clock.event(2_000) == 70_000
    assert clock.wall(70_000) == pytest.approx(2_000)


def test_it_begins_with_the_wall_clock_and_never_goes_back() -> None:
    first = begin(1_000_000, 20.0, None, None)
    assert first == LabClock(1_000_000, 1_000_000, 20.0)
    reached = int(first.event(1_060_000))
    again = begin(1_090_000, 1.0, first, reached)
    assert again.event_ms == reached + 1 > 1_090_000
    much_later = begin(9_000_000, 1.0, first, reached)
    assert much_later.event_ms == 9_000_000
