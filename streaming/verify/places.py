"""Where a record is in its shard, as one number: the log's offset, and which record of it.

Several records may travel in one of the log (aggregation); all others are number 0 of theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from streaming.shards.packed import MOST_TOGETHER, unpack
from streaming.shards.route import explicit_headers
from streaming.verify.log import LogRecord, Shard

SUB_BITS: Final = MOST_TOGETHER.bit_length()
SHARD_BITS: Final = 10
PLACE_BITS: Final = 63 - SHARD_BITS
"""So offsets go up to 2^40, a million million, and shards to 1,023."""


def place_of(offset: int, sub: int = 0) -> int:
    """One number; it sorts as records are in the shard."""
    return (offset << SUB_BITS) + sub


def offset_of(place: int) -> int:
    """The log's offset."""
    return place >> SUB_BITS


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
