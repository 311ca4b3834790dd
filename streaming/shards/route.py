"""Where a record goes, and how its explicit hash key travels.

In Kinesis it is a parameter of the record (PutRecord, ExplicitHashKey: a decimal number that
overrides the partition key's hash). A record of the log carries it in a header of that name, a
record in an aggregate in the aggregate's own table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from streaming.shards.hash_keys import HASH_KEYS, hash_key

EXPLICIT_HEADER: Final = "ExplicitHashKey"

_DIGITS: Final = len(str(HASH_KEYS))


class Route(NamedTuple):
    """The shard's number and the key's bytes (None without a key), and an explicit hash key."""

    shard: int
    key: bytes | None
    explicit: int | None = None


def explicit_headers(explicit: int | None) -> list[tuple[str, bytes]]:
    """The headers of a record with this explicit hash key, or without one."""
    return [] if explicit is None else [(EXPLICIT_HEADER, str(explicit).encode())]


def hash_of(key: bytes, headers: Iterable[tuple[str, bytes]]) -> int:
    """The hash key that routes a record of the log: the explicit one, or its partition key's.

    A header that holds no hash key counts for none.
    """
    for name, text in headers:
        # The length comes first: a long text of digits takes int() long.
        if name == EXPLICIT_HEADER and len(text) <= _DIGITS and text.isdigit():
            explicit = int(text)
            if explicit < HASH_KEYS:
                return explicit
    return hash_key(key.decode("utf-8", "replace"))
