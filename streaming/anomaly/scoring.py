"""From rows of numbers to rows of scores: the detector or one of Kinesis' functions, by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from streaming.anomaly.detector import BARS, Detector, DetectorSettings, Direction, Fill
from streaming.anomaly.hotspots import Hotspots
from streaming.anomaly.kinesis import EXPLAINED, FOREST, HOTSPOTS, RandomCutForest

MODES: Final = {
    "detector": "",
    "rcf": FOREST,
    "explanation": EXPLAINED,
    "hotspots": HOTSPOTS,
}
"""What people call them, and the function of Kinesis Data Analytics behind the name."""

Cell: TypeAlias = float | str | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """How a series is to be scored. `parameters` are those of Kinesis' functions."""

    mode: str
    columns: tuple[str, ...]
    parameters: Mapping[str, float]
    sensitivity: str = "medium"
    direction: Direction = "both"
    near: float = 0.05
    fill: Fill = "missing"
    seed: int = 0


class Scorer:
    """Scores rows in order; `header` names what `score` returns.

    Of several columns, `value` is the one that the detector blames most (else the first one).
    """

    def __init__(self, asked: Asked) -> None:
        """ValueError: parameters that cannot be."""
        self._columns = asked.columns
        self._detector: Detector | None = None
        self._function: RandomCutForest | None = None
        self._hotspots: Hotspots | None = None
        function = MODES[asked.mode]
        if not function:
            if asked.parameters:
                raise ValueError(
                    "the detector has one setting for every series; parameters are for "
                    "the other modes"
                )
            settings = DetectorSettings(
                features=asked.columns,
                fill=(asked.fill,) * len(asked.columns),
                bar=BARS[asked.sensitivity],
                near=asked.near,
                direction=asked.direction,
                seed=asked.seed,
            )
            self._detector = Detector(settings)
        elif function == HOTSPOTS:
            self._hotspots = Hotspots(asked.columns, asked.parameters)
        else:
            self._function = RandomCutForest(function, asked.columns, asked.parameters, asked.seed)

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the cells; a single column is called value."""
        several = self._columns if len(self._columns) > 1 else ()
        return (
            "value", *(name for name in several if name != "value"), "anomaly_score",
            "evidence", "grade", "state", "expected_low",
            "expected_high", "feature", "confidence", "novelty", "sustained", "range_break",
            "anomaly_explanation", "hotspots_result", "reason",
        )  # fmt: skip

    def score(self, values: Sequence[float | None]) -> dict[str, Cell]:
        """The cells of the next row; those that the mode does not know are None."""
        cells: dict[str, Cell] = dict.fromkeys(self.header)
        cells["value"] = values[0]
        if len(values) > 1:
            cells.update(zip(self._columns, values, strict=True))
        if self._hotspots is not None:
            cells["hotspots_result"] = self._hotspots.process(values)
            cells["state"] = "MISSING" if cells["hotspots_result"] is None else "OK"
        elif self._function is not None:
            warm = self._function.forest.seen < self._function.forest.settings.sample
            score, explanation = self._function.process(values)
            cells |= {"anomaly_score": score, "anomaly_explanation": explanation}
            cells["state"] = "MISSING" if score is None else "WARMING" if warm else "OK"
        elif self._detector is not None:
            cells |= self._detected(self._detector, values)
            if len(values) > 1 and "value" not in self._columns and cells["feature"]:
                cells["value"] = cells[str(cells["feature"])]
        return cells

    @staticmethod
    def _detected(detector: Detector, values: Sequence[float | None]) -> dict[str, Cell]:
        score = detector.process(values)
        judged = score.state not in ("WARMING", "MISSING")
        expected = score.expected
        return {
            "anomaly_score": score.anomaly_score if score.state != "MISSING" else None,
            "evidence": score.evidence if judged else None,
            "grade": score.grade if judged else None,
            "state": score.state,
            "expected_low": expected.low if expected else None,
            "expected_high": expected.high if expected else None,
            "feature": expected.feature if expected else None,
            "confidence": score.confidence if judged else None,
            "novelty": score.novelty if judged else None,
            "sustained": score.sustained if judged else None,
            "range_break": score.range_break if judged else None,
            "anomaly_explanation": score.explanation or None,
            "reason": score.reason or None,
        }
