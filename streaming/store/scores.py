"""Scores as rows of the table `anomaly`, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import pyarrow as pa

from streaming.anomaly.bank import Place, Scored
from streaming.anomaly.forest import WRITER
from streaming.anomaly.functions import Source
from streaming.anomaly.plan import Detecting
from streaming.anomaly.scores import ASKED, Expected, Score
from streaming.windows.values import Scalar

_REAL, _TEXT = pa.float64(), pa.string()
SCORES: Final = pa.schema(
    [
        ("detector", _TEXT), ("key", _TEXT), ("window_end", pa.timestamp("ms")),
        ("offset", pa.int64()), ("sub", pa.int32()), ("state", _TEXT), ("vals", _TEXT),
        ("anomaly_score", _REAL), ("anomaly_explanation", _TEXT), ("novelty", _REAL),
        ("sustained", _REAL), ("range_break", _REAL), ("evidence", _REAL), ("threshold", _REAL),
        ("grade", _REAL), ("confidence", _REAL), ("feature", _TEXT), ("value", _REAL),
        ("expected_low", _REAL), ("expected_mid", _REAL), ("expected_high", _REAL),
        ("reason", _TEXT), ("model_version", _TEXT), ("source", _TEXT), ("generation", pa.int32()),
    ]
)  # fmt: skip


def is_kept(scored: Scored) -> bool:
    """Of records only what is remarkable is stored: there are too many of them."""
    return scored.place.offset < 0 or scored.score.evidence >= ASKED


def row_of(detecting: Detecting, scored: Scored) -> tuple[Any, ...]:
    """The row of a score."""
    score, expected = scored.score, scored.score.expected
    names = [column.name for column in detecting.columns]
    vals = msgspec.json.encode(dict(zip(names, scored.values, strict=True))).decode()
    place = scored.place
    known = score.state != "MISSING"
    return (
        scored.detector, scored.key, scored.at_ms,
        place.offset if place.offset >= 0 else None, place.sub if place.offset >= 0 else None,
        score.state, vals, score.anomaly_score if known else None, score.explanation,
        score.novelty, score.sustained, score.range_break, score.evidence, detecting.model.bar,
        score.grade, score.confidence,
        *((expected.feature, expected.value, expected.low, expected.mid, expected.high)
          if expected is not None else (None,) * 5),
        score.reason, WRITER, detecting.source,
        detecting.generation if detecting.window else None,
    )  # fmt: skip


def score_cells(score: Score) -> dict[Source, Scalar]:
    """A score's columns among a window's results; None where it says nothing."""
    return {
        "anomaly_score": score.anomaly_score if score.state != "MISSING" else None,
        "anomaly_explanation": score.explanation or None,
    }


def scored_of(row: Mapping[str, Any], at_ms: int) -> Scored:
    """The score of a row."""
    expected = (
        Expected(row["feature"], row["value"], row["expected_low"], row["expected_mid"],
                 row["expected_high"]) if row["feature"] is not None else None
    )  # fmt: skip
    score = Score(
        row["state"], row["anomaly_score"] or 0.0, row["novelty"], row["sustained"],
        row["range_break"], row["evidence"], row["grade"], False, row["confidence"], expected,
        row["anomaly_explanation"], row["reason"],
    )  # fmt: skip
    offset = row["offset"] if row["offset"] is not None else -1
    values = tuple(msgspec.json.decode(row["vals"]).values())
    return Scored(row["detector"], row["key"], at_ms, values, score, Place(offset=offset))
