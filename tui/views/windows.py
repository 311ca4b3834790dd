"""The declared windows as a table, and the newest results of one of them."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.lab.snapshot import ResultView, WindowView
from tui import numbers
from tui.lines import Line, Segment, merged
from tui.safe import fit, safe

TEXT_LIMIT = 80
NAME, STREAM, FINAL, LATE, END = 18, 8, 9, 8, 10
NO_WINDOWS = "This lab has no declared windows; docs/windows.md says how to declare some."
NO_RESULTS = "No window of it is final yet."
KEY = 16
VALUE = 10


def heading(width: int) -> Line:
    """Return the names of the columns."""
    return ((fit("  " + _row("window", "stream", "kind", "final", "late", "newest", width), width),
             "label"),)  # fmt: skip


def window_lines(windows: Sequence[WindowView], width: int) -> list[Line]:
    """Return one line a window."""
    return [_window(window, width) for window in windows]


def _window(window: WindowView, width: int) -> Line:
    by = f" by {safe(window.group_by, TEXT_LIMIT)}" if window.group_by else ""
    newest = max((result.end_at_ms for result in window.newest), default=None)
    text = _row(
        safe(window.name, TEXT_LIMIT),
        safe(window.stream, TEXT_LIMIT),
        safe(window.shape, TEXT_LIMIT) + by,
        numbers.count(window.final),
        numbers.count(window.late),
        numbers.clock(newest),
        width,
    )
    return (("  ", "text"), (fit(text, width - 2), "text"))


def _row(
    name: str, stream: str, kind: str, final: str, late: str, newest: str, width: int
) -> str:  # fmt: skip
    room = width - 2 - NAME - STREAM - FINAL - LATE - END - 5
    if room < 12:
        return f"{fit(name, NAME)} {fit(final, FINAL, right=True)} {fit(newest, END, right=True)}"
    return " ".join(
        (
            fit(name, NAME),
            fit(stream, STREAM),
            fit(kind, room),
            fit(final, FINAL, right=True),
            fit(late, LATE, right=True),
            fit(newest, END, right=True),
        )
    )


def result_lines(window: WindowView | None, width: int) -> list[Line]:
    """Return the newest final results: one a line, or one a column where the values are many."""
    if window is None:
        return [((fit(NO_WINDOWS, width), "dim"),)]
    if not window.newest:
        return [((fit(NO_RESULTS, width), "dim"),)]
    names = list(window.newest[0].values)
    if KEY + 2 * (END + 1) + len(names) * (VALUE + 1) > width:
        return _columns(window.newest, names, width)
    head = [fit("key", KEY), fit("from", END, right=True), fit("to", END, right=True)]
    head += [fit(safe(name, TEXT_LIMIT), VALUE, right=True) for name in names]
    return [
        ((fit(" ".join(head), width), "label"),),
        *(_result(result, names) for result in window.newest),
    ]


def _columns(results: Sequence[ResultView], names: Sequence[str], width: int) -> list[Line]:
    shown = results[: max(1, (width - KEY) // (VALUE + 1))]
    rows: list[tuple[str, str, list[str]]] = [
        ("key", "key", [safe(r.key, TEXT_LIMIT) or "*" for r in shown]),
        ("from", "dim", [numbers.clock(r.start_at_ms) for r in shown]),
        ("to", "dim", [numbers.clock(r.end_at_ms) for r in shown]),
    ]
    rows += [
        (safe(name, TEXT_LIMIT), "text", [value_text(r.values.get(name)) for r in shown])
        for name in names
    ]
    return [
        merged(
            ((fit(label, KEY), "label"),
             *((" " + fit(cell, VALUE, right=True), style) for cell in cells))
        )
        for label, style, cells in rows
    ]  # fmt: skip


def _result(result: ResultView, names: Sequence[str]) -> Line:
    segments: list[Segment] = [
        (fit(safe(result.key, TEXT_LIMIT) or "*", KEY) + " ", "key"),
        (fit(numbers.clock(result.start_at_ms), END, right=True) + " ", "dim"),
        (fit(numbers.clock(result.end_at_ms), END, right=True), "dim"),
    ]
    segments += [
        (" " + fit(value_text(result.values.get(n)), VALUE, right=True), "text") for n in names
    ]
    return merged(segments)


def value_text(value: float | str | None) -> str:
    """Return a value as it is shown, at most `VALUE` cells of a number."""
    if value is None:
        return numbers.UNKNOWN
    if isinstance(value, str):
        return safe(value, TEXT_LIMIT) or "(empty)"
    if isinstance(value, int):
        return numbers.count(value, VALUE)
    if abs(value) < 10:
        return f"{value:.4f}" if abs(value) < 1 else f"{value:.3f}"
    return numbers.shortened(value)
