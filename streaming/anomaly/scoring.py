"""From rows of numbers to rows of scores with the cells that a CSV has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from streaming.anomaly.model import Model, ModelSettings
from streaming.anomaly.modes import DETECTOR, HOTSPOTS

Cell: TypeAlias = float | str | None


class Scorer:
    """Scores rows in order; `header` names what `score` returns.

    Of several columns, `value` is the one that the detector blames most (else the first one).
    """

    def __init__(self, settings: ModelSettings, seed: int) -> None:
        """ValueError: parameters that cannot be."""
        self._columns = settings.columns
        self._function = settings.function
        self._model = Model(settings, seed)

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the cells; a single column is called value."""
        several = self._columns if len(self._columns) > 1 else ()
        return (
            "value", *(name for name in several if name != "value"), "anomaly_score",
            "evidence", "grade", "state", "expected_low", "expected_high", "feature",
            "confidence", "novelty", "sustained", "range_break", "anomaly_explanation",
            "hotspots_result", "reason",
        )  # fmt: skip

    def score(self, values: Sequence[float | None]) -> dict[str, Cell]:
        """The cells of the next row; those that its mode does not know are None."""
        score = self._model.process(values)
        cells: dict[str, Cell] = dict.fromkeys(self.header)
        cells["value"] = values[0]
        if len(values) > 1:
            cells.update(zip(self._columns, values, strict=True))
        cells |= {"state": score.state, "reason": score.reason or None}
        if self._function == HOTSPOTS:
            cells["hotspots_result"] = score.explanation or None
            return cells
        cells["anomaly_explanation"] = score.explanation or None
        if score.state != "MISSING":
            cells["anomaly_score"] = score.anomaly_score
        if score.expected is not None:
            expected = score.expected
            cells |= {"expected_low": expected.low, "expected_high": expected.high,
                      "feature": expected.feature}  # fmt: skip
            if len(values) > 1 and "value" not in self._columns:
                cells["value"] = cells[expected.feature]
        if self._function == DETECTOR and score.state not in ("WARMING", "MISSING"):
            for name in (
                "evidence", "grade", "confidence", "novelty", "sustained", "range_break",
            ):  # fmt: skip
                cells[name] = getattr(score, name)
        return cells
