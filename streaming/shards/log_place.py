"""Where a record is in its shard, as one number: the log's offset, and which record of it.

Several records may travel in one of the log (aggregation); all others are number 0 of theirs.
"""

from __future__ import annotations

from typing import Final

from streaming.shards.packed import MOST_TOGETHER

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
