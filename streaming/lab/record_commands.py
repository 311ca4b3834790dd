"""What may be asked of the records themselves; see `streaming.lab.commands`.

Both are answered from the log, within bounds of count, bytes and time, and change nothing.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

From: TypeAlias = Literal["newest", "after", "before", "offset", "time"]
"""The newest records; those after or before some places; from an offset or a time of the log on."""

MOST_RECORDS: Final = 1000
"""Records in one reply."""

MOST_KEPT: Final = 64 * 1024
"""Bytes of a value or key in a reply; the true size is told."""


class ReadRecords(msgspec.Struct, frozen=True, tag=True):
    """Read records of a stream; the reply's `data` is a `RecordsPage` as JSON.

    `shard` None means all of them. `cursor` holds a place (`streaming.verify.places`) of each
    shard: "newest" with one gives what came since, and of too much the newest part. `at` is the
    offset (of `shard`), or the ms since the Unix epoch by the log's own times; "before" reads
    faster when told that of the cursor. `filter` is written as in `streaming.records.filters`.
    `keep` is how many bytes of each value and key are wanted.
    """

    stream: str
    shard: int | None = None
    start: From = "newest"
    at: int = 0
    cursor: dict[int, int] = {}
    limit: int = 200
    filter: str = ""
    keep: int = 4096


class TraceRecord(msgspec.Struct, frozen=True, tag=True):
    """Follow one record from its key to what counted it; the reply's `data` is a `RecordPath`.

    `sub` is its number in an aggregate, 0 for a record that travels alone.
    """

    stream: str
    shard: int
    offset: int
    sub: int = 0


RecordCommand: TypeAlias = ReadRecords | TraceRecord
