"""What the engine publishes: one frozen `LabSnapshot` per tick, the only thing a view ever reads.

Tuples, numbers and short texts only. None means "not known" and is drawn as `-`, never as 0.
Rates are per second, times in milliseconds unless the name says otherwise (`_s`, `_at_ms` is a
wall clock in milliseconds since the Unix epoch). Texts may carry words from outside (a broker's
error, a topic's name): a view must treat every `str` here as hostile.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

SNAPSHOT_VERSION = 1

LabState: TypeAlias = Literal[
    "starting", "live", "paused", "draining", "verifying", "stopping", "stopped", "failed"
]
KILL_BROKER: Final = "kill_broker"
"""The capability of being killed and restarted from the lab."""

BrokerState: TypeAlias = Literal["starting", "up", "down", "restarting"]
NodeState: TypeAlias = Literal["up", "missing"]
ShardState: TypeAlias = Literal[
    "starting", "ok", "warm", "hot", "moving", "stalled", "halted", "waiting", "closed"
]
ConsumerState: TypeAlias = Literal["starting", "joining", "running", "paused", "dead"]
EventLevel: TypeAlias = Literal["info", "good", "warn", "alarm"]


class _View(msgspec.Struct, frozen=True, gc=False, omit_defaults=False):
    """Base of the parts of a snapshot."""


class NodeView(_View, frozen=True, gc=False):
    """A node of the cluster; `since_at_ms` is when it entered `state`.

    `leads` is how many of the lab's shards it leads (None: unknown); `rack` is its availability
    zone, "" when it tells none.
    """

    id: int
    address: str
    rack: str
    state: NodeState
    since_at_ms: int
    leads: int | None


class CapabilityView(_View, frozen=True, gc=False):
    """One thing a broker can or cannot do, as it was probed. `why` is the reason it cannot."""

    name: str
    text: str
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether it can."""
        return not self.why


class BrokerView(_View, frozen=True, gc=False):
    """The log's server. `since_at_ms` is when it entered `state`.

    `nodes` are all that were ever seen, `capabilities` what was probed: both are empty before the
    first answer. `behind` counts shards with a replica that is not in sync, `leaderless` shards
    that nobody leads just now; None: unknown. `refused` says why the cluster does not let the lab
    in, "" when it does.
    """

    kind: Literal["embedded", "external"]
    label: str
    address: str
    state: BrokerState
    since_at_ms: int
    restarts: int
    nodes: tuple[NodeView, ...] = ()
    behind: int | None = None
    leaderless: int | None = None
    capabilities: tuple[CapabilityView, ...] = ()
    refused: str = ""

    def lacks(self, name: str) -> str:
        """Why it cannot do this, "" when it can or nothing is known yet."""
        return next((c.why for c in self.capabilities if c.name == name), "")


class TrafficView(_View, frozen=True, gc=False):
    """The generators. `behind_ms` is how far event creation trails its own schedule."""

    state: Literal["starting", "running", "paused", "done", "dead"]
    shape: str
    target_per_s: float
    produced: int
    acked: int
    produced_per_s: float | None
    behind_ms: float | None
    incidents: tuple[str, ...]
    throttled: int


class KinesisShardView(_View, frozen=True, gc=False):
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


class ShardView(_View, frozen=True, gc=False):
    """One shard (partition) of a stream.

    `share` is its part (0–1) of the stream's records in over the last 10 s; `clear_s` is the time
    to work off the lag at the present rates (0 when there is none, infinity when it grows, None
    when unknown); `trend` is records in per second, oldest first, one number per second.
    `lag_ms` is the age of the oldest record that is not yet in the store.
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
    kinesis: KinesisShardView | None = None


class SkewView(_View, frozen=True, gc=False):
    """How unevenly records fell on a stream's shards over the last 10 s (1.0, 0.0, 1.0 is even)."""

    max_over_mean: float
    gini: float
    jain: float


class PackingView(_View, frozen=True, gc=False):
    """Records packed together: how ("kpl" or "naive"), since the plan holds.

    `efficiency` is the records' data as a part (0–1) of the packs' bytes; `delay_ms` how long a
    record waits in a pack on average. None before the first pack.
    """

    kind: Literal["kpl", "naive"]
    records_per_pack: float | None
    efficiency: float | None
    delay_ms: float | None


class HeavyKeyView(_View, frozen=True, gc=False):
    """A heavy key: at least how many records it had in the epoch, and where they go (None: no)."""

    key: str
    records: int
    shard: int | None


class PredictionView(_View, frozen=True, gc=False):
    """What a what-if on the newest records expected of a plan before it held."""

    max_over_mean: float
    hottest_share: float
    throttled_share: float
    distinct_keys: int


class MovedView(_View, frozen=True, gc=False):
    """What a change of the shards does to the keys: shares (0–1) that have another shard now.

    Foretold of keys and of their records; `measured` is of `compared` keys seen before and after
    (None: not yet).
    """

    foretold: float
    foretold_records: float
    measured: float | None
    compared: int


class EpochView(_View, frozen=True, gc=False):
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


class StreamView(_View, frozen=True, gc=False):
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
    throttled_per_s: float | None = None
    waiting: int = 0
    """Records that a full shard makes wait in the producer."""


class ConsumerView(_View, frozen=True, gc=False):
    """One consumer process. `shards` are names such as "clicks/3"."""

    name: str
    pid: int | None
    state: ConsumerState
    shards: tuple[str, ...]
    records: int
    records_per_s: float | None
    restarts: int


class StoreView(_View, frozen=True, gc=False):
    """The DuckDB store. Latencies are from produce to committed row."""

    stored: int
    windows_open: int
    windows_final: int
    late: int
    dead_letters: int
    refused: int
    merges: int
    commit_ms: float | None
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    size_bytes: int


class RatePoint(_View, frozen=True, gc=False):
    """All streams together, one point a second. None where it could not be measured."""

    at_ms: int
    in_per_s: float | None
    out_per_s: float | None
    lag: int | None
    mark: str = ""


class EventView(_View, frozen=True, gc=False):
    """One line of the lab's diary (also in the store's `journal`)."""

    seq: int
    at_ms: int
    level: EventLevel
    kind: str
    text: str


class LabSnapshot(_View, frozen=True, gc=False):
    """The whole lab at one instant, as measured by the engine."""

    version: int
    seq: int
    at_ms: int
    started_at_ms: int
    state: LabState
    detail: str
    data_dir: str
    key: str
    broker: BrokerView
    traffic: TrafficView
    streams: tuple[StreamView, ...]
    consumers: tuple[ConsumerView, ...]
    store: StoreView
    rebalances: int
    history: tuple[RatePoint, ...]
    events: tuple[EventView, ...]
    """Newest last, at most 200."""
    parents_first: bool = True
    """Kinesis view: child shards are read after their parents."""
