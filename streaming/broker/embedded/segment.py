"""One file of a partition's log: batches in a row, written by appends, read by position."""

from __future__ import annotations

import io
import logging
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import crc32c
import msgspec

from streaming.broker.embedded.batch import HEADER_BYTES, BatchHeader, crc_ok, read_header, walk
from streaming.broker.embedded.errors import StorageError
from streaming.broker.embedded.index import SparseIndex
from streaming.broker.embedded.producers import ProducerRow, ProducerTable
from streaming.broker.embedded.rules import LogRules

log = logging.getLogger(__name__)

LOG_SUFFIX: Final = ".log"
SUMMARY_SUFFIX: Final = ".summary"
TORN_SUFFIX: Final = ".torn"
GONE_SUFFIX: Final = ".deleted"
_SUMMARY_VERSION: Final = 1
_SCAN_BYTES: Final = 1024 * 1024
_SKIM_BYTES: Final = 64 * 1024


class Summary(msgspec.Struct, array_like=True):
    """What the file beside a finished segment holds, so that a start need not read the segment."""

    version: int
    size: int
    next_offset: int
    offsets: list[int]
    positions: list[int]
    times: list[int]
    producers: list[ProducerRow]


class OpenFiles:
    """Keeps at most `limit` segments' files open: partitions may be more than a system allows."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._segments: OrderedDict[Segment, None] = OrderedDict()

    def use(self, segment: Segment) -> None:
        """Note a use; whoever has been quiet longest closes its file until its own next one."""
        self._segments[segment] = None
        self._segments.move_to_end(segment)
        if len(self._segments) > self._limit:
            oldest, _ = self._segments.popitem(last=False)
            oldest.close()

    def forget(self, segment: Segment) -> None:
        """The segment's file is closed."""
        self._segments.pop(segment, None)


