"""The lab's diary as lines, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streaming.lab.snapshot import EventView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, crop
from tui.safe import fit, safe

TEXT_LIMIT = 400
KIND_LIMIT = 12
LEVEL = 7
KIND_FROM = 90
"""Width from which the kind of an event has a column."""

LEVELS = {
    "info": ("note", "", "text"),
    "good": ("good", "", "good"),
    "warn": ("warn", "warn", "warn"),
    "alarm": ("alarm", "ALARM", "bad"),
}


class EventLine(NamedTuple):
    """One drawn event and its number in the diary."""

    seq: int
    line: Line


def events(diary: Sequence[EventView], width: int, glyphs: Glyphs) -> list[EventLine]:
    """Return one line per event, the newest first."""
    return [EventLine(event.seq, event_line(event, width, glyphs)) for event in reversed(diary)]


def event_line(event: EventView, width: int, glyphs: Glyphs) -> Line:
    """Return time, shape and word of the level, and what happened."""
    shape_name, word, style = LEVELS.get(event.level, ("note", safe(str(event.level), 8), "warn"))
    kind = fit(safe(event.kind, KIND_LIMIT), KIND_LIMIT) + " " if width >= KIND_FROM else ""
    level = getattr(glyphs, shape_name) + (f" {word}" if word else "")
    level = fit(level, LEVEL) if kind else level
    before = f" {numbers.clock(event.at_ms)} "
    text = safe(event.text, TEXT_LIMIT)
    line: Line = ((before, "dim"), (f"{level} ", style), (kind, "label"), (text, "text"))
    room = max(width, 1)
    cut = crop(line, room)
    if cut != line and room > 2:
        return (*crop(line, room - 1), (glyphs.more, "dim"))
    return cut
