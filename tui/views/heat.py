"""The heat map: each shard's records over the last minutes, one shade for half as much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from rich.cells import cell_len

from streaming.lab.snapshot import RatePoint
from streaming.lab.stream_snapshot import ShardView, StreamView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, Lines, Segment, merged
from tui.safe import fit, safe
from tui.views.plan import listed

CELL_S = 10
CELLS = 30
LABEL = 4
"""Cells of the shard's number at the left."""
STYLES = ("dim", "bar", "out", "warn", "bad")
"""One for each shade: five colours in all."""
MARK_LIMIT = 24
WORST = "max"
NOTHING = "no record was measured yet"


def heat_lines(stream: StreamView, width: int, glyphs: Glyphs) -> Sequence[Line]:
    """Return one line a shard, the newest cell at the right."""
    shards = listed(stream)
    most = hottest(shards)
    return Lines([partial(_row, shard, most, width, glyphs) for shard in shards])


def hottest(shards: Sequence[ShardView]) -> int:
    """Return the most records a second that any cell has."""
    return max((max(shard.heat, default=0) for shard in shards), default=0)


def shade(value: float, most: float, shades: int) -> int:
    """Return the shade of a cell: the darkest for the most, each lighter one for half as much.

    On a linear scale one hot shard turns all others blank.
    """
    if value <= 0 or most <= 0:
        return 0
    return min(shades - 1, max(0, shades - 1 + round(math.log2(value / most))))


def legend(stream: StreamView, glyphs: Glyphs) -> str:
    """Return what the shades stand for."""
    most = hottest(listed(stream))
    if not most:
        return NOTHING
    return f"{glyphs.shades[-1]} {numbers.count(most)}/s, each lighter shade half as much"


def time_line(history: Sequence[RatePoint], width: int, glyphs: Glyphs) -> Line:
    """Return the axis with the newest mark of the last minutes: a switched key, a reshard."""
    room, cells = _room(width)
    span_s = cells * CELL_S
    axis = list(" " * (room + LABEL))
    left, right = f"-{numbers.duration(span_s)}", "now"
    axis[LABEL : LABEL + len(left)] = left
    axis[LABEL + room - len(right) :] = right
    newest = next((point for point in reversed(history) if point.mark), None)
    if newest is None or not history:
        return ((fit("".join(axis), width), "dim"),)
    back_s = (history[-1].at_ms - newest.at_ms) / 1000
    place = LABEL + room - 1 - round(back_s / span_s * room)
    if place < LABEL:
        return ((fit("".join(axis), width), "dim"),)
    text = f"{glyphs.alarm} {safe(newest.mark, MARK_LIMIT)}"
    cells_taken = min(cell_len(text), MARK_LIMIT, room)
    start = max(LABEL, min(place, LABEL + room - cells_taken))
    text = fit(text, cells_taken)
    before, after = "".join(axis[:start]), "".join(axis[start + cells_taken :])
    return merged(((before, "dim"), (text, "mark"), (after, "dim")))


def _room(width: int) -> tuple[int, int]:
    """Return how many columns rows have, and how many measurements they show."""
    room = max(1, width - LABEL)
    return room, min(room, CELLS)


def _row(shard: ShardView, most: int, width: int, glyphs: Glyphs) -> Line:
    room, cells = _room(width)
    values = (*([None] * cells), *shard.heat)[-cells:]
    segments: list[Segment] = [(fit(f"{shard.id:02d}", LABEL), "text")]
    for column in range(room):
        value = values[column * cells // room]
        level = 0 if value is None else shade(value, most, len(glyphs.shades))
        sign = " " if value is None else glyphs.shades[level]
        segments.append((sign, STYLES[level]))
    if shard.state == "closed":
        return merged((text, "dim") for text, _ in segments)
    return merged(segments)
