"""Records and their paths as the views see them. None is what is not known."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

Stopped: TypeAlias = Literal["", "records", "bytes", "time"]
"""Why reading ended before everything asked for was read; "" when it did not."""

Fate: TypeAlias = Literal["waiting", "counted", "late", "dead"]
"""Not in the store yet; counted in windows; after its window was final; no event."""


class RecordRow(msgspec.Struct, frozen=True):
    """One record. `timestamp_ms` is the log's, when it was put; `event_ms` is the event's own.

    `key` and `value` are text, bytes that are no UTF-8 as hexadecimal escapes; `size` and
    `key_size` are the true bytes, `cut` says that the value is only its beginning. `sub` is its
    number in an aggregate of `of` records (0: alone), which no reader counts if it is `dropped`.
    """

    shard: int
    offset: int
    sub: int
    timestamp_ms: int
    event_ms: int | None
    type: str | None
    key: str | None
    key_size: int
    value: str | None
    size: int
    cut: bool
    utf8: bool
    headers: tuple[tuple[str, str], ...] = ()
    of: int = 0
    dropped: bool = False


class RecordsPage(msgspec.Struct, frozen=True):
    """What was read, oldest first. `before` and `after` are places from which paging goes on.

    `asked` counts the log's records in the range that was asked for, `read` those that were read,
    `matched` the records in them that the filter lets through; `skipped` is how many of the asked
    were left out between what was shown before and this.
    """

    rows: tuple[RecordRow, ...]
    before: dict[int, int]
    after: dict[int, int]
    asked: int
    read: int
    matched: int
    skipped: int
    stopped: Stopped
    at_end: bool


class KeyStep(msgspec.Struct, frozen=True):
    """How the record got its key: the strategy of its epoch, and what it made of the event."""

    strategy: str | None
    text: str | None


class HashStep(msgspec.Struct, frozen=True):
    """From the key to the shard. `kind` "none": no key decided.

    `hash` is decimal; `low` to `high` (hexadecimal, included) is the shard's range, `modulo` the
    number of partitions, `shard` where it leads by that.
    """

    kind: Literal["MD5", "explicit", "murmur2", "none"] | None
    of: str | None = None
    hash: str | None = None
    low: str | None = None
    high: str | None = None
    modulo: int | None = None
    shard: int | None = None
    agrees: bool | None = None


class CountedRow(msgspec.Struct, frozen=True):
    """A window that the record belongs to. `n` None: there is no row in the store yet.

    `state` "late": the record came too late for it and is not in it.
    """

    window: str
    by: str
    key: str
    start_ms: int | None
    end_ms: int | None
    n: int | None
    state: Literal["final", "open", "late"]


class AlarmOver(msgspec.Struct, frozen=True):
    """An alarm by event time that was in ALARM over a window; `until_ms` None: it still is."""

    alarm: str
    key: str
    watches: str
    since_ms: int
    until_ms: int | None
    reason: str


class RecordPath(msgspec.Struct, frozen=True):
    """One record, from its key to what counted it."""

    stream: str
    row: RecordRow
    view: str | None
    epoch: int | None
    began_ms: int | None
    key: KeyStep
    hash: HashStep
    shard_name: str | None
    consumer: str | None
    stored_offset: int | None
    fate: Fate | None
    reason: str
    counted: tuple[CountedRow, ...] = ()
    more_windows: int = 0
    """Further windows that it is in, of sliding ones with many."""
    alarms: tuple[AlarmOver, ...] = ()
