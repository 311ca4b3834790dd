"""Takes a run down as a trace: packed as it comes, in its place only when it is whole."""

from __future__ import annotations

import contextlib
import lzma
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.link import LinkLost
from streaming.lab.snapshot import LabSnapshot
from tui.recording.trace import (
    Answered,
    Changed,
    Ended,
    Entry,
    Header,
    Hidden,
    Kept,
    Lost,
    Marked,
    Pointed,
    Pointing,
    Pressed,
    Told,
    encoded,
    fields_of,
)

_PRESET = 1
"""Of XZ: a snapshot takes some ms, and a higher one makes little of it smaller."""


class TraceWriter:
    """Writes one trace beside its place and puts it there at the end; a `Stage` of a story.

    `monotonic` tells seconds. `private` are texts that do not go into the file, such as the folder
    of the lab, with what stands for them. All methods raise OSError when it cannot be written.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        monotonic: Callable[[], float],
        private: Mapping[str, str] | None = None,
    ) -> None:
        self.path = path
        self._private = dict(private or {})
        self._part = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._file = self._part.open("wb")
        self._packer = lzma.LZMACompressor(lzma.FORMAT_XZ, preset=_PRESET)
        self._monotonic = monotonic
        self._began = monotonic()
        self._fields: dict[str, bytes] = {}
        self._last_ms = 0
        self._file.write(self._packer.compress(encoded(header)))

    @property
    def elapsed_ms(self) -> int:
        """Time since the beginning."""
        self._last_ms = max(self._last_ms, round(1000 * (self._monotonic() - self._began)))
        return self._last_ms

    @property
    def closed(self) -> bool:
        """Whether nothing more is taken down."""
        return self._file.closed

    def news(self, item: LabSnapshot | LinkLost) -> None:
        """The lab said this."""
        if isinstance(item, LinkLost):
            self._write(Lost(self.elapsed_ms, item.reason))
            return
        fields = {name: self._public(value) for name, value in fields_of(item).items()}
        changed = {
            name: msgspec.Raw(value)
            for name, value in fields.items()
            if self._fields.get(name) != value
        }
        self._fields = fields
        self._write(Changed(self.elapsed_ms, changed))

    def reply(self, command: Command, reply: Reply, took_s: float) -> None:
        """A command of the screens was answered after so many seconds."""
        self._write(Answered(self.elapsed_ms, round(1000 * took_s), command, self._told(reply)))

    def key(self, key: str) -> None:
        """A key was pressed."""
        self._write(Pressed(self.elapsed_ms, key))

    def mouse(self, what: Pointing, x: int, y: int, button: int) -> None:
        """The mouse did this at a cell of the screen."""
        self._write(Pointed(self.elapsed_ms, what, x, y, button))

    def caption(self, text: Mapping[str, str]) -> None:
        """Tell this below the screen."""
        self._write(Told(self.elapsed_ms, dict(text)))

    def marker(self, text: Mapping[str, str]) -> None:
        """A chapter begins."""
        self._write(Marked(self.elapsed_ms, dict(text)))

    def still(self, name: str) -> None:
        """Keep this instant as a picture."""
        self._write(Kept(self.elapsed_ms, name))

    def hide(self) -> None:
        """Leave out what follows."""
        self._write(Hidden(self.elapsed_ms, True))

    def show(self) -> None:
        """Take it up again."""
        self._write(Hidden(self.elapsed_ms, False))

    def _public(self, packed: bytes) -> bytes:
        """Return a value without the texts that are not to be told."""
        if not any(text.encode() in packed for text in self._private):
            return packed
        return msgspec.msgpack.encode(_replaced(msgspec.msgpack.decode(packed), self._private))

    def _told(self, reply: Reply) -> Reply:
        return msgspec.msgpack.decode(self._public(msgspec.msgpack.encode(reply)), type=Reply)

    def _write(self, entry: Entry) -> None:
        if not self._file.closed:
            self._file.write(self._packer.compress(encoded(entry)))

    def close(self) -> Path:
        """Put the whole trace in its place and return that."""
        if not self._file.closed:
            self._write(Ended(self.elapsed_ms))
            self._file.write(self._packer.flush())
            self._file.close()
            self._part.replace(self.path)
        return self.path

    def discard(self) -> None:
        """Leave nothing."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._part.unlink(missing_ok=True)


def _replaced(value: Any, private: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for text, shown in private.items():
            value = value.replace(text, shown)
        return value
    if isinstance(value, list):
        return [_replaced(item, private) for item in value]
    if isinstance(value, dict):
        return {key: _replaced(item, private) for key, item in value.items()}
    return value
