"""Committed offsets of groups: a map in memory, every change appended to one file first."""

from __future__ import annotations

import io
import logging
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import crc32c
import msgspec

from streaming.broker.embedded.errors import StorageError

log = logging.getLogger(__name__)

_FRAME: Final = struct.Struct(">II")  # length and CRC32C of what follows
_LONGEST: Final = 64 * 1024 * 1024
_COMPACT_FROM: Final = 4 * 1024 * 1024


class Commit(msgspec.Struct, array_like=True, frozen=True):
    """The next offset a group wants of a partition; `TAKEN_BACK` takes the commit back.

    Kafka keeps whatever number a client commits, also a negative one.
    """

    topic: str
    partition: int
    offset: int
    leader_epoch: int = -1
    metadata: str = ""


class _Entry(msgspec.Struct, array_like=True, frozen=True):
    """One frame of the file: the commits of one request."""

    group: str
    commits: list[Commit]


Key = tuple[str, int]
TAKEN_BACK: Final = -(2**63)


class OffsetStore:
    """Commits survive the end of the process, however it ends; a torn tail is cut at the start."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._groups: dict[str, dict[Key, Commit]] = {}
        self._file: io.FileIO | None = None
        self._size = 0
        self._compact_at = _COMPACT_FROM

    def open(self) -> None:
        """Read the file and write it anew without what later commits replaced. Raises OSError."""
        try:
            raw = self._path.read_bytes()
        except FileNotFoundError:
            raw = b""
        for entry in _entries(raw):
            self._apply(entry)
        self._compact()

    def commit(self, group: str, commits: Iterable[Commit]) -> None:
        """Keep a group's commits. Raises StorageError; then none of them counts."""
        entry = _Entry(group, list(commits))
        if not entry.commits:
            return
        try:
            self._append(_frame(entry))
        except OSError as error:
            raise StorageError(f"cannot write {self._path.name}: {error.strerror}") from error
        self._apply(entry)
        if self._size > self._compact_at:
            try:
                self._compact()
            except OSError as error:
                self._compact_at = self._size * 2
                log.warning("%s was not compacted: %s", self._path, error)

    def get(self, group: str, topic: str, partition: int) -> Commit | None:
        """The last commit, or None."""
        return self._groups.get(group, {}).get((topic, partition))

    def of_group(self, group: str) -> list[Commit]:
        """All commits of a group."""
        return list(self._groups.get(group, {}).values())

    def groups(self) -> list[str]:
        """Names of the groups that have commits."""
        return list(self._groups)

    def forget(self, group: str, gone: Iterable[Commit]) -> None:
        """Drop some of a group's commits. Raises StorageError."""
        self.commit(group, [Commit(c.topic, c.partition, TAKEN_BACK) for c in gone])

    def forget_group(self, group: str) -> None:
        """Drop a group's commits. Raises StorageError."""
        self.forget(group, self.of_group(group))

    def forget_topic(self, topic: str) -> None:
        """Drop all commits of a deleted topic. Raises StorageError."""
        for group in self.groups():
            self.forget(group, [c for c in self.of_group(group) if c.topic == topic])

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _append(self, frame: bytes) -> None:
        """Write one frame at the known end; a failed write never counts."""
        if self._file is None:
            raise OSError(0, "the store is closed")
        view = memoryview(frame)
        try:
            self._file.seek(self._size)
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError:
            # Cut what was written; if that fails too, the next frame goes over it.
            try:
                self._file.truncate(self._size)
            except OSError as error:
                log.warning("%s keeps the rest of a failed write: %s", self._path, error)
            raise
        self._size += len(frame)

    def _apply(self, entry: _Entry) -> None:
        commits = self._groups.setdefault(entry.group, {})
        for commit in entry.commits:
            key = (commit.topic, commit.partition)
            if commit.offset == TAKEN_BACK:
                commits.pop(key, None)
            else:
                commits[key] = commit
        if not commits:
            del self._groups[entry.group]

    def _compact(self) -> None:
        partial = self._path.with_suffix(".partial")
        size = 0
        with partial.open("wb") as file:
            for group, commits in self._groups.items():
                size += file.write(_frame(_Entry(group, list(commits.values()))))
        self.close()  # some systems do not replace an open file
        try:
            partial.replace(self._path)
            self._size = size
        finally:
            self._file = io.FileIO(self._path, "r+")
        self._compact_at = max(_COMPACT_FROM, 4 * size)


def _frame(entry: _Entry) -> bytes:
    body = msgspec.msgpack.encode(entry)
    return _FRAME.pack(len(body), crc32c.crc32c(body)) + body


def _entries(raw: bytes) -> Iterator[_Entry]:
    """Whole and undamaged frames from the start; what follows the first bad one is dropped."""
    position = 0
    decoder = msgspec.msgpack.Decoder(_Entry)
    while position + _FRAME.size <= len(raw):
        size, crc = _FRAME.unpack_from(raw, position)
        body = raw[position + _FRAME.size : position + _FRAME.size + size]
        if size > _LONGEST or len(body) < size or crc32c.crc32c(body) != crc:
            break
        yield decoder.decode(body)
        position += _FRAME.size + size
    if position < len(raw):
        log.warning("committed offsets: %d bytes of a torn tail dropped", len(raw) - position)
