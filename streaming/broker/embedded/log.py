"""The log of one partition: segments in a folder, appended at the end, read from any offset."""

from __future__ import annotations

import logging
import time
from bisect import bisect_right
from collections import OrderedDict, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from streaming.broker.embedded.batch import BatchHeader
from streaming.broker.embedded.errors import ApiError, ErrorCode, StorageError
from streaming.broker.embedded.producers import ProducerTable
from streaming.broker.embedded.records import first_at
from streaming.broker.embedded.recovery import recover
from streaming.broker.embedded.rules import LogRules
from streaming.broker.embedded.segment import GONE_SUFFIX, LOG_SUFFIX, Segment, SegmentCaches

log = logging.getLogger(__name__)

_START_FILE: Final = "start-offset"
_RECENT: Final = 64


class Cursor(NamedTuple):
    """A place to read from: always the first byte of a batch, or the end."""

    segment: Segment
    position: int


class PartitionLog:
    """Appends and reads whole batches. All sizes are bytes, all times milliseconds.

    Nothing here waits: the event loop does file operations itself, which reach the system's page
    cache and cost microseconds; there is no fsync.
    """

    def __init__(
        self,
        folder: Path,
        *,
        index_interval: int,
        producers: ProducerTable,
        caches: SegmentCaches,
    ) -> None:
        self.folder = folder
        self.start_offset = 0
        self.producers = producers
        self._index_interval = index_interval
        self._caches = caches
        self._segments: list[Segment] = []
        self._bases: list[int] = []
        # Positions of the newest batches: consumers at the tail ask for exactly these offsets.
        self._recent: OrderedDict[int, Cursor] = OrderedDict()
        # Where reads ended: consumers that catch up ask for what comes next.
        self._next_reads: OrderedDict[int, Cursor] = OrderedDict()
        self._gone: deque[tuple[int, Path]] = deque()  # files and when to delete them

    @property
    def segments(self) -> Sequence[Segment]:
        """From the oldest to the one that is written; never none once the log is open."""
        return self._segments

    @property
    def end_offset(self) -> int:
        """The offset the next record gets."""
        return self._segments[-1].next_offset

    @property
    def size(self) -> int:
        """Bytes in all segments."""
        return sum(segment.size for segment in self._segments)

    def open(self) -> None:
        """Open or make the folder; after a hard end, cut a torn tail. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        now_ms = int(time.time() * 1000)
        for path in self.folder.glob(f"*{GONE_SUFFIX}"):
            path.unlink(missing_ok=True)
        for base in sorted(int(path.stem) for path in self.folder.glob(f"*{LOG_SUFFIX}")):
            self._push(base)
        for segment in self._segments:
            self._open_segment(segment, now_ms)
        start = self._load_start()
        if not self._segments:
            # All were dropped, and a hard end came before the first append after that.
            self._push(start)
        self.start_offset = min(max(self._segments[0].base_offset, start), self.end_offset)

    def _open_segment(self, segment: Segment, now_ms: int) -> None:
        last = segment is self._segments[-1]
        if not segment.load_summary(self.producers):
            torn = recover(segment, self.producers, now_ms)
            if torn and last:
                kept = segment.cut_tail()
                log.warning("%s: the last %d bytes are torn, moved to %s", segment.path, torn, kept)
            elif torn:
                log.error("%s: %d bytes in the middle of the log are damaged", segment.path, torn)
            elif not last:
                segment.save_summary(self.producers)
        if not last:
            segment.seal()

    def append(self, data: bytearray, header: BatchHeader, rules: LogRules) -> None:
        """Write a batch whose base offset is `end_offset`. Raises StorageError."""
        segment = self._segments[-1]
        if segment.is_full(len(data), header.max_timestamp, rules):
            segment = self._roll()
        position = segment.append(data, header)
        _remember(self._recent, header.base_offset, Cursor(segment, position))

    def cursor(self, offset: int) -> Cursor:
        """Where the batch that holds `offset` is. Raises ApiError OFFSET_OUT_OF_RANGE."""
        end = self._segments[-1]
        if offset == end.next_offset:
            return Cursor(end, end.size)
        recent = self._recent.get(offset) or self._next_reads.get(offset)
        if recent is not None and offset >= self.start_offset:
            return recent
        if not self.start_offset <= offset < end.next_offset:
            raise ApiError(
                ErrorCode.OFFSET_OUT_OF_RANGE,
                f"offset {offset}, the log has {self.start_offset} to {end.next_offset}",
            )
        segment = self._segments[max(bisect_right(self._bases, offset) - 1, 0)]
        return Cursor(segment, segment.locate(offset))

    def available(self, cursor: Cursor) -> int:
        """Bytes from the cursor to the end of the log."""
        if cursor.segment is self._segments[-1]:
            return cursor.segment.size - cursor.position
        at = self._index_of(cursor.segment)
        return sum(part.size for part in self._segments[at:]) - cursor.position

    def read(self, cursor: Cursor, limit: int, *, at_least_one: bool = True) -> bytes:
        """Whole batches from the cursor, at most `limit` bytes.

        A first batch that is larger comes alone, or with `at_least_one` off not at all.
        """
        parts: list[bytes] = []
        segment, position = cursor
        at = self._index_of(segment)
        while True:
            if position < segment.size:
                # An answer that is nearly full asks this of partition after partition.
                if not (parts or at_least_one) and segment.batch_size(position) > limit:
                    break
                end, next_offset = segment.end_of_whole(position, limit)
                if end - position > limit and (parts or not at_least_one):
                    break
                parts.append(segment.read(position, end - position))
                limit -= end - position
                _remember(self._next_reads, next_offset, Cursor(segment, end))
                if end < segment.size:
                    break
            at += 1
            if limit <= 0 or at >= len(self._segments):
                break
            segment, position = self._segments[at], 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def offset_at_time(self, timestamp: int) -> tuple[int, int] | None:
        """Offset and time of the first record at or after `timestamp`, or None."""
        for segment in self._segments:
            if segment.max_timestamp < timestamp:
                continue
            position = segment.index.at_time(timestamp)
            if position is None:
                continue
            for at, header in segment.skim(position):
                if header.max_timestamp < timestamp or header.next_offset <= self.start_offset:
                    continue
                batch = segment.read(at, header.size)
                found = first_at(batch, header, timestamp, self.start_offset)
                if found is not None:
                    return found
        return None

    def latest_record(self) -> tuple[int, int] | None:
        """Offset and time of the record with the latest time, of several the first; or None."""
        latest = max(segment.max_timestamp for segment in self._segments)
        return None if latest < 0 else self.offset_at_time(latest)

    def delete_before(self, offset: int, rules: LogRules, now_ms: int) -> None:
        """Make `offset` the first one (DeleteRecords); whole segments before it go.

        Raises StorageError when the new start cannot be written down; then nothing has changed.
        """
        self._move_start(offset)
        count = bisect_right(self._bases, offset) - 1
        self._retire(count, now_ms + rules.file_delete_delay_ms)

    def drop_oldest(self, count: int, rules: LogRules, now_ms: int) -> int:
        """Let the `count` oldest segments go and return how many went: all if all were asked for.

        The log then begins at the next segment; when none is left it goes on in a new one.
        Raises StorageError when the new start cannot be written down; then nothing is lost.
        """
        if not count:
            return 0
        if count == len(self._segments):
            self._roll()
        # The start may be past it already, inside a segment (DeleteRecords).
        self._move_start(max(self._segments[count].base_offset, self.start_offset))
        self._retire(count, now_ms + rules.file_delete_delay_ms)
        return count

    def sweep(self, now_ms: int) -> None:
        """Delete the files of dropped segments whose `file.delete.delay.ms` is over."""
        while self._gone and self._gone[0][0] <= now_ms:
            _, path = self._gone.popleft()
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                log.warning("%s stays until the next start: %s", path, error)

    def close(self) -> None:
        """Let the files go and leave a summary, so that the next start is fast."""
        if self._segments and self._segments[-1].exists:
            self._segments[-1].save_summary(self.producers)
        for segment in self._segments:
            segment.close()
        for _, path in self._gone:
            path.unlink(missing_ok=True)

    def abandon(self) -> None:
        """Let everything go without a word: the topic is being deleted."""
        for segment in self._segments:
            segment.release()

    def _roll(self) -> Segment:
        done = self._segments[-1]
        done.save_summary(self.producers)
        done.close()
        done.seal()
        return self._push(done.next_offset)

    def _move_start(self, offset: int) -> None:
        try:
            partial = self.folder / f"{_START_FILE}.partial"
            partial.write_text(str(offset), encoding="ascii")
            partial.replace(self.folder / _START_FILE)
        except OSError as error:
            raise StorageError(f"cannot move the start of the log: {error.strerror}") from error
        self.start_offset = offset
        self._recent.clear()
        self._next_reads.clear()

    def _retire(self, count: int, delete_at_ms: int) -> None:
        """Take the oldest segments out of the log; their files are only renamed for now."""
        for _ in range(count):
            path = self._segments.pop(0).retire()
            self._bases.pop(0)
            self._gone.append((delete_at_ms, path))

    def _push(self, base_offset: int) -> Segment:
        segment = Segment(self.folder, base_offset, self._index_interval, self._caches)
        self._segments.append(segment)
        self._bases.append(base_offset)
        return segment

    def _index_of(self, segment: Segment) -> int:
        return max(bisect_right(self._bases, segment.base_offset) - 1, 0)

    def _load_start(self) -> int:
        try:
            return int((self.folder / _START_FILE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0


def _remember(places: OrderedDict[int, Cursor], offset: int, cursor: Cursor) -> None:
    places[offset] = cursor
    if len(places) > _RECENT:
        places.popitem(last=False)
