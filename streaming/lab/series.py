"""Samples of one shard: where its log ends, where the store stands, and what follows from that."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Final, Literal, TypeAlias

from streaming.lag.burrow import WINDOW, Commit, Status, partition_status
from streaming.lag.timetable import slope, written_at

LagStatus: TypeAlias = Status | Literal["NO COMMIT"]

RATE_WINDOW_S: Final = 3.0
TREND_S: Final = 60
HEAT_CELL_S: Final = 10
HEAT_CELLS: Final = 30
SLOPE_S: Final = 10.0
RECENT_S: Final = 30.0
"""A shard that was read to its end within this has not stopped, whatever came since."""
COMMIT_EVERY_MS: Final = 1_000
FEWEST_COMMITS: Final = 3
"""Commits before there is a status (Burrow's minimum-complete, 3 of 10)."""
LAG_TABLE: Final = 600
"""Samples kept per shard for lag in time (5 minutes at two a second)."""


@dataclass(slots=True)
class Series:
    """Samples of one shard: time in s, log end, stored offset."""

    samples: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=LAG_TABLE))
    moved_at: float = 0.0
    commits: deque[Commit] = field(default_factory=lambda: deque(maxlen=WINDOW))
    owner: tuple[int, str] | None = None
    owned_at: float = 0.0

    def before(self, at: float) -> tuple[float, int, int]:
        """The newest sample that is at or before `at` (the oldest when there is none)."""
        return self.samples[max(0, bisect_right(self.samples, at, key=itemgetter(0)) - 1)]

    def stuck(self, now: float, seconds: float) -> bool:
        """Whether something has waited that long and nothing was stored meanwhile."""
        if not self.samples or now - self.samples[0][0] < seconds:
            return False
        _, end, stored = self.before(now - seconds)
        return end > stored and stored == self.samples[-1][2]

    def rates(self, now: float) -> tuple[float, float] | None:
        """Records in and out per second over the last seconds."""
        if len(self.samples) < 2:
            return None
        then, latest = self.before(now - RATE_WINDOW_S), self.samples[-1]
        seconds = latest[0] - then[0]
        if seconds <= 0:
            return None
        return max(0.0, (latest[1] - then[1]) / seconds), (latest[2] - then[2]) / seconds

    def arrived(self, now: float, window_s: float) -> int:
        """Records that came into the log within the last `window_s`."""
        if len(self.samples) < 2:
            return 0
        return max(0, self.samples[-1][1] - self.before(now - window_s)[1])

    def lag_ms(self, now: float) -> float | None:
        """Age of the oldest record that is not stored, from when the log grew past it."""
        if not self.samples:
            return None
        _, end, stored = self.samples[-1]
        if stored >= end:
            return 0.0
        at = written_at(self.samples, stored)
        return None if at is None else max(0.0, (now - at) * 1000)

    def iterator_age_ms(self, now: float) -> float | None:
        """Age of the last record that was read, 0 when all were (GetRecords.IteratorAge…).

        Amazon Kinesis Developer Guide, "Monitoring with CloudWatch". None: nothing was read yet,
        or nothing is known.
        """
        if not self.samples:
            return None
        _, end, stored = self.samples[-1]
        if stored >= end:
            return 0.0
        at = written_at(self.samples, stored - 1) if stored else None
        return None if at is None else max(0.0, (now - at) * 1000)

    def lag_per_s(self, now: float) -> float | None:
        """How fast the lag grows, records a second over the last seconds (below 0: it shrinks)."""
        recent = [(t, float(e - s)) for t, e, s in self.samples if t > now - SLOPE_S]
        return slope(recent) if len(recent) > 2 else None

    def status(self, now: float) -> LagStatus | None:
        """By Burrow's rules, with what the store took as commits. None: not enough is known."""
        if not self.samples:
            return None
        _, end, stored = self.samples[-1]
        if not self.commits:
            return "NO COMMIT" if end and not stored else None
        if len(self.commits) < FEWEST_COMMITS:
            return None
        ends = [e for t, e, _ in self.samples if t > now - RECENT_S]
        return partition_status(tuple(self.commits), ends, end - stored, int(now * 1000))

    def add(self, now: float, end: int, stored: int) -> None:
        """Take a sample; what was stored since the last one is a commit."""
        last = self.samples[-1] if self.samples else None
        if last is None or (end, stored) != last[1:]:
            self.moved_at = now
        self.samples.append((now, end, stored))
        moved = last is not None and stored != last[2]
        due = not self.commits or now * 1000 - self.commits[-1].at_ms >= COMMIT_EVERY_MS
        if moved and due:
            self.commits.append(Commit(stored, int(now * 1000), end - stored))

    def trend(self, now: float) -> tuple[int, ...]:
        """Records in per second, one number a second, oldest first."""
        if len(self.samples) < 2:
            return ()
        first = max(self.samples[0][0], now - TREND_S)
        ends = self._ends([now - s for s in range(int(now - first), -1, -1)])
        return tuple(max(0, b - a) for a, b in pairwise(ends))

    def heat(self, now: float) -> tuple[int, ...]:
        """Records in per second over the last minutes, one number per cell, oldest first.

        Cells begin at multiples of their length, so that they do not change once they are over;
        the last one is not, and is measured as far as it goes.
        """
        if len(self.samples) < 2:
            return ()
        newest = int(now // HEAT_CELL_S)
        oldest = max(newest - HEAT_CELLS + 1, math.ceil(self.samples[0][0] / HEAT_CELL_S) - 1)
        marks = [max(self.samples[0][0], cell * HEAT_CELL_S) for cell in range(oldest, newest + 1)]
        marks.append(now)
        rates = zip(pairwise(marks), pairwise(self._ends(marks)), strict=True)
        return tuple(
            max(0, round((after - before) / (end - start))) if end - start >= 1 else 0
            for (start, end), (before, after) in rates
        )

    def _ends(self, marks: Sequence[float]) -> list[int]:
        """Where the log ended at each of these times."""
        times = [sample[0] for sample in self.samples]
        ends = [sample[1] for sample in self.samples]
        return [ends[max(0, bisect_right(times, mark) - 1)] for mark in marks]
