"""When a record was written: a piecewise-linear table from a log's ends to times.

Between two looks at a log's end its records are taken to have come evenly. Lag in time follows
from it without reading the log: the age of a record is now minus when the log grew past it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter


def written_at(ends: Sequence[tuple[float, int, int]], offset: int) -> float | None:
    """When the record at `offset` was written, in the table's seconds.

    `ends` are (time, end of the log, anything), by time; the end is one past the last record. None:
    the log has no such record yet. One from before the table was written at its first time or
    earlier: that time is given.
    """
    place = bisect_right(ends, offset, key=itemgetter(1))
    if place == len(ends):
        return None
    at, end, _ = ends[place]
    if not place:
        return at
    before, end_before, _ = ends[place - 1]
    return before + (at - before) * (offset - end_before) / (end - end_before)


def slope(points: Sequence[tuple[float, float]]) -> float | None:
    """How fast the values of (seconds, value) grow a second: the median of all pairs' slopes.

    The estimator of Theil and Sen: single outliers do not move it. None below two points in time.
    """
    slopes = sorted(
        (b - a) / (t - s) for i, (s, a) in enumerate(points) for t, b in points[i + 1 :] if t > s
    )
    if not slopes:
        return None
    middle = len(slopes) // 2
    if len(slopes) % 2:
        return slopes[middle]
    return (slopes[middle - 1] + slopes[middle]) / 2
