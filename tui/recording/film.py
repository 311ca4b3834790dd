"""What a screen showed over time, as text and colours: made from a trace, written as many formats.

A film knows nothing of terminals and nothing of the lab. Times are milliseconds since it began.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TypeAlias

Rgb: TypeAlias = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Look:
    """How a run of text looks. Colours are final: dim and reverse are worked into them."""

    foreground: Rgb
    background: Rgb
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one look; never empty, no control characters."""

    text: str
    look: Look


Row: TypeAlias = tuple[Run, ...]
"""Runs that fill a line of the screen exactly, counted in terminal cells."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The whole screen from `at_ms` on, `Film.height` rows; rows that stay the same are shared."""

    at_ms: int
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """Something with a name at an instant: a chapter, a still to keep, a key that was pressed."""

    at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Caption:
    """What was told beside the screen from `at_ms` on; "" ends it."""

    at_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class Film:
    """A recording. Frames are in the order of their times; the first is at 0.

    The captions are in the last `caption_rows` rows of every frame already; `captions` holds them
    once more for transcripts. `stills` name the instants to keep as pictures. `language` is that of
    captions and chapters, as in "en" or "de".
    """

    title: str
    width: int
    height: int
    caption_rows: int
    duration_ms: int
    frames: tuple[Frame, ...]
    chapters: tuple[Note, ...] = ()
    captions: tuple[Caption, ...] = ()
    keys: tuple[Note, ...] = ()
    stills: tuple[Note, ...] = ()
    language: str = "en"


def text_of(row: Row) -> str:
    """Return the characters of a row."""
    return "".join(run.text for run in row)


def frame_at(film: Film, at_ms: int) -> Frame:
    """Return what the screen shows at an instant; before the start it is the first frame."""
    after = bisect_right(film.frames, at_ms, key=lambda frame: frame.at_ms)
    return film.frames[max(0, after - 1)]
