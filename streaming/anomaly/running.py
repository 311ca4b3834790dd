"""Small memories of a series, each a few numbers: decaying means, a robust range, a likelihood.

Nothing here looks ahead. Structs are the state itself: what is dumped goes on with the same bits.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np

RANGE_AFTER: Final = 150
"""Values before a series has a range of its own."""

_FAR: Final = math.log(1e-10)
"""The likelihood's logarithm is measured in parts of this, as Numenta's detector does."""


class Decaying(msgspec.Struct):
    """Mean and mean absolute deviation over about `reach` values (fewer while there are fewer)."""

    reach: int
    n: int = 0
    mean: float = 0.0
    spread: float = 0.0

    def add(self, value: float) -> None:
        """Take in a value."""
        self.n += 1
        weight = max(1.0 / self.n, 1.0 / self.reach)
        off = value - self.mean
        self.spread += weight * (abs(off) - self.spread)
        self.mean += weight * off


class Range(msgspec.Struct):
    """Where a series has been, without its outliers.

    It begins with the first values: their quartiles and three times the distance between these,
    but no wider than they were. A bound then follows what goes beyond it, by the range's own width
    a value at most: one glitch does not hide the next.
    """

    first: list[float] = msgspec.field(default_factory=list)
    low: float | None = None
    high: float = 0.0

    def left(self, value: float, tolerance: float) -> int:
        """1 or -1 if the value is above or below the range by more than this part of it, else 0."""
        if self.low is None:
            return 0
        margin = tolerance * (self.high - self.low)
        if value > self.high + margin:
            return 1
        return -1 if value < self.low - margin else 0

    def add(self, value: float, reach: float) -> None:
        """Take in a value; `reach` times its width is what the range grows at most."""
        if self.low is None:
            self.first.append(value)
            if len(self.first) == RANGE_AFTER:
                self._begin()
            return
        width = self.high - self.low
        most = reach * width if width > 0 else math.inf
        if value > self.high:
            self.high = min(value, self.high + most)
        elif value < self.low:
            self.low = max(value, self.low - most)

    def _begin(self) -> None:
        lower, upper = (float(q) for q in np.quantile(self.first, (0.25, 0.75)))
        most = 3.0 * (upper - lower)
        self.low = max(lower - most, min(self.first))
        self.high = min(upper + most, max(self.first))
        self.first = []


class Sustained(msgspec.Struct):
    """How unlikely it is that scores stay as high as the last ones did, 0 to about 1.

    The mean of the last `short` scores against the decaying mean and deviation of that mean, as a
    logarithm of the normal tail in parts of 1e-10: the anomaly likelihood of Ahmad, Lavin, Purdy
    and Agha, "Unsupervised real-time anomaly detection for streaming data" (2017). 0 for the first
    `short` scores.
    """

    short: int
    reach: int
    last: list[float] = msgspec.field(default_factory=list)
    n: int = 0
    mean: float = 0.0
    variance: float = 0.0

    def add(self, score: float) -> float:
        """Take in a score; returns the likelihood's logarithm for it."""
        self.last.append(score)
        if len(self.last) > self.short:
            del self.last[0]
        now = sum(self.last) / len(self.last)
        unlikely = 0.0
        if self.n >= self.short:
            deviation = max(0.05, math.sqrt(max(self.variance, 0.0)))
            tail = 0.5 * math.erfc((now - self.mean) / deviation / math.sqrt(2.0))
            unlikely = max(0.0, math.log(tail + 1e-10) / _FAR)
        self.n += 1
        weight = max(1.0 / self.n, 1.0 / self.reach)
        off = now - self.mean
        self.mean += weight * off
        self.variance = (1.0 - weight) * (self.variance + weight * off * off)
        return unlikely
