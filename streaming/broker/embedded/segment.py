"""One file of a partition's log: batches in a row, written by appends, read by position."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streaming.broker.embedded import summary
from streaming.broker.embedded.batch import HEADER_BYTES, BatchHeader, read_header, walk
from streaming.broker.embedded.errors import StorageError
from streaming.broker.embedded.index import SparseIndex
from streaming.broker.embedded.producers import ProducerTable
from streaming.broker.embedded.recent import RecentlyUsed
from streaming.broker.embedded.rules import LogRules

log = logging.getLogger(__name__)

LOG_SUFFIX: Final = ".log"
TORN_SUFFIX: Final = ".torn"
GONE_SUFFIX: Final = ".deleted"
_SKIM_BYTES: Final = 64 * 1024


class SegmentCaches:
    """What few of all segments hold: an open file, and, of those no longer written, an index.

    A system allows only so many open files, and an index takes 24 bytes for each block of its
    segment: of a log that grows for days they would be hundreds of MiB.
    """

    def __init__(self, files: int, indexes: int) -> None:
        self.files: RecentlyUsed[Segment] = RecentlyUsed(files, Segment.close)
        self.indexes: RecentlyUsed[Segment] = RecentlyUsed(indexes, Segment.drop_index)


class Segment:
    """Batches with offsets from `base_offset` up to, not including, `next_offset`."""

    def __init__(
        self, folder: Path, base_offset: int, index_interval: int, caches: SegmentCaches
    ) -> None:
        self.path = folder / f"{base_offset:020d}{LOG_SUFFIX}"
        self.base_offset = base_offset
        self.next_offset = base_offset
        self.size = 0
        self.max_timestamp = -1  # of all records, ms; -1 without records or times
        self._interval = index_interval
        self._index: SparseIndex | None = SparseIndex(index_interval)
        self._sealed = False
        self._caches = caches
        self._file: io.FileIO | None = None
        self._first_timestamp: int | None = None

    @property
    def exists(self) -> bool:
        """Whether it has a file: an empty segment gets one with its first batch."""
        return self._file is not None or self.path.exists()

    @property
    def largest_timestamp(self) -> int:
        """The latest time of any record; without one, when the file was last written."""
        if self.max_timestamp >= 0:
            return self.max_timestamp
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
        self.note(header, position)
        return position

    def read(self, position: int, size: int) -> bytes:
        """Up to `size` bytes from `position`. Raises StorageError when the disk refuses."""
        return self.read_raw(position, min(size, self.size - position))

    def read_raw(self, position: int, size: int) -> bytes:
        """Like `read`, but also of what is not counted in yet."""
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

    def batch_size(self, position: int) -> int:
        """Bytes of the batch at `position`."""
        return read_header(self.read(position, HEADER_BYTES)).size

    def end_of_whole(self, start: int, limit: int) -> tuple[int, int]:
        """Where to stop reading from `start` to return whole batches of at most `limit` bytes.

        The position and the offset that follows. Always past the first batch, however large
        (KIP-74: a consumer must get ahead).
        """
        if self.size - start <= limit:
            return self.size, self.next_offset
        end, offset = start, self.base_offset
        for position, header in self.skim(max(start, self.index.before_position(start + limit))):
            if position + header.size - start > limit and position > start:
                return position, header.base_offset
            end, offset = position + header.size, header.next_offset
            if end - start >= limit:
                break
        return end, offset

    def restart(self) -> int:
        """Forget what is known of the file, to read it again; returns its bytes. Raises OSError."""
        self._index = SparseIndex(self._interval)
        self.size, self.next_offset, self.max_timestamp = 0, self.base_offset, -1
        return self.path.stat().st_size

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
        index = self.index
        summary.save(
            self.path.with_suffix(summary.SUFFIX),
            summary.Summary(
                size=self.size,
                next_offset=self.next_offset,
                offsets=list(index.offsets),
                positions=list(index.positions),
                times=list(index.times),
                producers=producers.rows(),
            ),
        )

    def load_summary(self, producers: ProducerTable) -> bool:
        """Take index and producers from the summary; False when it is missing or does not fit."""
        known = self._summary()
        if known is None:
            return False
        self.size, self.next_offset = known.size, known.next_offset
        self._index = self._index_of(known)
        self.max_timestamp = max(known.times, default=-1)
        producers.load(known.producers)
        return True

    def seal(self) -> None:
        """Nothing is written to it any more: its index may be dropped and read again."""
        self._sealed = True
        self._caches.indexes.use(self)

    def drop_index(self) -> None:
        """Let the index go until it is asked for."""
        self._index = None

    @property
    def index(self) -> SparseIndex:
        """Where batches are. Raises StorageError when it has to be read and cannot."""
        if self._index is None:
            known = self._summary()
            if known is not None:
                self._index = self._index_of(known)
            else:
                self._index = SparseIndex(self._interval)
                for position, header in self.skim(0):
                    self._index.add(header.base_offset, position, header.max_timestamp)
        if self._sealed:
            self._caches.indexes.use(self)
        return self._index

    def _summary(self) -> summary.Summary | None:
        try:
            size = self.path.stat().st_size
        except OSError:
            return None
        return summary.load(self.path.with_suffix(summary.SUFFIX), size)

    def _index_of(self, known: summary.Summary) -> SparseIndex:
        index = SparseIndex(self._interval)
        index.offsets.extend(known.offsets)
        index.positions.extend(known.positions)
        index.times.extend(known.times)
        return index

    def close(self) -> None:
        """Let the file go; reading opens it again for as long as it takes."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._caches.files.forget(self)

    def release(self) -> None:
        """It will not be used again: let everything go."""
        self.close()
        self.drop_index()
        self._caches.indexes.forget(self)

    def retire(self) -> Path:
        """Take the file out of the log by renaming it, and return its new path."""
        self.release()
        gone = self.path.with_suffix(GONE_SUFFIX)
        try:
            self.path.replace(gone)
            self.path.with_suffix(summary.SUFFIX).unlink(missing_ok=True)
        except OSError as error:
            log.warning("%s stays until the next start: %s", self.path, error)
        return gone

    def note(self, header: BatchHeader, position: int) -> None:
        """Count in a batch that is in the file, right after those counted before."""
        self.index.add(header.base_offset, position, header.max_timestamp)
        self.max_timestamp = max(self.max_timestamp, header.max_timestamp)
        if position == 0:
            self._first_timestamp = header.max_timestamp
        self.size = position + header.size
        self.next_offset = header.next_offset

    def _writable(self) -> io.FileIO:
        if self._file is None:
            self._file = io.FileIO(self.path, "r+" if self.path.exists() else "x+")
        self._caches.files.use(self)
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
