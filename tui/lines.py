"""Lines of screen text before any screen exists: segments of (text, style name)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias, overload

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


class Lines(Sequence[Line]):
    """As many lines as there are `drawers`; each is made when it is looked at, once.

    Of a table with many rows few are in sight, and all of them are new twice a second.
    """

    def __init__(self, drawers: Sequence[Callable[[], Line]]) -> None:
        self._drawers = drawers
        self._made: dict[int, Line] = {}

    def __len__(self) -> int:
        return len(self._drawers)

    @overload
    def __getitem__(self, place: int) -> Line: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Line]: ...

    def __getitem__(self, place: int | slice) -> Line | Sequence[Line]:
        """Return one line, made now if it is not yet there, or some of them."""
        if isinstance(place, slice):
            return [self[index] for index in range(len(self))[place]]
        index = range(len(self))[place]
        line = self._made.get(index)
        if line is None:
            line = self._made[index] = self._drawers[index]()
        return line

    def __iter__(self) -> Iterator[Line]:
        return (self[index] for index in range(len(self)))
