"""The hash keys of Kinesis: the MD5 of a partition key's UTF-8 bytes as an unsigned 128-bit number.

From the API reference of PutRecord, PartitionKey.
"""

from __future__ import annotations

from hashlib import md5
from typing import Final

HASH_KEYS: Final = 2**128
"""Kinesis hash keys go from 0 to this less one."""

SPREAD_STEP: Final = 210306068529402873165736369884012333109
"""2^128 divided by the golden ratio, odd: a walk by it falls on every range as often as it is
wide, however many steps it has (Weyl, 1916)."""


def hash_key(key: str) -> int:
    """The Kinesis hash key of a partition key."""
    return int.from_bytes(md5(key.encode(), usedforsecurity=False).digest())


def even_starts(count: int) -> list[int]:
    """Where the ranges of a new stream's shards begin: each is ⌊2^128/n⌋ wide, the last wider."""
    width = HASH_KEYS // count
    return [number * width for number in range(count)]
