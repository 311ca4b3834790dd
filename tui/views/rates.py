"""Records in and out per second and the lag, over the last minutes, drawn to any size."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from streaming.lab.snapshot import RatePoint
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, crop, merged
from tui.safe import fit, safe
from tui.views.canvas import Canvas

SPANS_S = (60, 120, 300, 600, 1800, 3600)
LABEL = 7
"""Cells of the scale at the left, with its axis."""
LEGEND = 15
"""Cells of the newest values at the right."""
MARK_LIMIT = 36
"""Characters of a mark on the time axis; a third of a narrow one at most."""

PLOT_FROM = 5
LAG_FROM = 8
STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)

Value = Callable[[RatePoint], float | None]


def rates(history: Sequence[RatePoint], width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Return exactly `height` lines: a plot where there is room for one, else sparklines."""
    if height <= 0 or width <= 0:
        return []
    if not history:
        return [((" no measurement yet", "dim"),), *[() for _ in range(height - 1)]]
    if height < PLOT_FROM or width < LABEL + LEGEND + 20:
        lines = _sparklines(history, width, height, glyphs)
    else:
        lines = _plots(history, width, height, glyphs)
    lines += [()] * (height - len(lines))
    return [crop(line, width) for line in lines[:height]]


def span_of(history: Sequence[RatePoint]) -> int:
    """Return the seconds the time axis covers: the shortest step that holds the history."""
    held = (history[-1].at_ms - history[0].at_ms) / 1000
    return next((span for span in SPANS_S if held <= span), SPANS_S[-1])


def placed(
    history: Sequence[RatePoint], value: Value, columns: int, span_s: int
) -> list[float | None]:
    """Return one number per column, the newest at the right; None where nothing was measured."""
    end = history[-1].at_ms
    slots: list[float | None] = [None] * columns
    for point in history:
        place = columns - 1 - round((end - point.at_ms) / 1000 / span_s * (columns - 1))
        number = value(point)
        if 0 <= place < columns and number is not None and math.isfinite(number):
            held = slots[place]
            slots[place] = number if held is None else max(held, number)
    return _bridged(slots, max(1, math.ceil(columns * 1.5 / span_s)))


def nice_top(values: Sequence[float | None]) -> float:
    """Return a round number at or above the largest value, at least 1."""
    largest = max((value for value in values if value is not None), default=0.0)
    if largest <= 1:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    return next((step * power for step in STEPS if largest <= step * power), 10 * power)


def _bridged(slots: list[float | None], widest: int) -> list[float | None]:
    """Join neighbours that lie one measurement apart; wider gaps stay gaps."""
    last, before = -widest - 1, 0.0
    for index, value in enumerate(list(slots)):
        if value is None:
            continue
        if 1 < index - last <= widest:
            for place in range(last + 1, index):
                part = (place - last) / (index - last)
                slots[place] = before + (value - before) * part
        last, before = index, value
    return slots


