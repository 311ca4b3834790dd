"""What the engine does for a set of detectors: each with its window, columns and model."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final
from zlib import crc32

import msgspec

from streaming.anomaly.functions import source
from streaming.anomaly.model import ModelSettings
from streaming.anomaly.scores import BARS, Fill
from streaming.anomaly.specification import DetectorSpec
from streaming.windows.plan import Window, WindowPlan

PERIOD_MS: Final = 10_000
"""Of the lab's metrics: what is judged is their mean over so long, by the wall clock."""


class Column(msgspec.Struct, frozen=True):
    """A number to look at: the value `of` a window or record, or the logarithm of 1 + it."""

    name: str
    of: str
    log: bool


class Detecting(msgspec.Struct, frozen=True):
    """A detector of the plan.

    `generation` is its window's. `step_ms` is from one window's end (or one value of a metric) to
    the next, 0 where windows do not follow the clock. `metric` is one of the lab's: its points are
    by the wall clock.
    `definition` is everything that its scores depend on: another one begins anew.
    """

    name: str
    window: str
    generation: int
    stream: str
    columns: tuple[Column, ...]
    step_ms: int
    model: ModelSettings
    definition: str
    metric: str = ""

    @property
    def source(self) -> str:
        """What it looks at, in words: the column `source` of its scores."""
        if self.metric:
            return f"metric {self.metric}"
        return f"window {self.window}" if self.window else f"stream {self.stream}"

    def seed(self, key: str) -> int:
        """Of a key's forest: the same in every run."""
        return crc32(f"{self.name}|{key}".encode())

    def row(self, values: Mapping[str, object]) -> list[float | None]:
        """The columns of a window's or record's values; None for what is no number."""
        return [_column(column, values.get(column.of)) for column in self.columns]


def _column(column: Column, value: object) -> float | None:
    if not isinstance(value, int | float):
        return None
    if not column.log:
        return float(value)
    return math.log10(1.0 + value) if value >= 0 else None


def plan_detectors(specs: Sequence[DetectorSpec], windows: WindowPlan) -> tuple[Detecting, ...]:
    """The plan; detectors whose window the lab does not have (nor its stream) are left out."""
    known = {window.name: window for window in windows.windows}
    planned = []
    for spec in specs:
        window = known.get(spec.window)
        if spec.window and window is None:
            continue
        columns = tuple(Column(_named(spec, text), *source(text)) for text in spec.looks_at)
        written = spec.model_dump(exclude_none=True, exclude=set() if spec.metric else {"metric"})
        if window is not None:
            written["generation"] = window.generation
            written["made_of"] = window.definition
        planned.append(
            Detecting(
                spec.name,
                spec.window,
                window.generation if window is not None else 0,
                spec.stream,
                columns,
                window.step_ms if window is not None else PERIOD_MS if spec.metric else 0,
                ModelSettings(
                    function=spec.function,
                    columns=tuple(column.name for column in columns),
                    fill=tuple(_fill(spec, column, window) for column in columns),
                    parameters=spec.parameters,
                    bar=BARS[spec.sensitivity],
                    direction=spec.direction,
                    near=spec.near,
                ),
                msgspec.json.encode(written, order="sorted").decode(),
                spec.metric,
            )
        )
    return tuple(planned)


def _named(spec: DetectorSpec, text: str) -> str:
    """A column's name; of a metric, by the metric's."""
    plain, log = source(text)
    name = spec.metric or plain
    return f"log({name})" if log else name


def _fill(spec: DetectorSpec, column: Column, window: Window | None) -> Fill:
    if spec.fill is not None:
        return spec.fill
    functions = {value.name: value.function for value in window.values} if window else {}
    return "zero" if functions.get(column.of) in ("count", "sum", "distinct") else "missing"
