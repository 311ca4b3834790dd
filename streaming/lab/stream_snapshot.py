"""A stream in a snapshot: its shards, what they carry, and its epochs side by side.

None means "not known" and is drawn as `-`, never as 0. Rates are per second, times in milliseconds
unless the name says otherwise; every `str` may carry words from outside (`snapshot.py`).
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from streaming.lab.series import LagStatus
from streaming.lag.burrow import GroupStatus

ShardState: TypeAlias = Literal[
    "starting", "ok", "warm", "hot", "moving", "stalled", "halted", "paused", "waiting", "closed"
]


class SnapshotPart(msgspec.Struct, frozen=True, gc=False, omit_defaults=False):
    """Base of the parts of a snapshot."""


class KinesisShardView(SnapshotPart, frozen=True, gc=False):
    """What a shard of the Kinesis view has beside a partition.

    `start` and `end`, both included, are hash keys as decimal texts; `width` is its part (0–1) of
    all hash keys. `lifecycle` is "open", "closed" (only read) or "expired" (no longer listed).
    `held`: its parents are not read to their ends yet, so it waits. `load` is what comes in as a
    part of what it takes (1.0 is its limit), None without limits. `throttled` counts refusals
    (ProvisionedThroughputExceeded) since the producer started, `waiting` the records that wait for
    their turn.
    """

    name: str
    start: str
    end: str
    width: float
    lifecycle: Literal["open", "closed", "expired"]
    parents: tuple[int, ...]
    children: tuple[int, ...]
    held: bool
    load: float | None
    throttled: int
    throttled_per_s: float | None
    waiting: int


class ShardView(SnapshotPart, frozen=True, gc=False):
    """One shard (partition) of a stream.

    `share` is its part (0–1) of the stream's records in over the last 10 s; `clear_s` is the time
    to work off the lag at the present rates (0 when there is none, infinity when it grows, None
    when unknown); `trend` is records in per second, oldest first, one number per second.
    `lag_ms` is the age of the oldest record that is not yet in the store, `iterator_age_ms` that of
    the last one that is (0: all are), `lag_per_s` how fast the lag grows. `status` is by Burrow's
    rules, "NO COMMIT" before anything was stored of a log that has records.
    """

    id: int
    records: int
    bytes: int
    end_offset: int | None
    stored_offset: int | None
    share: float | None
    in_per_s: float | None
    out_per_s: float | None
    lag: int | None
    lag_ms: float | None
    clear_s: float | None
    trend: tuple[int, ...]
    owner: str | None
    state: ShardState
    watermark_at_ms: int | None
    idle: bool
    iterator_age_ms: float | None = None
    lag_per_s: float | None = None
    status: LagStatus | None = None
    kinesis: KinesisShardView | None = None
    heat: tuple[int, ...] = ()
    """Records in per second in each 10 s of the last 5 minutes, oldest first, the last not over."""


class SkewView(SnapshotPart, frozen=True, gc=False):
    """How unevenly records fell on a stream's shards over the last 10 s (1.0, 0.0, 1.0 is even)."""

    max_over_mean: float
    gini: float
    jain: float


class PackingView(SnapshotPart, frozen=True, gc=False):
    """Records packed together: how ("kpl" or "naive"), since the plan holds.

    `efficiency` is the records' data as a part (0–1) of the packs' bytes; `delay_ms` how long a
    record waits in a pack on average. None before the first pack.
    """

    kind: Literal["kpl", "naive"]
    records_per_pack: float | None
    efficiency: float | None
    delay_ms: float | None


class CollectionView(SnapshotPart, frozen=True, gc=False):
    """The calls that put a stream's records: many by one ("on", PutRecords) or each by its own.

    Since the plan holds: `records_per_call` counts records of the log, `delay_ms` is how long one
    waited for its call on average (None before the first call). `waiting` counts the records that
    wait to be put now, for company or because calls do not come fast enough.
    """

    on: bool
    calls_per_s: float | None
    records_per_call: float | None
    delay_ms: float | None
    waiting: int


class HeavyKeyView(SnapshotPart, frozen=True, gc=False):
    """A heavy key: at least how many records it had in the epoch, and where they go (None: no).

    `share` is its part (0–1) of the records that were counted with it.
    """

    key: str
    records: int
    shard: int | None
    share: float | None = None


class PredictionView(SnapshotPart, frozen=True, gc=False):
    """What a what-if on the newest records expected of a plan before it held."""

    max_over_mean: float
    hottest_share: float
    throttled_share: float
    distinct_keys: int


class CandidateView(SnapshotPart, frozen=True, gc=False):
    """What a key that does not hold would do, by `records` of the stream's newest records.

    `moved` is the part (0–1) of the keys that would have another shard, None where that cannot be
    told: another key makes other keys.
    """

    key: str
    view: str
    shards: int
    keeps: str
    loses: str
    records: int
    max_over_mean: float
    cv: float
    gini: float
    jain: float
    hottest_share: float
    throttled_share: float
    distinct_keys: int
    moved: float | None


class MovedView(SnapshotPart, frozen=True, gc=False):
    """What a change of the shards does to the keys: shares (0–1) that have another shard now.

    Foretold of keys and of their records; `measured` is of `compared` keys seen before and after
    (None: not yet).
    """

    foretold: float
    foretold_records: float
    measured: float | None
    compared: int


class EpochView(SnapshotPart, frozen=True, gc=False):
    """A stream under one plan, measured from `began_at_ms` to `ended_at_ms` (None: it holds).

    `shards` take records; `counts` are the records of each of `ids`. The measures are None before
    there are records. `hottest_load` is the busiest shard's part of what a shard takes (1.0 is its
    limit), None without limits. `throttled` counts refusals, `inversions` the records stored
    after a later one of their customer. `keeps` and `loses` say
    what order the key keeps.
    """

    epoch: int
    began_at_ms: int
    ended_at_ms: int | None
    key: str
    view: str
    shards: int
    keeps: str
    loses: str
    why: str
    records: int
    ids: tuple[int, ...]
    counts: tuple[int, ...]
    max_over_mean: float | None
    cv: float | None
    gini: float | None
    jain: float | None
    hottest_load: float | None
    throttled: int
    distinct_keys: float | None
    inversions: int
    predicted: PredictionView | None
    moved: MovedView | None = None


class StreamView(SnapshotPart, frozen=True, gc=False):
    """One stream (topic) with its shards; `skew` is None until records were seen."""

    name: str
    key: str
    shards: tuple[ShardView, ...]
    skew: SkewView | None
    in_per_s: float | None
    out_per_s: float | None
    lag: int | None
    lag_ms: float | None
    watermark_at_ms: int | None
    epochs: tuple[EpochView, ...] = ()
    """The present one last, and the one before it."""
    heavy: tuple[HeavyKeyView, ...] = ()
    view: Literal["msk", "kinesis"] = "msk"
    limits: Literal["off", "course", "today"] = "off"
    packing: PackingView | None = None
    collection: CollectionView | None = None
    throttled_per_s: float | None = None
    status: GroupStatus | None = None
    """The consumer group's on this stream, by Burrow's rules."""
    waiting: int = 0
    """Records that a full shard makes wait in the producer."""
