"""A log in memory that finds offsets by time, and what reads pages of it."""

import asyncio
import json

from streaming.lab.record_commands import ReadRecords
from streaming.records.filters import parse_filter
from streaming.records.reading import read_page
from streaming.verify.log import LogRecord
from tests.windows.window_support import NOW, click


class MemoryLog:
    def __init__(self):
        self.records = {}
        self.reads = []

    def put(self, shard, value, *, at=NOW, key=b"k", headers=()):
        records = self.records.setdefault(shard, [])
        if isinstance(value, dict):
            value = json.dumps(value).encode()
        records.append(LogRecord("clicks", shard, len(records), at, headers, key, value))

    async def bounds(self, stream):
        return {shard: (0, len(records)) for shard, records in self.records.items()}

    async def starts(self, stream, bounds, timestamp_ms):
        return {
            shard: next(
                (r.offset for r in self.records[shard] if r.timestamp_ms >= timestamp_ms), end
            )
            for shard, (_, end) in bounds.items()
        }

    async def read(self, ranges):
        self.reads.append(ranges)
        for (_, shard), (first, end) in ranges.items():
            yield self.records[shard][first:end]


def filled(records=1000, shards=3, step_ms=100):
    """Clicks put one after the other, the newest at NOW; every tenth from BR."""
    log = MemoryLog()
    for n in range(records):
        at = NOW - (records - 1 - n) * step_ms
        country = "DE" if n % 10 else "BR"
        log.put(n % shards, click(at, id=f"e{n}", country=country), at=at)
    return log


def page(log, start="newest", filter="", **asked):
    command = ReadRecords("clicks", start=start, filter=filter, **asked)
    return asyncio.run(read_page(log, command, parse_filter(filter), NOW + 1))


def ids(found):
    return [json.loads(row.value)["id"] for row in found.rows]
