"""Cells: what a pane or a window keeps of its measures, and how two become one.

A cell is the same whatever the order and the grouping in which it was made. `first` and `last` go
by event time and, where that is the same, by the event's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import msgspec

from streaming.windows.sketches import Distinct, Quantiles
from streaming.windows.values import Measure, Op, Scalar, Value

State: TypeAlias = Any
"""Of a count or sum an int; of min and max an int or None; of distinct and quantiles a sketch's
bytes (empty: none); of first and last [event time, id, value] or None."""


class Cell(msgspec.Struct, gc=False):
    """Aggregates of `n` events, the earliest at `first_ms`, the latest at `last_ms`.

    `states` has one entry per measure of the pane set.
    """

    n: int
    first_ms: int
    last_ms: int
    states: list[State]


def combine(measures: Sequence[Measure], cells: Iterable[Cell]) -> Cell:
    """One cell of several (at least one)."""
    parts = list(cells)
    return Cell(
        sum(part.n for part in parts),
        min(part.first_ms for part in parts),
        max(part.last_ms for part in parts),
        [
            _merged(measure.op, [part.states[i] for part in parts])
            for i, measure in enumerate(measures)
        ],
    )


def _merged(op: Op, states: list[State]) -> State:
    if len(states) == 1:
        return states[0]
    if op in ("count", "sum"):
        return sum(states)
    there = [state for state in states if state is not None and state != b""]
    if not there:
        return states[0]
    if op in ("min", "first"):
        return min(there)
    if op in ("max", "last"):
        return max(there)
    if op == "distinct":
        union = Distinct()
        for sketch in there:
            union.add(sketch)
        return union.result()[0]
    total = Quantiles()
    for sketch in there:
        total.add(sketch)
    return total.sketch()


def results(values: Sequence[Value], measures: Sequence[Measure], cell: Cell) -> dict[str, Scalar]:
    """The values by name. None where there is none: an average, extreme or ratio of nothing."""
    states = dict(zip(measures, cell.states, strict=True))
    found: dict[str, Scalar] = {}
    for value in values:
        if value.function != "ratio":
            found[value.name] = _result(value, states)
    for value in values:
        if value.function == "ratio":
            over, under = (found[name] for name in value.of)
            whole = isinstance(over, int | float) and isinstance(under, int | float) and under
            found[value.name] = over / under if whole else None  # type: ignore[operator]
    return {value.name: found[value.name] for value in values}


def _result(value: Value, states: Mapping[Measure, State]) -> Scalar:
    got = [states[measure] for measure in value.measures]
    match value.function:
        case "avg":
            return got[0] / got[1] if got[1] else None
        case "distinct":
            if not got[0]:
                return 0.0
            union = Distinct()
            union.add(got[0])
            return union.result()[1]
        case "quantile":
            if not got[0]:
                return None
            sketch = Quantiles()
            sketch.add(got[0])
            return sketch.at(value.part)
        case "first" | "last":
            found: Scalar = got[0][2] if got[0] is not None else None
            return found
    plain: Scalar = got[0]
    return plain
