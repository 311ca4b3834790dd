"""Detectors as people ask for them: `[[detectors]]` in `dasprep.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, model_validator

from streaming.alarms.metrics import METRICS, SHARD_METRICS
from streaming.anomaly.functions import Parameters, check_function, check_values, source
from streaming.anomaly.kinesis import PARAMETERS
from streaming.anomaly.modes import DETECTOR
from streaming.anomaly.scores import BARS, Direction, Fill

MOST_FEATURES: Final = 8
"""Of one detector; more than these only hide each other."""

VALUE: Final = "value"
"""What there is of a metric."""

RECORD_FIELDS: Final = {"orders": ("total_cents", "items", "per_item")}
"""Streams whose records can be judged one by one, with their numbers.

`per_item` is total_cents / items.
"""

Name: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}(\.[a-z][a-z0-9_]{0,40})?$")]
"""Those with a dot are the scores of windows: WINDOW.NAME."""


class DetectorSpec(BaseModel):
    """One `[[detectors]]` entry."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: Name = Field(description="names the scores")
    window: str = Field("", description="judge the values of this declared window")
    stream: str = Field("", description="or judge each record of this stream: orders")
    metric: str = Field("", description="or a metric of the lab, by the wall clock")
    values: Annotated[tuple[str, ...], Field(strict=False)] = Field(
        (),
        description="what to look at together: names of values, or log(NAME); "
        "of a metric value (the default) or log(value)",
    )
    function: str = Field(
        DETECTOR,
        description="DETECTOR, RANDOM_CUT_FOREST, RANDOM_CUT_FOREST_WITH_EXPLANATION or HOTSPOTS",
    )
    parameters: Parameters = Field(
        default={}, description="of Kinesis' functions, by their names there"
    )
    sensitivity: str = Field(
        "medium", description="low, medium or high: how much evidence is enough"
    )
    direction: Direction = Field("both", description="both, above or below: which side is trouble")
    near: Annotated[float, Field(ge=0, le=1000)] = Field(
        0.05, description="nothing within this part of the running mean is an anomaly"
    )
    fill: Fill | None = Field(
        None,
        description="what silence is worth: zero (of counts and sums), missing (of all else) or "
        "previous",
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if sum(map(bool, (self.window, self.stream, self.metric))) != 1:
            raise ValueError(
                "window: a detector looks at a window, a stream or a metric, one of them"
            )
        check_values(self.values)
        if not self.looks_at:
            raise ValueError("values: name what it looks at")
        if self.metric:
            self._check_metric()
        if self.stream and self.stream not in RECORD_FIELDS:
            raise ValueError(
                f"stream: records of {self.stream!r} cannot be judged one by one; those of "
                f"{', '.join(RECORD_FIELDS)} can"
            )
        if self.sensitivity not in BARS:
            raise ValueError(f"sensitivity: it is {', '.join(BARS)}")
        self._check_function()
        for text in self.values if self.stream else ():
            if source(text)[0] not in RECORD_FIELDS[self.stream]:
                raise ValueError(
                    f"values: {self.stream} have no number {text!r}; they have "
                    f"{', '.join(RECORD_FIELDS[self.stream])}"
                )
        return self

    @property
    def looks_at(self) -> tuple[str, ...]:
        """Its values; a metric has only one."""
        return self.values or ((VALUE,) if self.metric else ())

    def _check_metric(self) -> None:
        known = {**METRICS, **SHARD_METRICS}
        if self.metric not in known:
            raise ValueError(f"metric: there is no {self.metric!r}; there are {', '.join(known)}")
        if len(self.looks_at) > 1 or source(self.looks_at[0])[0] != VALUE:
            raise ValueError(f"values: of a metric it is {VALUE} or log({VALUE})")

    def _check_function(self) -> None:
        if self.function == DETECTOR:
            if self.parameters:
                raise ValueError("parameters: the detector has one setting for every series")
            if len(self.values) > MOST_FEATURES:
                raise ValueError(f"values: a detector looks at {MOST_FEATURES} at most")
            return
        if self.function not in PARAMETERS:
            raise ValueError(f"function: it is {DETECTOR}, {', '.join(PARAMETERS)}")
        try:
            check_function(self.function, self.looks_at, self.parameters)
        except ValueError as error:
            raise ValueError(f"parameters: {error}") from None


def check_window(spec: DetectorSpec, windows: Mapping[str, Mapping[str, str]]) -> None:
    """ValueError when a detector's window or values are none of these (name: function)."""
    if not spec.window:
        return
    values = windows.get(spec.window)
    if values is None:
        known = ", ".join(windows) or "none"
        raise ValueError(f"window: there is no window {spec.window!r}; there are {known}")
    numbers = [name for name, function in values.items() if function not in ("first", "last")]
    for text in spec.values:
        if source(text)[0] not in numbers:
            raise ValueError(
                f"values: the window {spec.window} has no number {text!r}; it has "
                f"{', '.join(numbers)}"
            )
