"""A film as asciicast v2 or v3: what a terminal has to be told to show it, and no more.

v2: https://docs.asciinema.org/manual/asciicast/v2/, v3: the same with /v3/. The header has no time
of day, no command and no environment: the bytes depend on the film alone.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

from tui.recording.cells import Cell, cells_of
from tui.recording.film import Film, Look, Note, Row

Event: TypeAlias = tuple[int, str, str]
"""Milliseconds since the start, asciicast's code, data."""

BEGIN: Final = "\x1b[?1049h\x1b[?25l\x1b[?7l"
"""Alternate screen, no cursor, no wrapping. The alternate screen is never left: the last picture
stays. Nothing is asked of the terminal, and its mouse is left alone."""

BRIDGE: Final = 4
"""That many cells which stay the same cost no more to write again than to jump over."""

KEYS: Final = {
    "enter": "\r", "tab": "\t", "escape": "\x1b", "space": " ", "backspace": "\x7f",
    "up": "\x1b[A", "down": "\x1b[B", "right": "\x1b[C", "left": "\x1b[D",
    "home": "\x1b[H", "end": "\x1b[F", "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
    "insert": "\x1b[2~", "delete": "\x1b[3~", "shift+tab": "\x1b[Z",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f3": "\x1bOR", "f4": "\x1bOS",
    "f5": "\x1b[15~", "f6": "\x1b[17~", "f7": "\x1b[18~", "f8": "\x1b[19~",
    "f9": "\x1b[20~", "f10": "\x1b[21~", "f11": "\x1b[23~", "f12": "\x1b[24~",
}  # fmt: skip
"""What a terminal sends for Textual's names of keys (xterm's sequences)."""

RANK: Final = {"i": 0, "o": 1, "m": 2}
"""At one instant a key comes before what it does to the screen, and a chapter after it."""


def write_cast(film: Film, path: Path, *, version: int = 2) -> None:
    """Write the film; `version` is 2, which every tool reads, or 3. Raises OSError, ValueError."""
    if version not in (2, 3):
        raise ValueError(f"there is no asciicast {version}")
    events = sorted(_events(film), key=lambda event: (event[0], RANK[event[1]]))
    before = 0
    with path.open("wb") as out:
        out.write(_line(_header(film, version)))
        for at, code, data in events:
            shown = at if version == 2 else at - before
            out.write(_line([shown / 1000, code, data]))
            before = at


def _line(value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Half a pair of surrogates can come from a caption's "\ud800"; it has no UTF-8.
    return text.encode("utf-8", "replace") + b"\n"


def _header(film: Film, version: int) -> dict[str, Any]:
    if version == 3:
        return {"version": 3, "term": {"cols": film.width, "rows": film.height},
                "title": film.title}  # fmt: skip
    return {"version": 2, "width": film.width, "height": film.height,
            "duration": film.duration_ms / 1000, "title": film.title}  # fmt: skip


def _events(film: Film) -> Iterator[Event]:
    pen = Pen(film.width)
    shown: tuple[Row | None, ...] = (None,) * film.height
    begin = BEGIN
    for frame in film.frames:
        data = begin + "".join(
            pen.change(y, cells_of(old) if old else (), cells_of(row))
            for y, (old, row) in enumerate(zip(shown, frame.rows, strict=True))
            if row is not old
        )
        if data:
            yield frame.at_ms, "o", data
        shown, begin = frame.rows, ""
    # Players stop at the last event: let the last picture stand for its time.
    if film.duration_ms > film.frames[-1].at_ms:
        yield film.duration_ms, "o", ""
    yield from ((note.at_ms, "m", note.text) for note in film.chapters)
    yield from ((note.at_ms, "i", typed) for note in film.keys if (typed := typed_by(note)))


def typed_by(key: Note) -> str:
    """What a terminal sends for a key with Textual's name; "" for one that has no characters."""
    name = key.text
    if len(name) == 1 or name in KEYS:
        return KEYS.get(name, name)
    if name.startswith("ctrl+") and len(name) == len("ctrl+x") and "a" <= name[-1] <= "z":
        return chr(ord(name[-1]) - ord("a") + 1)
    try:
        return unicodedata.lookup(name.replace("_", " "))
    except (KeyError, UnicodeEncodeError):
        return ""


def _worth_a_bridge(between: tuple[Cell, ...], look: Look) -> bool:
    return len(between) <= BRIDGE and all(cell.look == look for cell in between)


class Pen:
    """Knows where the terminal's cursor is and how it writes, so that it is told only what differs.

    That a character is as wide here as in every terminal is only believed of ASCII and of single
    characters of one cell; after any other the cursor is placed anew.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._at: tuple[int, int] | None = None
        self._look: Look | None = None

    def change(self, y: int, old: tuple[Cell, ...], new: tuple[Cell, ...]) -> str:
        """What turns the row `y` from old cells to new ones; `old` is empty at first."""
        if not old:
            return self._write(y, 0, new)
        parts = []
        start = end = -1
        for x, (was, cell) in enumerate(zip(old, new, strict=True)):
            if was == cell:
                continue
            if start >= 0 and not _worth_a_bridge(new[end:x], cell.look):
                parts.append(self._write(y, start, new[start:end]))
                start = -1
            if start < 0:
                start = x
            end = x + 1
            # The second half belongs to what is written before it.
            while end < len(new) and not new[end].text:
                end += 1
        if start >= 0:
            parts.append(self._write(y, start, new[start:end]))
        return "".join(parts)

    def _write(self, y: int, x: int, cells: tuple[Cell, ...]) -> str:
        parts = []
        for column, cell in enumerate(cells, x):
            if not cell.text:
                continue
            if self._at != (y, column):
                parts.append(self._move(y, column))
            if cell.look != self._look:
                parts.append(self._style(cell.look))
            # Where joined emoji are not known, the second one would cover its neighbours.
            parts.append(cell.text.partition("\u200d")[0])
            wide = column + 1 < x + len(cells) and not cells[column + 1 - x].text
            # At the right edge terminals differ in where the cursor then is.
            unsure = wide or len(cell.text) > 1 or column + 1 == self._width
            self._at = None if unsure else (y, column + 1)
        return "".join(parts)

    def _move(self, y: int, x: int) -> str:
        if self._at and self._at[0] == y and x > self._at[1]:
            ahead = x - self._at[1]
            return f"\x1b[{ahead}C" if ahead > 1 else "\x1b[C"
        return f"\x1b[{y + 1};{x + 1}H"

    def _style(self, look: Look) -> str:
        was, self._look = self._look, look
        codes = []
        for on, off, now, before in (
            (1, 22, look.bold, was and was.bold),
            (3, 23, look.italic, was and was.italic),
            (4, 24, look.underline, was and was.underline),
            (9, 29, look.strike, was and was.strike),
        ):
            if now != bool(before):
                codes.append(str(on if now else off))
        if was is None or was.foreground != look.foreground:
            codes.append("38;2;{};{};{}".format(*look.foreground))
        if was is None or was.background != look.background:
            codes.append("48;2;{};{};{}".format(*look.background))
        return f"\x1b[{';'.join(codes)}m"
