"""From the windows as they are asked for to what consumers and the engine do for them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from streaming.windows.plan import EXCLUSIVE, Joined, PaneSet, Window, WindowPlan, fields_of
from streaming.windows.references import SHIPPED, shipped_rows
from streaming.windows.specification import Checked, WindowSpec, definition
from streaming.windows.values import Measure


def make_plan(
    number: int,
    checked: Checked,
    streams: Sequence[str],
    lateness_ms: int,
    seed: int,
    before: WindowPlan | None = None,
) -> WindowPlan:
    """The plan of a set of windows; those of streams that the lab does not have are left out.

    `seed` is the lab's; `before` the plan that it follows: what stays as it was goes on with its
    panes.
    """
    old = {window.name: window for window in before.windows} if before is not None else {}
    sets = {each.id: each for each in before.sets} if before is not None else {}
    asked: dict[str, tuple[WindowSpec, int, int, dict[Measure, None]]] = {}
    windows = []
    for spec in checked.windows:
        if spec.stream not in streams:
            continue
        text = msgspec.json.encode(definition(spec), order="sorted").decode()
        last = old.get(spec.name)
        generation = last.generation if last is not None and last.definition == text else number
        late = lateness_ms if spec.lateness is None else spec.lateness
        own = f"|{spec.name}" if spec.kind in EXCLUSIVE else ""
        id_ = f"{spec.stream}|{spec.group_by}|{spec.pane_ms}|{late}|{generation}{own}"
        values = checked.values(spec)
        measures = asked.setdefault(id_, (spec, late, generation, {}))[3]
        measures.update(dict.fromkeys(m for value in values for m in value.measures))
        windows.append(
            Window(
                spec.name, generation, spec.kind, spec.size or 0, spec.slide or spec.size or 0,
                spec.gap or 0, spec.longest, spec.early or 0, values, id_, text,
            )
        )  # fmt: skip
    used = tuple(
        sets.get(id_)
        or PaneSet(
            id_, spec.stream, spec.pane_ms, late, spec.fields, spec.literals,
            tuple(sorted(measures)), generation,
        )
        for id_, (spec, late, generation, measures) in asked.items()
    )  # fmt: skip
    fields = {field for each in used for field in fields_of(each)}
    joined = [
        Joined(field, columns, shipped_rows(name, seed))
        for name, (field, columns) in SHIPPED.items()
        if fields & set(columns)
    ]
    joined += [
        Joined(table.field, table.columns, table.rows)
        for table in checked.references
        if fields & set(table.columns)
    ]
    return WindowPlan(number, used, tuple(windows), tuple(joined))
