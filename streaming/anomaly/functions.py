"""Kinesis' functions as people ask for them: of a detector, or as `[windows.scores.NAME]`.

Of a window they are what they were in Kinesis Data Analytics: columns beside those of the query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

import msgspec
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from streaming.anomaly.forest import MOST_STORED, check_size
from streaming.anomaly.kinesis import (
    COLUMNS,
    PARAMETERS,
    checked,
    forest_settings,
)
from streaming.anomaly.modes import FOREST, HOTSPOTS
from streaming.anomaly.scores import Fill

_FEATURE: Final = re.compile(r"\s*(?:(?P<log>log)\(\s*(?P<of>[a-z][a-z0-9_]*)\s*\)|"
                             r"(?P<plain>[a-z][a-z0-9_]*))\s*")  # fmt: skip
_NAMES: Final = {p.name for known in PARAMETERS.values() for p in known}

Source: TypeAlias = Literal["anomaly_score", "anomaly_explanation"]


def _numbers(value: object) -> object:
    """Booleans count as 0 and 1: people write withDirectionality = true."""
    if not isinstance(value, Mapping):
        return value
    return {k: float(v) if isinstance(v, bool) else v for k, v in value.items()}


Parameters: TypeAlias = Annotated[dict[str, float], BeforeValidator(_numbers)]
"""Of Kinesis' functions, by their names there."""


class ScoreColumn(msgspec.Struct, frozen=True):
    """A column of a window's results, and the column of the table `anomaly` that has it."""

    name: str
    source: Source


class ScoreSpec(BaseModel):
    """One `[windows.scores.NAME]`: a function of Kinesis over the window's results."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    function: str = Field(FOREST, description=f"one of {', '.join(PARAMETERS)}")
    values: Annotated[tuple[str, ...], Field(min_length=1, strict=False)] = Field(
        description="what to look at together: names of the window's values, or log(NAME)"
    )
    prefix: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,40})?$")] = Field(
        "", description="before the names of its columns, where they are there already"
    )
    fill: Fill | None = Field(
        None, description="what silence is worth: zero, missing or previous; see detectors"
    )
    parameters: Parameters = Field(default={}, description="of the function; also without a table")

    @model_validator(mode="before")
    @classmethod
    def _gathered(cls, given: Any) -> Any:
        """Parameters stand beside the rest, as arguments do in Kinesis."""
        if not isinstance(given, dict):
            return given
        beside = {name: value for name, value in given.items() if name in _NAMES}
        rest = {name: value for name, value in given.items() if name not in _NAMES}
        if beside and isinstance(rest.get("parameters", {}), dict):
            rest["parameters"] = {**rest.get("parameters", {}), **beside}
        return rest

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.function not in PARAMETERS:
            raise ValueError(f"function: it is {', '.join(PARAMETERS)}")
        check_values(self.values)
        try:
            check_function(self.function, self.values, self.parameters)
        except ValueError as error:
            named = str(error).partition(" ")[0]
            raise ValueError(f"{named if named in _NAMES else 'function'}: {error}") from None
        return self

    @property
    def columns(self) -> tuple[ScoreColumn, ...]:
        """What it adds to the results, by the names of Kinesis."""
        return tuple(
            ScoreColumn(
                f"{self.prefix}{name}",
                "anomaly_score" if name == "ANOMALY_SCORE" else "anomaly_explanation",
            )
            for name in COLUMNS[self.function]
        )


def source(text: str) -> tuple[str, bool]:
    """The name that one of `values` speaks of, and whether its logarithm is meant."""
    match = _FEATURE.fullmatch(text)
    assert match is not None  # noqa: S101
    return (match["of"], True) if match["log"] else (match["plain"], False)


def check_values(values: Sequence[str]) -> None:
    """ValueError, beginning with the field's name, when these are no values to look at."""
    for text in values:
        if _FEATURE.fullmatch(text) is None:
            raise ValueError(f"values: {text!r} is no NAME and no log(NAME)")
    if len(set(values)) < len(values):
        raise ValueError("values: one is there twice")


def check_function(function: str, values: Sequence[str], parameters: Mapping[str, float]) -> None:
    """ValueError when a function of Kinesis cannot have these columns and parameters here."""
    if function == HOTSPOTS:
        checked(function, values, parameters)
    else:
        check_size(forest_settings(function, values, parameters), MOST_STORED)
