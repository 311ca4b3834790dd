"""What a detector is asked to look at, and what it says of a point."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from streaming.anomaly.forest import ForestSettings
from streaming.anomaly.modes import State

Fill: TypeAlias = Literal["zero", "missing", "previous"]
Direction: TypeAlias = Literal["both", "above", "below"]

BARS: Final = {"low": 1.5, "medium": 1.10, "high": 0.85}
"""Sensitivity as people choose it, and the evidence that is enough."""
ASKED: Final = 0.8
"""From this evidence on the forest is asked why."""


class DetectorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector looks at. `features` are names, `fill` says what a missing one is worth.

    `near`: a point within this part of the running mean of every feature is no anomaly.
    """

    features: tuple[str, ...]
    fill: tuple[Fill, ...]
    bar: float = BARS["medium"]
    near: float = 0.05
    direction: Direction = "both"
    hold: int = 100
    trees: int = 50
    sample: int = 256
    decay: int = 100_000
    cache: float = 1.0
    seed: int = 0

    @property
    def forest(self) -> ForestSettings:
        """The forest under it."""
        return ForestSettings(
            dimensions=len(self.features),
            trees=self.trees,
            sample=self.sample,
            decay=self.decay,
            seed=self.seed,
            cache=self.cache,
        )


class Expected(msgspec.Struct, frozen=True):
    """Where a feature was to be expected, and where it was."""

    feature: str
    value: float
    low: float
    mid: float
    high: float


class Score(msgspec.Struct, frozen=True):
    """What a detector says of one point.

    `anomaly_score` is the forest's, 0 while it warms up. `near`: it is close to what was expected,
    whatever the evidence. `grade` is 0 (ordinary) to 1; it is there
    for echoes too. `confidence` is 0 to 1. `expected` is of the feature most to blame (the first
    where none is), None before there is any. `explanation` is JSON as Kinesis Data Analytics has
    it, "" where nobody asked. `reason` is for people.
    """

    state: State
    anomaly_score: float = 0.0
    novelty: float = 0.0
    sustained: float = 0.0
    range_break: float = 0.0
    evidence: float = 0.0
    grade: float = 0.0
    near: bool = False
    confidence: float = 0.0
    expected: Expected | None = None
    explanation: str = ""
    reason: str = ""
