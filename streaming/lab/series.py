"""Samples of one shard: where its log ends, where the store stands, and what follows from that."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise
from operator import itemgetter
from typing import Final

RATE_WINDOW_S: Final = 3.0
TREND_S: Final = 60
LAG_TABLE: Final = 600
"""Samples kept per shard for lag in time (5 minutes at two a second)."""


@dataclass(slots=True)
class Series:
    """Samples of one shard: time in s, log end, stored offset."""

    samples: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=LAG_TABLE))
    moved_at: float = 0.0
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
        index = bisect_right(self.samples, stored, key=itemgetter(1))
        grew_at, grown, _ = self.samples[index]
        if index > 0:
            t0, e0, _ = self.samples[index - 1]
            grew_at = t0 + (grew_at - t0) * (stored - e0) / (grown - e0)
        return max(0.0, (now - grew_at) * 1000)

    def trend(self, now: float) -> tuple[int, ...]:
        """Records in per second, one number a second, oldest first."""
        if len(self.samples) < 2:
            return ()
        first = max(self.samples[0][0], now - TREND_S)
        marks = [now - s for s in range(int(now - first), -1, -1)]
        times = [sample[0] for sample in self.samples]
        ends = [self.samples[max(0, bisect_right(times, mark) - 1)][1] for mark in marks]
        return tuple(max(0, b - a) for a, b in pairwise(ends))
