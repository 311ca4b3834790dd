"""The places of records in words, and those of the records in a packed one."""

from __future__ import annotations

from collections.abc import Iterator

from streaming.shards.log_place import SUB_BITS, place_of
from streaming.shards.packed import unpack
from streaming.shards.route import explicit_headers
from streaming.verify.log import LogRecord, Shard


def where(shard: Shard, place: int) -> str:
    """The place in words."""
    sub = place & ((1 << SUB_BITS) - 1)
    text = f"{shard[0]}/{shard[1]} offset {place >> SUB_BITS}"
    return f"{text} record {sub}" if sub else text


def parts(record: LogRecord) -> Iterator[tuple[int, LogRecord, bool]]:
    """The records in a record of the log: place, the record itself, and whether readers drop it."""
    pack = unpack(record.value, record.headers)
    if pack is None:
        yield place_of(record.offset), record, False
        return
    for sub, user in enumerate(pack.records):
        inner = record._replace(
            key=user.partition_key.encode(),
            value=user.data,
            headers=explicit_headers(user.explicit_hash_key),
        )
        yield place_of(record.offset, sub), inner, pack.dropped
