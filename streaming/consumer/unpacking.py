"""Takes aggregates apart: to the rest of the consumer a record in one is like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streaming.lab.messages import DeadRow
from streaming.shards.kpl import MAGIC
from streaming.shards.packed import OUTSIDE, unpack
from streaming.windows.dead import dead_row
from streaming.windows.part import Part


def take_apart(
    stream: str, shard: int, records: Sequence[Any]
) -> tuple[Sequence[Any], list[DeadRow]]:
    """The records with aggregates taken apart, and those of aggregates that have to be dropped."""
    if not any(record.value is not None and record.value[:4] == MAGIC for record in records):
        return records, []
    found: list[Any] = []
    dropped: list[DeadRow] = []
    for record in records:
        pack = unpack(record.value, record.headers)
        if pack is None:
            found.append(record)
            continue
        parts = [
            Part(record.offset, record.timestamp, user.partition_key.encode(), user.data, (), sub)
            for sub, user in enumerate(pack.records)
        ]
        if pack.dropped:
            detail = f"one of {len(parts)} records put together belongs to another shard"
            dropped += [dead_row(stream, shard, part, OUTSIDE, detail, part.sub) for part in parts]
        else:
            found += parts
    return found, dropped