class Segment:
    """Batches with offsets from `base_offset` up to, not including, `next_offset`."""

    def __init__(
        self, folder: Path, base_offset: int, index_interval: int, files: OpenFiles
    ) -> None:
        self.path = folder / f"{base_offset:020d}{LOG_SUFFIX}"
        self.base_offset = base_offset
        self.next_offset = base_offset
        self.size = 0
        self.index = SparseIndex(index_interval)
        self._files = files
        self._file: io.FileIO | None = None
        self._first_timestamp: int | None = None

    @property
    def exists(self) -> bool:
        """Whether it has a file: an empty segment gets one with its first batch."""
        return self._file is not None or self.path.exists()

    @property
    def largest_timestamp(self) -> int:
        """The latest time of any record; without one, when the file was last written."""
        if self.index.max_timestamp >= 0:
            return self.index.max_timestamp
        try:
            return int(self.path.stat().st_mtime * 1000)
        except OSError:
            return 0

    def is_full(self, size: int, max_timestamp: int, rules: LogRules) -> bool:
        """Whether a batch of `size` bytes belongs into the next segment (Kafka's `shouldRoll`).

        Age is told by the records' times, not by the clock: from the first batch to this one.
        """
        if not self.size:
            return False
        if self.size + size > rules.segment_bytes:
            return True
        if self._first_timestamp is None:
            self._first_timestamp = read_header(self.read(0, HEADER_BYTES)).max_timestamp
        has_time = self._first_timestamp >= 0
        return has_time and max_timestamp - self._first_timestamp > rules.segment_ms

    def append(self, data: bytearray, header: BatchHeader) -> int:
        """Write one batch at the end and return its position.

        Raises StorageError when the disk refuses. What a failed write left behind is cut off, and
        if even that fails the next append goes over it: `size` alone says what is in the log.
        """
        position = self.size
        try:
            file = self._writable()
            file.seek(position)
            view = memoryview(data)
            while view:
                view = view[file.write(view) or 0 :]
        except OSError as error:
            self._cut(position)
            raise StorageError(f"cannot write {self.path.name}: {error.strerror}") from error
        self._note(header, position)
        return position

    def read(self, position: int, size: int) -> bytes:
        """Up to `size` bytes from `position`. Raises StorageError when the disk refuses."""
        return self._read_at(position, min(size, self.size - position))

    def _read_at(self, position: int, size: int) -> bytes:
        try:
            if self._file is not None:
                self._file.seek(position)
                return _read_all(self._file, size)
            with io.FileIO(self.path) as file:
                file.seek(position)
                return _read_all(file, size)
        except OSError as error:
            raise StorageError(f"cannot read {self.path.name}: {error.strerror}") from error

    def skim(self, position: int) -> Iterator[tuple[int, BatchHeader]]:
        """Positions and headers of the batches from `position` on, without reading them whole."""
        while position < self.size:
            start = position
            for at, header in walk(self.read(start, _SKIM_BYTES)):
                yield start + at, header
                position = start + at + header.size
            if position == start:
                return

    def locate(self, offset: int) -> int:
        """Position of the batch that holds `offset`, or the end when it is past the last one."""
        for position, header in self.skim(self.index.before_offset(offset)):
            if header.next_offset > offset:
                return position
        return self.size

    def end_of_whole(self, start: int, limit: int) -> int:
        """Where to stop reading from `start` to return whole batches of at most `limit` bytes.

        Always past the first batch, however large (KIP-74: a consumer must get ahead).
        """
        if self.size - start <= limit:
            return self.size
        end = start
        for position, header in self.skim(max(start, self.index.before_position(start + limit))):
            if position + header.size - start > limit and position > start:
                return position
            end = position + header.size
            if end - start >= limit:
                return end
        return end

    def recover(self, producers: ProducerTable, now_ms: int) -> int:
        """Read the whole file after a hard end and return how many bytes at its tail are torn.

        A batch counts when its header fits what came before and its checksum is right. Index and
        producers are filled on the way.
        """
        total = self.path.stat().st_size
        position = self.size = 0
        data = b""
        at = 0
        self.index = SparseIndex(self.index.interval)
        self.next_offset = self.base_offset
        while position + HEADER_BYTES <= total:
            if at + HEADER_BYTES > len(data):
                data, at = self._read_at(position, _SCAN_BYTES), 0
            header = read_header(data, at)
            fits = header.magic == 2 and header.base_offset == self.next_offset
            if not fits or not HEADER_BYTES <= header.size <= total - position:
                break
            if at + header.size > len(data):
                data, at = self._read_at(position, max(header.size, _SCAN_BYTES)), 0
            if not crc_ok(memoryview(data)[at : at + header.size], header):
                break
            self._note(header, position)
            if header.producer_id >= 0:
                producers.note(header, header.base_offset, now_ms)
            position += header.size
            at += header.size
        return total - position

    def cut_tail(self) -> Path:
        """Cut the file to `size`; what is cut goes to the file that is returned. Raises OSError.

        A half-written batch is no loss, but damage in the middle takes whole batches with it.
        """
        file = self._writable()
        file.seek(self.size)
        kept = self.path.with_suffix(TORN_SUFFIX)
        kept.write_bytes(file.readall())
        file.truncate(self.size)
        return kept

    def save_summary(self, producers: ProducerTable) -> None:
        """Write the file that makes the next start fast; when that fails, the start reads more."""
        summary = Summary(
            _SUMMARY_VERSION,
            self.size,
            self.next_offset,
            list(self.index.offsets),
            list(self.index.positions),
            list(self.index.times),
            producers.rows(),
        )
        raw = msgspec.msgpack.encode(summary)
        target = self.path.with_suffix(SUMMARY_SUFFIX)
        try:
            partial = target.with_suffix(".partial")
            partial.write_bytes(crc32c.crc32c(raw).to_bytes(4, "big") + raw)
            partial.replace(target)
        except OSError as error:
            log.warning("%s was not written: %s", target, error)

    def load_summary(self, producers: ProducerTable) -> bool:
        """Take index and producers from the summary; False when it is missing or does not fit."""
        try:
            raw = self.path.with_suffix(SUMMARY_SUFFIX).read_bytes()
            if crc32c.crc32c(raw[4:]) != int.from_bytes(raw[:4], "big"):
                return False
            summary = msgspec.msgpack.decode(raw[4:], type=Summary)
            fits = summary.size == self.path.stat().st_size
        except (OSError, msgspec.MsgspecError):
            return False
        if not fits or summary.version != _SUMMARY_VERSION:
            return False
        self.size, self.next_offset = summary.size, summary.next_offset
        self.index.offsets.extend(summary.offsets)
        self.index.positions.extend(summary.positions)
        self.index.times.extend(summary.times)
        producers.load(summary.producers)
        return True

    def close(self) -> None:
        """Let the file go; reading opens it again for as long as it takes."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._files.forget(self)

    def retire(self) -> Path:
        """Take the file out of the log by renaming it, and return its new path."""
        self.close()
        gone = self.path.with_suffix(GONE_SUFFIX)
        try:
            self.path.replace(gone)
            self.path.with_suffix(SUMMARY_SUFFIX).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s stays until the next start: %s", self.path, error)
        return gone

    def _note(self, header: BatchHeader, position: int) -> None:
        self.index.add(header.base_offset, position, header.max_timestamp)
        if position == 0:
            self._first_timestamp = header.max_timestamp
        self.size = position + header.size
        self.next_offset = header.next_offset

    def _writable(self) -> io.FileIO:
        if self._file is None:
            self._file = io.FileIO(self.path, "r+" if self.path.exists() else "x+")
        self._files.use(self)
        return self._file

    def _cut(self, position: int) -> None:
        try:
            if self._file is not None:
                self._file.truncate(position)
        except OSError as error:
            log.warning("%s keeps the rest of a failed write: %s", self.path, error)


def _read_all(file: io.FileIO, size: int) -> bytes:
    data = file.read(size) or b""
    while len(data) < size:
        more = file.read(size - len(data))
        if not more:
            break
        data += more
    return data
