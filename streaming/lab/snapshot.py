"""What the engine publishes: one frozen `LabSnapshot` per tick, the only thing a view ever reads.

Tuples, numbers and short texts only. None means "not known" and is drawn as `-`, never as 0.
Rates are per second, times in milliseconds unless the name says otherwise (`_s`, `_at_ms` is a
wall clock in milliseconds since the Unix epoch). Texts may carry words from outside (a broker's
error, a topic's name): a view must treat every `str` here as hostile. `stream_snapshot.py` has the
streams with their shards and epochs.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from streaming.lab.alarm_snapshot import AlarmChangeView, AlarmView, DetectorView
from streaming.lab.consumer_snapshot import RebalanceView
from streaming.lab.stream_snapshot import SnapshotPart, StreamView

SNAPSHOT_VERSION = 1

LabState: TypeAlias = Literal[
    "starting", "live", "paused", "draining", "verifying", "stopping", "stopped", "failed"
]
KILL_BROKER: Final = "kill_broker"
"""The capability of being killed and restarted from the lab."""

PLANT_FAULTS: Final = "plant_faults"
"""The capability of misbehaving on demand."""

BrokerState: TypeAlias = Literal["starting", "up", "down", "restarting"]
NodeState: TypeAlias = Literal["up", "missing"]
ConsumerState: TypeAlias = Literal["starting", "joining", "running", "paused", "slowed", "dead"]
EventLevel: TypeAlias = Literal["info", "good", "warn", "alarm"]


class NodeView(SnapshotPart, frozen=True, gc=False):
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


class CapabilityView(SnapshotPart, frozen=True, gc=False):
    """One thing a broker can or cannot do, as it was probed. `why` is the reason it cannot."""

    name: str
    text: str
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether it can."""
        return not self.why


class FaultView(SnapshotPart, frozen=True, gc=False):
    """A fault planted in the broker, by its name in `streaming.broker.mischief`."""

    name: str
    until_at_ms: int


class BrokerView(SnapshotPart, frozen=True, gc=False):
    """The log's server. `since_at_ms` is when it entered `state`.

    `nodes` are all that were ever seen, `capabilities` what was probed: both are empty before the
    first answer. `behind` counts shards with a replica that is not in sync, `leaderless` shards
    that nobody leads just now; None: unknown. `refused` says why the cluster does not let the lab
    in, "" when it does. `faults` are those planted in it that are at work.
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
    faults: tuple[FaultView, ...] = ()

    def lacks(self, name: str) -> str:
        """Why it cannot do this, "" when it can or nothing is known yet."""
        return next((c.why for c in self.capabilities if c.name == name), "")


class TrafficView(SnapshotPart, frozen=True, gc=False):
    """The generators. `behind_ms` is how far event creation trails its own schedule.

    `incident_ends` are the wall clock's times (ms) at which the `incidents` end, in their order.
    """

    state: Literal["starting", "running", "paused", "done", "dead"]
    shape: str
    target_per_s: float
    produced: int
    acked: int
    produced_per_s: float | None
    behind_ms: float | None
    incidents: tuple[str, ...]
    throttled: int
    incident_ends: tuple[int, ...] = ()


class ConsumerView(SnapshotPart, frozen=True, gc=False):
    """One consumer process. `shards` are names such as "clicks/3".

    `limit_per_s` is the records a second it was slowed down to, None for one that was not.
    """

    name: str
    pid: int | None
    state: ConsumerState
    shards: tuple[str, ...]
    records: int
    records_per_s: float | None
    restarts: int
    limit_per_s: float | None = None


class ApplicationView(SnapshotPart, frozen=True, gc=False):
    """Another application that polls every shard, a process that shares the shards' reads.

    `reads_per_s` brought records, over all shards; `age_ms` is how old the newest record is that
    it has of the shard it is furthest behind in (0: it has read all of them).
    """

    name: str
    pid: int | None
    reads_per_s: float | None
    bytes_per_s: float | None
    age_ms: float | None
    restarts: int


class StoreView(SnapshotPart, frozen=True, gc=False):
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


class RatePoint(SnapshotPart, frozen=True, gc=False):
    """All streams together, one point a second. None where it could not be measured."""

    at_ms: int
    in_per_s: float | None
    out_per_s: float | None
    lag: int | None
    mark: str = ""


class EventView(SnapshotPart, frozen=True, gc=False):
    """One line of the lab's diary (also in the store's `journal`)."""

    seq: int
    at_ms: int
    level: EventLevel
    kind: str
    text: str


class ResultView(SnapshotPart, frozen=True, gc=False):
    """A declared window's result: `n` events in [start, end) with their values by name."""

    key: str
    start_at_ms: int
    end_at_ms: int
    n: int
    values: dict[str, int | float | str | None]
    is_final: bool


class WindowView(SnapshotPart, frozen=True, gc=False):
    """A declared window. `shape` tells its kind and sizes in words.

    `generation` is the number of the set that brought it; `final` counts its final results,
    `late` the records that came too late for its panes. `newest` are the latest
    final results, newest first. `scores` tell of Kinesis' functions over them, a line each.
    """

    name: str
    stream: str
    shape: str
    group_by: str
    generation: int
    final: int
    late: int
    newest: tuple[ResultView, ...]
    scores: tuple[str, ...] = ()


class WindowLine(SnapshotPart, frozen=True, gc=False):
    """A value of a declared window for one key: ends of windows (event time) with its values."""

    key: str
    points: tuple[tuple[int, float | None], ...]


class LabSnapshot(SnapshotPart, frozen=True, gc=False):
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
    """Generations of the group since the engine began."""
    history: tuple[RatePoint, ...]
    events: tuple[EventView, ...]
    """Newest last, at most 200."""
    readers: int = 1
    applications: tuple[ApplicationView, ...] = ()
    """Kinesis view with limits: applications that poll each shard, the lab included."""
    fan_out: bool = False
    """Kinesis view with limits: the lab reads by enhanced fan-out."""
    parents_first: bool = True
    """Kinesis view: child shards are read after their parents."""
    windows: tuple[WindowView, ...] = ()
    alarms: tuple[AlarmView, ...] = ()
    """Those in ALARM first."""
    alarm_changes: tuple[AlarmChangeView, ...] = ()
    """Newest first."""
    detectors: tuple[DetectorView, ...] = ()
    bells: int = 0
    """Times so far that an alarm asked for the terminal's bell."""
    notices: tuple[str, ...] = ()
    """What alarms want to be told on the desktop: the newest of `noticed`, newest last."""
    noticed: int = 0
    timeline: tuple[RebalanceView, ...] = ()
    """The group's last rebalances, newest first."""
    assignor: str = ""
    """How the group shares its shards out: one of `streaming.lab.assignors` ("": not known)."""
