"""The anomaly functions of Kinesis Data Analytics for SQL, as the service had them.

RANDOM_CUT_FOREST and RANDOM_CUT_FOREST_WITH_EXPLANATION with their parameters, defaults, ranges,
output columns and warm-up, from the Amazon Kinesis Data Analytics SQL Reference; HOTSPOTS is in
`hotspots`. The service is gone (deleted from 2026-01-27); scores agree with those it returned for
the Numenta Anomaly Benchmark (median correlation 0.99, see docs/anomalies.md).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from streaming.anomaly.forest import Forest, ForestSettings, usable
from streaming.anomaly.modes import EXPLAINED, FOREST, HOTSPOTS

MOST_COLUMNS: Final = 30


class Parameter(msgspec.Struct, frozen=True):
    """A parameter of a function: its default (None: it has none) and the range of its values."""

    name: str
    default: float | None
    low: float
    high: float
    whole: bool = True


_FOREST: Final = (
    Parameter("numberOfTrees", 100, 1, 1_000),
    Parameter("subSampleSize", 256, 10, 1_000),
    Parameter("timeDecay", 100_000, 1, 2_147_483_647),
    Parameter("shingleSize", 1, 1, 30),
)

PARAMETERS: Final[dict[str, tuple[Parameter, ...]]] = {
    FOREST: _FOREST,
    EXPLAINED: (*_FOREST, Parameter("withDirectionality", 0, 0, 1)),
    HOTSPOTS: (
        Parameter("windowSize", None, 100, 1_000),
        Parameter("scanRadius", None, 0.0, float("inf"), whole=False),
        Parameter("minimumNumberOfPointsInAHotspot", None, 2, 1_000),
    ),
}
"""In the order of the function's arguments after inputStream."""

COLUMNS: Final = {
    FOREST: ("ANOMALY_SCORE",),
    EXPLAINED: ("ANOMALY_SCORE", "ANOMALY_EXPLANATION"),
    HOTSPOTS: ("HOTSPOTS_RESULT",),
}


def checked(function: str, columns: Sequence[str], given: Mapping[str, float]) -> dict[str, float]:
    """Every parameter of the function, the defaults included. ValueError says what cannot be."""
    if not 1 <= len(columns) <= MOST_COLUMNS:
        raise ValueError(f"{function} takes 1 to {MOST_COLUMNS} numeric columns")
    known = {parameter.name: parameter for parameter in PARAMETERS[function]}
    for name in given:
        if name not in known:
            raise ValueError(f"{function} has no {name!r}; it has {', '.join(known)}")
    values: dict[str, float] = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if value is None:
            raise ValueError(f"{function} needs {name}")
        if parameter.whole and value != int(value):
            raise ValueError(f"{name} is a whole number")
        above_low = value >= parameter.low if parameter.whole else value > parameter.low
        if not (above_low and value <= parameter.high):
            top = f" to {parameter.high:,.0f}" if parameter.whole else ""
            floor = f"{parameter.low:,.0f}{top}" if parameter.whole else "above 0"
            raise ValueError(f"{name} is {floor}, not {value:g}")
        values[name] = int(value) if parameter.whole else float(value)
    if function == HOTSPOTS:
        if values["minimumNumberOfPointsInAHotspot"] > values["windowSize"]:
            raise ValueError("minimumNumberOfPointsInAHotspot is at most the windowSize")
    elif values["subSampleSize"] >= values["timeDecay"]:
        raise ValueError("subSampleSize must be below timeDecay")
    return values


def forest_settings(
    function: str, columns: Sequence[str], given: Mapping[str, float], seed: int = 0
) -> ForestSettings:
    """The forest of one of the two forest functions. ValueError: see `checked`."""
    values = checked(function, columns, given)
    return ForestSettings(
        dimensions=len(columns),
        trees=int(values["numberOfTrees"]),
        sample=int(values["subSampleSize"]),
        decay=int(values["timeDecay"]),
        shingle=int(values["shingleSize"]),
        seed=seed,
    )


class RandomCutForest:
    """Either of the two forest functions over rows of some columns.

    A row whose value is missing, NaN or infinite is passed on with no score and is not learnt.
    """

    def __init__(
        self, function: str, columns: Sequence[str], given: Mapping[str, float], seed: int
    ) -> None:
        """ValueError: see `checked`; or the forest would be too large."""
        self._columns = tuple(columns)
        self._explained = function == EXPLAINED
        self._directed = bool(given.get("withDirectionality", 0))
        self.forest = Forest(forest_settings(function, columns, given, seed))

    def process(self, row: Sequence[float | None]) -> tuple[float | None, str | None]:
        """ANOMALY_SCORE and ANOMALY_EXPLANATION (None: of the function without) of the next row."""
        point = [float("nan") if value is None else float(value) for value in row]
        if not usable(point):
            return None, None
        warm = self.forest.seen < self.forest.settings.sample
        score = 0.0 if warm else self.forest.score(point)
        explanation = None
        if self._explained:
            parts = (
                [(0.0, 0.0)] * len(point) if warm else self.forest.attribution(point)
            )  # fmt: skip
            explanation = explained(self._columns, parts, directed=self._directed)
        self.forest.learn(point)
        return score, explanation

    def dump(self) -> bytes:
        """The state, sealed."""
        return self.forest.dump()

    def load(self, sealed: bytes) -> None:
        """Go on from a dump. Raises SnapshotDamaged."""
        self.forest = Forest.load(sealed)


def explained(
    columns: Sequence[str], parts: Sequence[tuple[float, float]], *, directed: bool = True
) -> str:
    """ANOMALY_EXPLANATION: JSON by column, the numbers as texts.

    The sum of ATTRIBUTION_SCORE over the columns is the score. The service does not say how it
    computes STRENGTH; here it is the difference of what being high and being low contribute.
    """
    told: dict[str, dict[str, str]] = {}
    for column, (high, low) in zip(columns, parts, strict=True):
        entry = told[column] = {}
        if directed:
            entry["DIRECTION"] = "HIGH" if high > low else "LOW"
            entry["STRENGTH"] = f"{abs(high - low):.4f}"
        entry["ATTRIBUTION_SCORE"] = f"{high + low:.4f}"
    return json.dumps(told, ensure_ascii=False)
