"""The newest records of a stream, read again from its log: a slice of time over all shards.

A slice by time, and not the end of each shard, for only that has each shard's true part.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from streaming.broker.connection import Connection
from streaming.verify.log import KafkaLog, LogRecord, Range, Shard
from streaming.verify.places import parts
from streaming.windows.records import DECODERS

FIRST_S: Final = 4.0
"""How far back the first look goes, in seconds; each further one goes four times as far."""


async def tail(
    kafka: Connection, topics: Mapping[str, str], stream: str, records: int
) -> list[bytes]:
    """The values of the stream's last `records` records, oldest first; fewer if there are fewer.

    Poison is left out: it has no fields to make a key of. Raises VerifyError when the log cannot
    be read.
    """
    return events_of(stream, await tail_records(kafka, topics, stream, records))


def events_of(stream: str, records: Iterable[LogRecord]) -> list[bytes]:
    """The values of those records that are events."""
    values = (record.value for record in records)
    return [value for value in values if value is not None and _is_event(stream, value)]


async def tail_records(
    kafka: Connection, topics: Mapping[str, str], stream: str, records: int
) -> list[LogRecord]:
    """The stream's last `records` records, whatever they are, oldest first; aggregates taken apart.

    Raises VerifyError when the log cannot be read.
    """
    async with KafkaLog(kafka, topics) as log:
        bounds = await log.bounds(stream)
        ranges = await _slice(log, stream, bounds, records)
        found: list[LogRecord] = []
        if ranges:
            async for some in log.read(ranges):
                found += [part for record in some for _, part, _ in parts(record)]
    found.sort(key=lambda record: record.timestamp_ms)
    return found[-records:]


def _is_event(stream: str, value: bytes) -> bool:
    try:
        DECODERS[stream].decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return False
    return True


async def _slice(
    log: KafkaLog, stream: str, bounds: Mapping[int, Range], records: int
) -> dict[Shard, Range]:
    """Offsets from the same instant on in every shard, with at least `records` after it."""
    now_ms, back_s = time.time() * 1000, FIRST_S
    while True:
        starts = await log.starts(stream, bounds, int(now_ms - back_s * 1000))
        ranges = {
            (stream, shard): (max(begin, starts[shard]), end)
            for shard, (begin, end) in bounds.items()
        }
        whole = all(ranges[stream, shard][0] == begin for shard, (begin, _) in bounds.items())
        if whole or sum(end - start for start, end in ranges.values()) >= records:
            return {shard: (start, end) for shard, (start, end) in ranges.items() if start < end}
        back_s *= 4
