"""The rows below the screen that tell what is to be seen, and the chapter it belongs to."""

from __future__ import annotations

import textwrap
from typing import Final

from rich.cells import cell_len, set_cell_size

from tui.recording.film import Look, Row, Run
from tui.safe import safe

GROUND: Final = (24, 26, 32)
TEXT: Final = Look((240, 240, 240), GROUND, bold=True)
CHAPTER: Final = Look((150, 156, 170), GROUND)
MARGIN: Final = 1
LIMIT: Final = 600
"""Characters of a caption at most."""


def caption_lines(caption: str, chapter: str, width: int, rows: int) -> list[tuple[str, str]]:
    """Return the text and, at the right of the first line, the chapter, for each row.

    A caption that is too long for its rows ends in "…"; the chapter goes first for want of room.
    """
    if not rows:
        return []
    room = max(1, width - 2 * MARGIN)
    said = safe(caption, LIMIT)
    name = safe(chapter, LIMIT)
    beside = room - cell_len(name) - 3
    wide = textwrap.wrap(said, room) or [""]
    lines = wide
    if name and beside >= room // 2 and cell_len(wide[0]) > beside:
        lines = textwrap.wrap(said, beside) or [""]
    if len(lines) > rows:
        lines = wide
    if len(lines) > rows:
        lines = [*lines[: rows - 1], set_cell_size(lines[rows - 1], room - 1).rstrip() + "…"]
    lines += [""] * (rows - len(lines))
    fits = bool(name) and cell_len(lines[0]) <= beside
    return [(line, name if fits and not index else "") for index, line in enumerate(lines)]


def caption_rows(caption: str, chapter: str, width: int, rows: int) -> tuple[Row, ...]:
    """Return these lines as rows of a film, each exactly `width` cells."""
    made: list[Row] = []
    for text, name in caption_lines(caption, chapter, width, rows):
        left = " " * MARGIN + text
        gap = width - cell_len(left) - cell_len(name) - MARGIN
        body = set_cell_size(left + " " * max(0, gap), max(1, width - cell_len(name) - MARGIN))
        runs = [Run(body, TEXT)]
        runs.append(Run(set_cell_size(name + " " * MARGIN, width - cell_len(body)), CHAPTER))
        made.append(tuple(run for run in runs if run.text))
    return tuple(made)
