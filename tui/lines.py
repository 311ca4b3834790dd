"""Lines of screen text before any screen exists: segments of (text, style name)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from rich.cells import cell_len, set_cell_size

Segment: TypeAlias = tuple[str, str]
Line: TypeAlias = tuple[Segment, ...]

STYLES = (
    "text",
    "dim",
    "label",
    "strong",
    "good",
    "warn",
    "bad",
    "busy",
    "bar",
    "in",
    "out",
    "lag",
    "mark",
    "key",
    "chosen",
    "cursor",
    "stale",
)
"""Names that `lab.tcss` gives a look; the functions that build lines know no colours."""


def width_of(line: Iterable[Segment]) -> int:
    """Return how many terminal cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def text_of(line: Iterable[Segment]) -> str:
    """Return a line's text without styles."""
    return "".join(text for text, _ in line)


def crop(line: Line, width: int) -> Line:
    """Cut a line to at most `width` cells."""
    if width_of(line) <= width:
        return line
    kept: list[Segment] = []
    room = width
    for text, style in line:
        size = cell_len(text)
        if size > room:
            kept.append((set_cell_size(text, room), style))
            break
        kept.append((text, style))
        room -= size
    return tuple(kept)


def merged(segments: Iterable[Segment]) -> Line:
    """Join neighbours of equal style: fewer segments are fewer bytes to the terminal."""
    joined: list[Segment] = []
    for text, style in segments:
        if not text:
            continue
        if joined and joined[-1][1] == style:
            joined[-1] = (joined[-1][0] + text, style)
        else:
            joined.append((text, style))
    return tuple(joined)
