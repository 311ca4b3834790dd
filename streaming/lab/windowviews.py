"""The declared windows as the views see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from streaming.lab.snapshot import ResultView, WindowView
from streaming.store.declared import DeclaredStore
from streaming.windows.declared import Result
from streaming.windows.durations import in_words
from streaming.windows.plan import Window


def window_views(
    declared: DeclaredStore, scoring: Mapping[str, Sequence[str]]
) -> tuple[WindowView, ...]:
    """Every window of the present plan; `scoring` tells of its scores, by its name."""
    sets = {panes.id: panes for panes in declared.plan.sets}
    return tuple(
        WindowView(
            window.name,
            sets[window.panes].stream,
            shape(window),
            group_text(sets[window.panes].fields, sets[window.panes].literals),
            window.generation,
            declared.final.get(window.name, 0),
            declared.late.get(window.panes, 0),
            tuple(_result(result) for result in declared.newest.get(window.name, ())),
            tuple(scoring.get(window.name, ())),
        )
        for window in declared.plan.windows
    )


def shape(window: Window) -> str:
    """Kind and sizes, such as "hopping 1m every 10s"."""
    size = in_words(window.size_ms)
    match window.kind:
        case "hopping":
            return f"hopping {size} every {in_words(window.slide_ms)}"
        case "session":
            return f"session, gap {in_words(window.gap_ms)}"
    return f"{window.kind} {size}"


def group_text(fields: tuple[str, ...], literals: tuple[str, ...]) -> str:
    """What it is grouped by, as it was written; "" for the whole stream."""
    if len(fields) == 1 and not any(literals):
        return fields[0]
    return literals[0] + "".join(
        f"{{{field}}}{text}" for field, text in zip(fields, literals[1:], strict=True)
    )


def _result(result: Result) -> ResultView:
    return ResultView(
        result.key, result.start_ms, result.end_ms, result.n, result.values, result.is_final
    )
