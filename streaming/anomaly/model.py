"""One way to hold a detector and Kinesis' functions: points in, scores out, dumps in between."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streaming.anomaly.detector import Detector
from streaming.anomaly.forest import usable
from streaming.anomaly.hotspots import Hotspots
from streaming.anomaly.kinesis import RandomCutForest, forest_settings
from streaming.anomaly.modes import DETECTOR, HOTSPOTS
from streaming.anomaly.scores import BARS, DetectorSettings, Direction, Fill, Score


class ModelSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a series is judged by. `parameters` are those of Kinesis' functions, by name.

    `function` is DETECTOR or one of `kinesis.PARAMETERS`; `fill` has one entry per column.
    """

    function: str
    columns: tuple[str, ...]
    fill: tuple[Fill, ...]
    parameters: dict[str, float] = {}
    bar: float = BARS["medium"]
    direction: Direction = "both"
    near: float = 0.05

    @property
    def memory_bytes(self) -> int:
        """About what a model takes in memory."""
        if self.function == HOTSPOTS:
            return int(self.parameters["windowSize"]) ** 2
        if self.function == DETECTOR:
            return self.detector(0).forest.memory_bytes
        return forest_settings(self.function, self.columns, self.parameters).memory_bytes

    def detector(self, seed: int) -> DetectorSettings:
        """The same for the lab's own detector."""
        return DetectorSettings(
            features=self.columns, fill=self.fill, bar=self.bar, near=self.near,
            direction=self.direction, seed=seed,
        )  # fmt: skip


class Model:
    """A series' model. Of a function, only the score and its explanation are known."""

    def __init__(self, settings: ModelSettings, seed: int) -> None:
        """ValueError: parameters that cannot be."""
        self.settings = settings
        self._detector: Detector | None = None
        self._forest: RandomCutForest | None = None
        self._hotspots: Hotspots | None = None
        columns = settings.columns
        if settings.function == DETECTOR:
            if settings.parameters:
                raise ValueError(
                    "the detector has one setting for every series; parameters are for Kinesis' "
                    "functions"
                )
            self._detector = Detector(settings.detector(seed))
        elif settings.function == HOTSPOTS:
            self._hotspots = Hotspots(columns, settings.parameters)
        else:
            self._forest = RandomCutForest(settings.function, columns, settings.parameters, seed)

    @property
    def warmed(self) -> tuple[int, int]:
        """Points seen of those needed before there are scores."""
        if self._detector is not None:
            return self._detector.warmed
        if self._forest is not None:
            sample = self._forest.forest.settings.sample
            return min(self._forest.forest.seen, sample), sample
        return 0, 0

    def process(self, values: Sequence[float | None]) -> Score:
        """Score the next point, then learn it."""
        if self._detector is not None:
            return self._detector.process(values)
        row = [
            0.0 if fill == "zero" and not (value is not None and usable((value,))) else value
            for value, fill in zip(values, self.settings.fill, strict=True)
        ]
        if self._hotspots is not None:
            found = self._hotspots.process(row)
            return Score("MISSING") if found is None else Score("OK", explanation=found)
        assert self._forest is not None  # noqa: S101
        seen, sample = self.warmed
        score, explanation = self._forest.process(row)
        if score is None:
            return Score("MISSING", reason="a column has no number")
        warm = f"warming up, {seen + 1} of {sample} points" if seen < sample else ""
        return Score(
            "WARMING" if warm else "OK",
            anomaly_score=score, explanation=explanation or "", reason=warm,
        )  # fmt: skip

    def dump(self) -> bytes:
        """The state, sealed."""
        inner = self._detector or self._forest or self._hotspots
        assert inner is not None  # noqa: S101
        return inner.dump()

    def load(self, sealed: bytes) -> None:
        """Go on from a dump of a model with these settings. Raises SnapshotDamaged."""
        if self._detector is not None:
            self._detector = Detector.load(sealed)
        else:
            inner = self._forest or self._hotspots
            assert inner is not None  # noqa: S101
            inner.load(sealed)
