"""The lab's own metrics as points for detectors: means of ten seconds, by the wall clock.

Other than windows they are measured, so that no two runs have the same ones. A series is a metric
of one shard, of one stream or of the lab.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import duckdb
import msgspec

from streaming.anomaly.bank import Bank, Place, Series
from streaming.anomaly.plan import PERIOD_MS, Detecting

Connection = duckdb.DuckDBPyConnection

MOST_SERIES: Final = 32
"""Of one metric at a time: a lab with a thousand shards has room for other things too."""
MOST_WAITING: Final = 2_000
"""Points that wait for the next transaction."""


class MeasuredPoint(msgspec.Struct, frozen=True, gc=False):
    """A metric's mean over the period that ended; None: nothing was known of it."""

    metric: str
    key: str
    end_ms: int
    value: float | None


class Measuring:
    """Gathers samples of the metrics that detectors watch. One thread at a time."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` tells people of series for which there is no room."""
        self._say = say
        self._end_ms = 0
        self._sums: dict[tuple[str, str], tuple[float, int]] = {}
        self._told: set[str] = set()
        self._waiting: list[MeasuredPoint] = []
        self.metrics: frozenset[str] = frozenset()
        """Those that are watched; replaced whole, so that others may read it meanwhile."""

    def follow(self, plan: Iterable[Detecting]) -> None:
        """Watch what these detectors look at."""
        self.metrics = frozenset(each.metric for each in plan if each.metric)
        self._sums = {id_: sums for id_, sums in self._sums.items() if id_[0] in self.metrics}

    def tick(self, now_ms: int, values: Iterable[tuple[str, str, float | None]]) -> None:
        """Samples (metric, key, value) of this moment."""
        if now_ms >= self._end_ms:
            self._close()
            self._end_ms = (now_ms // PERIOD_MS + 1) * PERIOD_MS
        for metric, key, value in values:
            if metric not in self.metrics or not self._room(metric, key):
                continue
            total, count = self._sums.setdefault((metric, key), (0.0, 0))
            if value is not None:
                self._sums[metric, key] = (total + value, count + 1)

    @property
    def waiting(self) -> bool:
        """Whether there are points for the next transaction."""
        return bool(self._waiting)

    def take(self) -> list[MeasuredPoint]:
        """The points since the last time."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _close(self) -> None:
        """A period is over. What had no sample in it has no point: its shard may be gone."""
        self._waiting += [
            MeasuredPoint(metric, key, self._end_ms, total / count if count else None)
            for (metric, key), (total, count) in self._sums.items()
        ]
        del self._waiting[:-MOST_WAITING]
        self._sums.clear()

    def _room(self, metric: str, key: str) -> bool:
        if (metric, key) in self._sums:
            return True
        if sum(known == metric for known, _ in self._sums) < MOST_SERIES:
            return True
        if metric not in self._told:
            self._told.add(metric)
            self._say(
                f"detectors watch the first {MOST_SERIES} series of {metric}; there are more, "
                "which are not watched"
            )
        return False


def make_room(bank: Bank, detecting: Detecting) -> Iterator[Series]:
    """The series of a metric's detector that have to go before another one comes, oldest first.

    Shards come and go; those that are no more have the oldest points.
    """
    mine = [s for s in bank.series.values() if s.id[0] == detecting.name]
    mine.sort(key=lambda s: s.place.last_ms or 0)
    yield from mine[: max(0, len(mine) + 1 - MOST_SERIES)]


def last_place(con: Connection, detecting: Detecting, key: str, begun: Place) -> Place:
    """Up to where a series was judged, by its stored scores; `begun` where it has none."""
    row = con.execute(
        "SELECT epoch_ms(max(window_end)) FROM anomaly WHERE detector = ? AND key = ? "
        "AND source = ?",
        [detecting.name, key, detecting.source],
    ).fetchone()
    last = row[0] if row else None
    return begun if last is None else Place(max(last, begun.last_ms or 0))