def _plots(history: Sequence[RatePoint], width: int, height: int, glyphs: Glyphs) -> list[Line]:
    """Draw rates above, lag below, the time axis under both."""
    room = width - LABEL - LEGEND
    lag_height = max(2, (height - 2) * 2 // 5) if height >= LAG_FROM else 0
    span = span_of(history)
    last = history[-1]
    upper = Canvas(room, height - 2 - lag_height, glyphs.plain)
    entered = placed(history, lambda point: point.in_per_s, upper.columns, span)
    left = placed(history, lambda point: point.out_per_s, upper.columns, span)
    top = nice_top([*entered, *left])
    upper.line(left, top, "out", glyphs.line_out, dotted=True)
    upper.line(entered, top, "in", glyphs.line_in, dotted=False)
    legend = {
        0: _legend(glyphs.line_in, "in", last.in_per_s, "in"),
        1: _legend(glyphs.line_out, "out", last.out_per_s, "out"),
    }
    lines = _framed(upper, top, legend, glyphs)
    if lag_height:
        lower = Canvas(room, lag_height, glyphs.plain)
        lags = placed(history, lambda point: point.lag, lower.columns, span)
        lower.line(lags, nice_top(lags), "lag", glyphs.line_lag, dotted=False)
        legend = {0: _legend(glyphs.line_lag, "lag", last.lag, "lag")}
        lines += _framed(lower, nice_top(lags), legend, glyphs)
    return lines + _time_axis(history, room, span, glyphs)


def _legend(shape: str, name: str, value: float | None, style: str) -> Line:
    return ((f" {shape} {name:<4}", style), (fit(numbers.count(value, 8), 8, right=True), "strong"))


def _framed(canvas: Canvas, top: float, legend: dict[int, Line], glyphs: Glyphs) -> list[Line]:
    """Put the scale at the left of a picture and the newest values at its right."""
    drawn = canvas.lines()
    labels = {len(drawn) - 1: 0.0, 0: top}
    if len(drawn) >= 5 and len(drawn) % 2:
        labels[len(drawn) // 2] = top / 2
    lines: list[Line] = []
    for y, line in enumerate(drawn):
        label = numbers.shortened(labels[y]) if y in labels else ""
        axis = (fit(label, LABEL - 1, right=True) + glyphs.axis, "dim")
        lines.append(merged((axis, *line, *legend.get(y, ()))))
    return lines


def _time_axis(history: Sequence[RatePoint], room: int, span: int, glyphs: Glyphs) -> list[Line]:
    """Return the axis with the marks on it, and the times under it."""
    axis = list(glyphs.rule * room)
    times = [" "] * room
    for quarter in range(4):
        x = round(quarter / 4 * (room - 1))
        axis[x] = glyphs.tick
        label = f"-{numbers.duration(span * (4 - quarter) / 4)}"
        times[x : x + len(label)] = label
    times[room - 3 :] = "now"
    axis[room - 1] = glyphs.tick
    styles = ["dim"] * room
    for point in history:
        text = _named(point.mark, min(MARK_LIMIT, room // 3), glyphs)
        x = room - 1 - round((history[-1].at_ms - point.at_ms) / 1000 / span * (room - 1))
        if text and 0 <= x < room:
            _put(axis, styles, x, text, glyphs)
    pad = " " * (LABEL - 1)
    cells = [(character, style) for character, style in zip(axis, styles, strict=True)]
    marked: list[Segment] = [(pad + glyphs.corner, "dim"), *cells]
    return [merged(marked), ((pad + " " + "".join(times), "dim"),)]


def _named(mark: str, limit: int, glyphs: Glyphs) -> str:
    """Return a mark's text, cut between words where there is no room for all of it."""
    text = safe(mark, MARK_LIMIT + 1)
    if len(text) <= limit:
        return text
    cut = text[: max(limit - 1, 0)]
    head = cut.rpartition(" ")[0]
    return (head if len(head) > limit // 2 else cut).rstrip(" :,;") + glyphs.more


def _put(axis: list[str], styles: list[str], x: int, name: str, glyphs: Glyphs) -> None:
    """Write a mark on the axis, its name where there is room: behind it, before it, or nowhere."""
    behind, before = f"{glyphs.alarm} {name} ", f" {name} {glyphs.alarm}"
    start, text = x, glyphs.alarm
    if x + len(behind) <= len(axis):
        text = behind
    elif x + 1 >= len(before):
        start, text = x + 1 - len(before), before
    for place, character in enumerate(text, start):
        known = character.isascii() or character in (glyphs.alarm, glyphs.more)
        axis[place] = character if known else "?"
        styles[place] = "mark"


def _sparklines(
    history: Sequence[RatePoint], width: int, height: int, glyphs: Glyphs
) -> list[Line]:
    """Return one line per series, each with its newest value, in the order of their worth."""
    last, span = history[-1], span_of(history)
    series: tuple[tuple[str, Value, float | None, str], ...] = (
        ("in", lambda point: point.in_per_s, last.in_per_s, "in"),
        ("lag", lambda point: point.lag, last.lag, "lag"),
        ("out", lambda point: point.out_per_s, last.out_per_s, "out"),
    )
    lines: list[Line] = []
    for name, value, newest, style in series[:height]:
        tail = f" {name:<3} {numbers.count(newest, 9)}"
        if height == 1:
            tail = f" in {numbers.count(last.in_per_s, 7)}  out {numbers.count(last.out_per_s, 7)}"
        room = max(1, width - max(14, len(tail)) - 1)
        points = placed(history, value, room, span)
        top, steps = nice_top(points), len(glyphs.levels) - 1
        drawn = "".join(
            " " if point is None else glyphs.levels[round(max(point, 0) / top * steps)]
            for point in points
        )
        lines.append(((" ", "text"), (drawn, style), (tail, "strong")))
    return lines
