"""Several records in one of the log: what readers of the log make of an aggregate.

The log's record carries the range of hash keys of the shard that took it, in a header: a reader
drops the whole aggregate when a record in it belongs elsewhere (the KCL's rule, `within_range`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from streaming.shards.kpl import MAGIC, UserRecord, deaggregate, within_range

RANGE_HEADER: Final = "range"
MOST_TOGETHER: Final = 8191
"""Records in an aggregate. Whatever has more is no aggregate here; the KPL's 51,200 bytes hold
fewer by far."""

OUTSIDE: Final = "outside_shard"
"""Why the records of a dropped aggregate are dead letters."""


class Unpacked(NamedTuple):
    """The records of an aggregate, and whether a reader has to drop all of them."""

    records: list[UserRecord]
    dropped: bool


def range_text(low: str, high: str) -> bytes:
    """A shard's range, from two hash keys in hexadecimal."""
    return f"{low}-{high}".encode()


def unpack(value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> Unpacked | None:
    """What is in an aggregate; None for a record that is none. Never raises."""
    if value is None or value[:4] != MAGIC:
        return None
    records = deaggregate(value)
    if records is None or len(records) > MOST_TOGETHER:
        return None
    for name, text in headers:
        if name == RANGE_HEADER:
            low, _, high = text.partition(b"-")
            try:
                start, end = int(low, 16), int(high, 16)
            except ValueError:
                return None
            return Unpacked(records, not within_range(records, start, end))
    return Unpacked(records, False)
