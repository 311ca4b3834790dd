"""One reply under way: what was read of the log so far, what matched, and when to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from streaming.lab.record_commands import MOST_KEPT, ReadRecords
from streaming.records.filters import Filter, decoded
from streaming.records.rows import row_of
from streaming.records.views import RecordRow, Stopped
from streaming.shards.log_place import place_of
from streaming.verify.log import LogRecord, LogSource, Range, Shard
from streaming.verify.places import parts

MOST_READ: Final = 4_000
MOST_SCANNED: Final = 20_000
"""Records of the log for one reply: to show them as they are, and to look for some."""

MOST_BYTES: Final = 32 << 20
CHUNK: Final = 1_000
"""Records of the log read at once; a reply ends between two chunks, so that its places are exact.
"""

FIRST_CHUNK: Final = 250
"""The first one, while nothing is known of their sizes."""


class TimedLog(LogSource, Protocol):
    """A log that also finds offsets by time."""

    async def starts(
        self, stream: str, bounds: Mapping[int, Range], timestamp_ms: int
    ) -> dict[int, int]:
        """The first offset at or after a time of each shard, its end when nothing is that new."""
        ...


Found = tuple[tuple[int, int, int], int, RecordRow]
"""What rows are sorted by, the place, and the row."""


@dataclass
class Scan:
    """One reply under way."""

    log: TimedLog
    asked: ReadRecords
    filter: Filter
    bounds: Mapping[int, Range]
    now_ms: int
    deadline: float
    found: list[Found] = field(default_factory=list)
    read: int = 0
    bytes: int = 0
    matched: int = 0
    stopped: Stopped = ""

    @property
    def chunk(self) -> int:
        """Records of the log to read next; 0 when this reply has to end, and why in `stopped`."""
        left = (MOST_SCANNED if self.filter else MOST_READ) - self.read
        if left <= 0:
            self.stopped = "records"
        elif self.bytes >= MOST_BYTES:
            self.stopped = "bytes"
        elif time.monotonic() > self.deadline:
            self.stopped = "time"
        if self.stopped:
            return 0
        if not self.read:
            return min(left, FIRST_CHUNK)
        fit = (MOST_BYTES - self.bytes) * self.read // max(1, self.bytes)
        return max(1, min(left, CHUNK, fit))

    @property
    def keep(self) -> int:
        """Bytes of a value or key that the reply has."""
        return max(0, min(self.asked.keep, MOST_KEPT))

    async def take(
        self, ranges: Mapping[int, Range], low: Mapping[int, int], high: Mapping[int, int]
    ) -> None:
        """Read these offsets; only places from `low` on and below `high` count."""
        stream = self.asked.stream
        wanted: dict[Shard, Range] = {(stream, s): r for s, r in ranges.items() if r[0] < r[1]}
        if not wanted:
            return
        # Counted by offsets: a log may have gaps, and they are read, too.
        self.read += sum(end - begin for begin, end in wanted.values())
        async for batch in self.log.read(wanted):
            self.bytes += sum(len(record.value or b"") for record in batch)
            self.found += await asyncio.to_thread(self._rows, batch, low, high)

    def _rows(
        self, batch: Sequence[LogRecord], low: Mapping[int, int], high: Mapping[int, int]
    ) -> list[Found]:
        found: list[Found] = []
        for record in batch:
            together = list(parts(record))
            for place, part, dropped in together:
                if not low.get(part.shard, 0) <= place < high.get(part.shard, 1 << 62):
                    continue
                sub = place - place_of(part.offset)
                looks_inside = self.filter.of_values
                event = decoded(part.value) if looks_inside else None
                if not self.filter.matches(part, sub, event):
                    continue
                event = event if looks_inside else decoded(part.value)
                of = len(together) if part.value is not record.value else 0
                row = row_of(part, sub, of, event, self.keep, dropped)
                found.append(((row.timestamp_ms, row.shard, place), place, row))
        self.matched += len(found)
        return found
