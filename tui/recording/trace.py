"""A trace: all that the screens were told in a run, when, and what was pressed; one file.

The file is XZ over frames: four bytes of length, then msgpack (JSON knows neither infinity nor
"no number"). The first is the `Header`; each other one is an `Entry` with its time in ms since the
beginning. Of a snapshot only the fields are written that are not as in the one before, so that a
minute takes some hundred KiB.
"""

from __future__ import annotations

import lzma
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.snapshot import LabSnapshot

FORMAT: Final = 1
SUFFIX: Final = ".trace"
MAX_BYTES: Final = 2 * 1024**3
"""Of a whole trace unpacked: more is no trace of ours but a file made to fill the memory."""

_CHUNK: Final = 1024 * 1024
_MEMORY: Final = 128 * 1024**2
_LENGTH: Final = 4


class TraceError(Exception):
    """The file is no trace that can be read; the text says why."""


class Header(msgspec.Struct, frozen=True):
    """What a take was made with. `started_at_ms` is by the wall clock.

    `columns` and `rows` are the screen's, without the captions' rows. `keys` are those that were
    moved, by the id of what they do.
    """

    dasprep_trace: int
    title: str
    started_at_ms: int
    columns: int
    rows: int
    hz: float
    theme: str
    ascii: bool = False
    keys: dict[str, str] = {}


class Changed(msgspec.Struct, frozen=True, tag="news"):
    """A snapshot: its fields that are not as before."""

    at_ms: int
    fields: dict[str, msgspec.Raw]


class Lost(msgspec.Struct, frozen=True, tag="lost"):
    """The engine was gone."""

    at_ms: int
    reason: str


class Answered(msgspec.Struct, frozen=True, tag="reply"):
    """A command of the screens, asked for `took_ms` before its reply came at `at_ms`."""

    at_ms: int
    took_ms: int
    command: Command
    reply: Reply


Pointing: TypeAlias = Literal["down", "up", "wheel_down", "wheel_up"]


class Pressed(msgspec.Struct, frozen=True, tag="key"):
    """A key, by Textual's name."""

    at_ms: int
    key: str


class Pointed(msgspec.Struct, frozen=True, tag="mouse"):
    """The mouse: a button (1 is the left one) or the wheel, at a cell of the take's screen."""

    at_ms: int
    what: Pointing
    x: int
    y: int
    button: int


class Told(msgspec.Struct, frozen=True, tag="caption"):
    """A caption by language; an empty one ends the last."""

    at_ms: int
    text: dict[str, str]


class Marked(msgspec.Struct, frozen=True, tag="marker"):
    """A chapter begins."""

    at_ms: int
    text: dict[str, str]


class Kept(msgspec.Struct, frozen=True, tag="still"):
    """The screen of this instant is to be kept as a picture."""

    at_ms: int
    name: str


class Hidden(msgspec.Struct, frozen=True, tag="hidden"):
    """What follows is left out (`on`), or taken up again."""

    at_ms: int
    on: bool


class Ended(msgspec.Struct, frozen=True, tag="end"):
    """The take's end; a trace without it was cut off."""

    at_ms: int


Entry: TypeAlias = (
    Changed | Lost | Answered | Pressed | Pointed | Told | Marked | Kept | Hidden | Ended
)


class News(msgspec.Struct, frozen=True):
    """A whole snapshot, put together again."""

    at_ms: int
    snapshot: LabSnapshot


Event: TypeAlias = News | Lost | Answered | Pressed | Pointed | Told | Marked | Kept | Hidden


@dataclass(frozen=True)
class Trace:
    """A trace that was read: its events in the order of their times.

    `cut` says that the file ends in the middle: the program that wrote it was killed.
    """

    header: Header
    events: tuple[Event, ...]
    duration_ms: int
    cut: bool = False

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that captions and chapters are told in, the first one's first."""
        told = [event.text for event in self.events if isinstance(event, Told | Marked)]
        return tuple(dict.fromkeys(language for text in told for language in text))


def read_trace(path: Path) -> Trace:
    """Read a trace. Raises TraceError, whatever is in the file, and OSError."""
    frames = _frames(path)
    try:
        header = msgspec.msgpack.decode(frames[0], type=Header)
    except (msgspec.MsgspecError, UnicodeDecodeError, IndexError) as error:
        raise TraceError(f"{path} is not a trace of this lab.") from error
    if header.dasprep_trace != FORMAT:
        raise TraceError(
            f"{path} is a trace of format {header.dasprep_trace}; this version reads {FORMAT}. "
            "Use the version of dasprep-tui that wrote it."
        )
    events: list[Event] = []
    fields: dict[str, msgspec.Raw] = {}
    now = 0
    cut = True
    decoder = msgspec.msgpack.Decoder(Entry)
    for number, frame in enumerate(frames[1:], 1):
        try:
            entry = decoder.decode(frame)
            if entry.at_ms < now:
                raise ValueError("its time is before the last one's")
            now = entry.at_ms
            if isinstance(entry, Ended):
                cut = False
                break
            if isinstance(entry, Changed):
                fields |= entry.fields
                events.append(News(now, _snapshot(fields)))
            else:
                events.append(entry)
        except (ValueError, UnicodeDecodeError, RecursionError) as error:
            raise TraceError(f"{path} is damaged in entry {number}: {error}") from error
    if not any(isinstance(event, News) for event in events):
        raise TraceError(f"{path} holds nothing that a lab said: there is nothing to show.")
    return Trace(header, tuple(events), max(now, 1), cut)


def _snapshot(fields: dict[str, msgspec.Raw]) -> LabSnapshot:
    return msgspec.msgpack.decode(msgspec.msgpack.encode(fields), type=LabSnapshot)


def _frames(path: Path) -> list[bytes]:
    """All whole frames of the file."""
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MEMORY)
    data = bytearray()
    with path.open("rb") as file:
        while not unpacker.eof:
            try:
                packed = file.read(_CHUNK) if unpacker.needs_input else b""
                if unpacker.needs_input and not packed:
                    break
                data += unpacker.decompress(packed, _CHUNK)
            except (lzma.LZMAError, EOFError) as error:
                raise TraceError(f"{path} is not a trace of this lab, or damaged.") from error
            if len(data) > MAX_BYTES:
                raise TraceError(f"{path} is larger than any trace: more than 2 GiB unpacked.")
    frames: list[bytes] = []
    at = 0
    while at + _LENGTH <= len(data):
        end = at + _LENGTH + int.from_bytes(data[at : at + _LENGTH], "big")
        if end > len(data):
            break
        frames.append(bytes(data[at + _LENGTH : end]))
        at = end
    return frames


def encoded(entry: Entry | Header) -> bytes:
    """Return a frame of the file."""
    body = msgspec.msgpack.encode(entry)
    return len(body).to_bytes(_LENGTH, "big") + body


def fields_of(snapshot: LabSnapshot) -> dict[str, bytes]:
    """Return each field of a snapshot, packed."""
    names: tuple[str, ...] = snapshot.__struct_fields__
    values: dict[str, Any] = {name: getattr(snapshot, name) for name in names}
    return {name: msgspec.msgpack.encode(value) for name, value in values.items()}
