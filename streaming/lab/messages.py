"""What the engine and its own processes (consumers, generators, clients) say to each other."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.snapshot import LabSnapshot
from streaming.shards.plan import StreamPlan


class _Message(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Base of all messages."""


# --- consumer → engine ----------------------------------------------------------------------


class HelloConsumer(_Message, frozen=True, tag=True, gc=False):
    """First message of a consumer process."""

    name: str
    pid: int


class ShardId(msgspec.Struct, frozen=True, order=True, gc=False):
    """A shard's address: stream and number."""

    stream: str
    shard: int


class Claim(_Message, frozen=True, tag=True, gc=False):
    """The group gave me these shards: where do I start? Sent inside every rebalance.

    `generation` is the group's; `member` its member id.
    """

    generation: int
    member: str
    shards: tuple[ShardId, ...]


class Range(_Message, frozen=True, tag=True, gc=False):
    """Records [first, next) of one shard, all accounted for by the handover that carries this.

    `watermark_ms` is the highest event time of the shard up to `next` (None: none yet).
    """

    stream: str
    shard: int
    first: int
    next: int
    watermark_ms: int | None
    records: int
    bytes: int


class PaneRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A partial aggregate of one pane x dimension x key; sketches as their own bytes."""

    stream: str
    start_ms: int
    dim: str
    key: str
    n: int
    total: int
    lowest: int
    highest: int
    hll: bytes
    kll: bytes


class LateRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A record that came after its window was final; `watermark_ms` is what made it late."""

    stream: str
    shard: int
    offset: int
    event_ms: int
    watermark_ms: int
    type: str
    category: str
    country: str
    customer_id: str
    value: int


class DeadRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A record that is no event, with its bytes (at most 64 KiB; `size` is the true length)."""

    stream: str
    shard: int
    offset: int
    reason: str
    detail: str
    key: bytes | None
    value: bytes | None
    size: int


class RawRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A record to be stored as it is (orders always, clicks when asked for)."""

    stream: str
    shard: int
    offset: int
    value: bytes


class OrderRun(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Records of one shard in the order they were read: who they are of, and their numbers.

    Each is an array of int64 in memory order, equally long. Records that were planted late or
    twice are left out: their maker sent them so.
    """

    stream: str
    shard: int
    offsets: bytes
    customers: bytes
    sequences: bytes


class Handover(_Message, frozen=True, tag=True, gc=False):
    """Everything about some ranges of records, to be stored in one transaction or refused whole.

    `sent_ms` counts records by their produce time, rounded down to 10 ms (for the latency).
    """

    claim: int
    seq: int
    ranges: tuple[Range, ...]
    panes: list[PaneRow]
    late: list[LateRow]
    dead: list[DeadRow]
    raw: list[RawRow]
    sent_ms: list[tuple[int, int]]
    order: tuple[OrderRun, ...] = ()


class ConsumerState(_Message, frozen=True, tag=True, gc=False):
    """The group left this member without shards or in a rebalance: "joining" or "running"."""

    state: str


# --- engine → consumer ----------------------------------------------------------------------


class Position(msgspec.Struct, frozen=True, gc=False):
    """Where a shard stands in the store; `floor_ms`: windows up to here are final."""

    stream: str
    shard: int
    next: int
    watermark_ms: int | None
    floor_ms: int | None


class Claimed(_Message, frozen=True, tag=True, gc=False):
    """The answer to a Claim; handovers must carry its number."""

    claim: int
    positions: tuple[Position, ...]


class Ack(_Message, frozen=True, tag=True, gc=False):
    """The answer to a Handover: stored, or refused.

    After a refusal the consumer claims its shards again and reads from where the store stands.
    `stale` says that another member claimed a shard since: hands off until the next rebalance.
    """

    seq: int
    ok: bool
    reason: str = ""
    stale: bool = False


ToConsumer: TypeAlias = Claimed | Ack


# --- generators -----------------------------------------------------------------------------


class HelloProducer(_Message, frozen=True, tag=True, gc=False):
    """First message of the generator process."""

    pid: int
    incarnation: int


class Acked(msgspec.Struct, frozen=True, gc=False):
    """One past the last offset of a shard that the broker acknowledged."""

    stream: str
    shard: int
    end: int


class Truth(msgspec.Struct, frozen=True, gc=False):
    """A planted incident as the generators know it; `end_ms` moves while it lasts."""

    kind: str
    start_ms: int
    end_ms: int
    intensity: float
    target: str
    records: int


class HeavyKey(msgspec.Struct, frozen=True, gc=False):
    """A key with how many records it had at least, and the shard that its last one went to."""

    key: str
    records: int
    shard: int | None


class KeyStats(msgspec.Struct, frozen=True, gc=False):
    """The keys of a stream's records since its epoch began, or since the generators started.

    `distinct` is an estimate (1.6 % standard error), None for records without a key.
    """

    stream: str
    epoch: int
    records: int
    distinct: float | None
    heaviest: tuple[HeavyKey, ...]


class ProducerStats(_Message, frozen=True, tag=True, gc=False):
    """Delivery so far, counted from the broker's acknowledgements."""

    state: str
    shape: str
    target_per_s: float
    produced: int
    acked: int
    failed: int
    behind_ms: float
    incidents: tuple[str, ...]
    acked_ends: tuple[Acked, ...]
    truth: tuple[Truth, ...]
    keys: tuple[KeyStats, ...] = ()


class Told(_Message, frozen=True, tag=True, gc=False):
    """What the generators did with a command of the same number."""

    number: int
    reply: Reply


class Hold(_Message, frozen=True, tag=True, gc=False):
    """Stop writing and wait until all that was written is acknowledged. `Adopt` ends it."""


class Adopt(_Message, frozen=True, tag=True, gc=False):
    """Write by these plans from now on."""

    plans: tuple[StreamPlan, ...]


Order: TypeAlias = Command | Hold | Adopt
"""What the generators are told."""


class Tell(_Message, frozen=True, tag=True, gc=False):
    """An order for the generators."""

    number: int
    command: Order


# --- clients (screen, command line) ---------------------------------------------------------


class HelloClient(_Message, frozen=True, tag=True, gc=False):
    """First message of a view: it will get every snapshot and may send commands."""

    name: str


class Ask(_Message, frozen=True, tag=True, gc=False):
    """A command with the number its answer will carry."""

    number: int
    command: Command


class Answer(_Message, frozen=True, tag=True, gc=False):
    """The reply to the command of that number."""

    number: int
    reply: Reply


class Tick(_Message, frozen=True, tag=True, gc=False):
    """A new snapshot."""

    snapshot: LabSnapshot


ToEngine: TypeAlias = (
    HelloConsumer
    | Claim
    | Handover
    | ConsumerState
    | HelloProducer
    | ProducerStats
    | Told
    | HelloClient
    | Ask
)
ToClient: TypeAlias = Answer | Tick
