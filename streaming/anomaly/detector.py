"""The lab's own detector: one setting for every series, no look-ahead, with the reasons.

Three witnesses, each 0 to 1, are added to the evidence of a point:

- novelty: the forest's score as a part of its largest;
- sustained: how unlikely it is that scores stay as high as the last 20 (see `Sustained`);
- range: 1 if a feature leaves its robust range (see `Range`).

A point is an anomaly when its evidence reaches the bar, a feature is off its running mean by more
than `near`, and it is not the echo of a stronger one within the last `hold` points. Measured on the
Numenta Anomaly Benchmark with this one setting: see docs/anomalies.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from streaming.anomaly.forest import Forest, usable
from streaming.anomaly.kinesis import explained
from streaming.anomaly.modes import State
from streaming.anomaly.running import Decaying, Range, Sustained
from streaming.anomaly.scores import ASKED, DetectorSettings, Expected, Score
from streaming.anomaly.sealed import SnapshotDamaged, seal, unseal

WRITER: Final = "detector 1"
TOLERANCE: Final = 0.02
SHORT: Final = 20
LONG: Final = 10_000
RECENT: Final = 100
"""Points that the running mean and the expected band are about."""
BAND: Final = 2.5
"""The expected band is the running mean and this many mean absolute deviations around it."""
GAIN: Final = 1.05
"""What is this much stronger than all before it is told again at once."""
FULL: Final = 2.5
"""Evidence with which the grade is 1."""


class _Memory(msgspec.Struct):
    """Everything but the forest."""

    means: list[Decaying]
    ranges: list[Range]
    sustained: Sustained
    scale: list[tuple[float, float]] = msgspec.field(default_factory=list)
    waiting: list[list[float]] = msgspec.field(default_factory=list)
    held: list[float] = msgspec.field(default_factory=list)
    previous: list[float] = msgspec.field(default_factory=list)
    seen: int = 0
    missing: int = 0


class Detector:
    """Scores one series; `process` takes its points in order."""

    def __init__(self, settings: DetectorSettings) -> None:
        """ValueError: the forest would be too large to be stored."""
        self.settings = settings
        self._forest = Forest(settings.forest)
        self._memory = _Memory(
            [Decaying(RECENT) for _ in settings.features],
            [Range() for _ in settings.features],
            Sustained(SHORT, LONG),
        )

    @property
    def warmed(self) -> tuple[int, int]:
        """Points seen of those needed before it judges."""
        return min(self._memory.seen, self.settings.sample), self.settings.sample

    def process(self, values: Sequence[float | None]) -> Score:
        """Score the next point, then learn it. None, NaN and infinities are missing."""
        memory, settings = self._memory, self.settings
        point = self._filled(values)
        if point is None:
            memory.missing += 1
            gone = [
                name for name, value in zip(settings.features, values, strict=True)
                if not _there(value)
            ]  # fmt: skip
            return Score("MISSING", reason=f"no value of {', '.join(gone)}")
        expected = [
            Expected(name, value, *_band(mean))
            for name, value, mean in zip(settings.features, point, memory.means, strict=True)
        ]
        score = self._judge(point, expected)
        for mean, room, value in zip(memory.means, memory.ranges, point, strict=True):
            mean.add(value)
            room.add(value, 1.0)
        memory.previous = point
        memory.seen += 1
        return score

    def _filled(self, values: Sequence[float | None]) -> list[float] | None:
        point: list[float] = []
        for i, (value, fill) in enumerate(zip(values, self.settings.fill, strict=True)):
            if value is not None and _there(value):
                point.append(float(value))
            elif fill == "zero":
                point.append(0.0)
            elif fill == "previous" and self._memory.previous:
                point.append(self._memory.previous[i])
            else:
                return None
        return point

    def _judge(self, point: list[float], expected: list[Expected]) -> Score:
        memory, settings = self._memory, self.settings
        sides = [
            room.left(value, TOLERANCE) for room, value in zip(memory.ranges, point, strict=True)
        ]
        if memory.seen < settings.sample:
            self._warm(point)
            seen, needed = memory.seen + 1, settings.sample
            return Score(
                "WARMING",
                range_break=float(any(sides)),
                expected=expected[0] if memory.seen else None,
                reason=f"warming up, {seen} of {needed} points",
            )
        scaled = self._scaled(point)
        raw = self._forest.score(scaled)
        novelty = min(1.0, raw / settings.forest.top_score)
        sustained = memory.sustained.add(raw)
        evidence = novelty + sustained + float(any(sides))
        parts = self._forest.attribution(scaled) if evidence >= ASKED else []
        self._forest.learn(scaled)
        blamed = _blamed(parts, sides)
        off = [self._off(each) for each in expected]
        grade = self._grade(evidence) if any(off) else 0.0
        state, echo = self._state(evidence, any(off))
        memory.held.append(evidence)
        del memory.held[: -settings.hold]
        confidence = (1.0 - settings.sample / (memory.seen + 1)) * (
            (memory.seen + 1) / (memory.seen + 1 + memory.missing)
        )
        return Score(
            state,
            raw,
            novelty,
            sustained,
            float(any(sides)),
            evidence,
            grade,
            not any(off),
            max(0.0, confidence),
            expected[blamed],
            explained(settings.features, parts) if parts else "",
            "" if state == "OK" else _told(expected[blamed], novelty, sustained, sides, echo),
        )

    def _state(self, evidence: float, off: bool) -> tuple[State, str]:
        if evidence < self.settings.bar:
            return "OK", ""
        if not off:
            return "SUPPRESSED", "close to what was expected all the same"
        if self._memory.held and evidence <= GAIN * max(self._memory.held):
            return "SUPPRESSED", "part of what was told before"
        return "ANOMALY", ""

    def _off(self, expected: Expected) -> bool:
        """Whether a feature is off its mean far enough, on the side that is asked for."""
        away = expected.value - expected.mid
        if abs(away) <= self.settings.near * abs(expected.mid):
            return False
        return self.settings.direction == "both" or (away > 0) == (
            self.settings.direction == "above"
        )

    def _grade(self, evidence: float) -> float:
        bar = self.settings.bar
        return 0.0 if evidence < bar else min(1.0, 0.2 + 0.8 * (evidence - bar) / (FULL - bar))

    # --- warming up -------------------------------------------------------------------------

    def _warm(self, point: list[float]) -> None:
        """Gather the first points; the last of them fixes the scale, then they are learnt."""
        memory = self._memory
        memory.waiting.append(point)
        if len(memory.waiting) < self.settings.sample:
            return
        columns = np.array(memory.waiting)
        memory.scale = [_scale(columns[:, i]) for i in range(columns.shape[1])]
        for waiting in memory.waiting:
            self._forest.learn(self._scaled(waiting))
        memory.waiting = []

    def _scaled(self, point: Sequence[float]) -> list[float]:
        """Features of one size, so that none is overlooked; never clipped."""
        scaled = [
            (value - mid) / width
            for value, (mid, width) in zip(point, self._memory.scale, strict=True)
        ]
        return scaled if usable(scaled) else [max(-3e38, min(3e38, x)) for x in scaled]

    # --- the store --------------------------------------------------------------------------

    def dump(self) -> bytes:
        """Everything, sealed; a detector that loads it goes on with the same bits."""
        state = (self.settings, self._memory, self._forest.dump())
        return seal(WRITER, msgspec.msgpack.encode(state))

    @classmethod
    def load(cls, sealed: bytes) -> Detector:
        """Go on from a dump. Raises SnapshotDamaged."""
        try:
            settings, memory, forest = msgspec.msgpack.decode(
                unseal(WRITER, sealed), type=tuple[DetectorSettings, _Memory, bytes]
            )
        except msgspec.MsgspecError as error:
            raise SnapshotDamaged(str(error)) from None
        detector = cls.__new__(cls)
        detector.settings = settings
        detector._memory = memory
        detector._forest = Forest.load(forest)
        return detector


def _there(value: float | None) -> bool:
    return value is not None and usable((value,))


def _band(mean: Decaying) -> tuple[float, float, float]:
    reach = BAND * mean.spread
    return mean.mean - reach, mean.mean, mean.mean + reach


def _scale(column: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
    """Median and quartile distance; of a series that hardly moves, what it moves at all, or 1."""
    lower, mid, upper = (float(q) for q in np.quantile(column, (0.25, 0.5, 0.75)))
    width = upper - lower or float(np.ptp(column)) or abs(mid) or 1.0
    return mid, width if math.isfinite(width) else 1.0


def _blamed(parts: Sequence[tuple[float, float]], sides: Sequence[int]) -> int:
    """The feature most to blame: what left its range, then what the forest says."""
    totals = [high + low for high, low in parts] or [0.0] * len(sides)
    return max(range(len(sides)), key=lambda i: (abs(sides[i]), totals[i], -i))


def _told(what: Expected, novelty: float, sustained: float, sides: Sequence[int], echo: str) -> str:
    high = what.value > what.mid
    witnesses = []
    if any(sides):
        witnesses.append("outside of all it was before")
    if sustained >= 0.2:
        witnesses.append("unusual for several points")
    if novelty >= 0.2 or not witnesses:
        witnesses.append("unlike the past")
    text = (
        f"{what.feature} is {'high' if high else 'low'}: {what.value:,.6g}, "
        f"{what.low:,.6g} to {what.high:,.6g} expected; {', '.join(witnesses)}"
    )
    return f"{text}; {echo}" if echo else text
