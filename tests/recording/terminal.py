"""An independent terminal (pyte) that shows what a .cast says, cell by cell."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyte

from tui.recording.cells import cells_of
from tui.recording.film import Frame, Rgb

Shown = list[list[tuple[str, str, str, bool, bool, bool, bool]]]
"""Character, foreground, background, bold, italic, underline, strike of every cell."""


class Terminal:
    def __init__(self, width: int, height: int) -> None:
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        self.stream.feed(data)

    @property
    def shown(self) -> Shown:
        return [
            [
                (cell.data, cell.fg, cell.bg, cell.bold, cell.italics, cell.underscore,
                 cell.strikethrough)
                for cell in (self.screen.buffer[y][x] for x in range(self.screen.columns))
            ]
            for y in range(self.screen.lines)
        ]  # fmt: skip


def wanted(frame: Frame) -> Shown:
    """What a terminal should show of a frame."""

    def name(colour: Rgb) -> str:
        return "{:02x}{:02x}{:02x}".format(*colour)

    return [
        [
            (cell.text, name(cell.look.foreground), name(cell.look.background), cell.look.bold,
             cell.look.italic, cell.look.underline, cell.look.strike)
            for cell in cells_of(row)
        ]
        for row in frame.rows
    ]  # fmt: skip


def read_cast(path: Path) -> tuple[dict[str, Any], list[tuple[float, str, str]]]:
    """The header, and the events with times since the start, whatever the version."""
    # Not splitlines: that would also split at U+2028.
    head, *lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    header = json.loads(head)
    events, now = [], 0.0
    for text in lines:
        at, code, data = json.loads(text)
        now = now + at if header["version"] == 3 else at
        events.append((round(now, 3), code, data))
    return header, events
