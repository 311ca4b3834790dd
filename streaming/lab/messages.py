"""What the engine, its consumers and its clients say to each other."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.snapshot import LabSnapshot
from streaming.shards.plan import Limits
from streaming.windows.plan import WindowPlan


class Message(msgspec.Struct, frozen=True, tag=True, gc=False):
    """Base of all messages."""


# --- consumer → engine ----------------------------------------------------------------------


class HelloConsumer(Message, frozen=True, tag=True, gc=False):
    """First message of a consumer process."""

    name: str
    pid: int


class ShardId(msgspec.Struct, frozen=True, order=True, gc=False):
    """A shard's address: stream and number."""

    stream: str
    shard: int


class Claim(Message, frozen=True, tag=True, gc=False):
    """The group gave me these shards: where do I start? Sent inside every rebalance.

    `generation` is the group's; `member` its member id.
    """

    generation: int
    member: str
    shards: tuple[ShardId, ...]


class Range(Message, frozen=True, tag=True, gc=False):
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
    buckets: bytes


class SetRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A partial cell of a pane set: see `windows.cells.Cell`, with its pane and key."""

    set: str
    start_ms: int
    key: str
    n: int
    first_ms: int
    last_ms: int
    states: list[Any]


class SetLateRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A record that is late for a pane set; `watermark_ms` is what made it late."""

    set: str
    shard: int
    offset: int
    sub: int
    event_ms: int
    watermark_ms: int


class LateRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A record that came after its window was final; `watermark_ms` is what made it late.

    Here as below, `sub` numbers the records of an aggregate; it is 0 for one that is alone.
    """

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
    sub: int = 0


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
    sub: int = 0


class RawRow(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """A record to be stored as it is (orders always, clicks when asked for)."""

    stream: str
    shard: int
    offset: int
    value: bytes
    sub: int = 0


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


class Handover(Message, frozen=True, tag=True, gc=False):
    """Everything about some ranges of records, to be stored in one transaction or refused whole.

    `sent_ms` counts records by their produce time, rounded down to 10 ms (for the latency). `sets`
    and `set_late` are of the declared windows of the plan with number `plan`.
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
    plan: int = 0
    sets: list[SetRow] = []
    set_late: list[SetLateRow] = []


class ConsumerState(Message, frozen=True, tag=True, gc=False):
    """What the group does with a member: "joining" (it has no shards now) or "running".

    `lets_go` are the shards that it reads no longer, as others will have them.
    """

    state: str
    lets_go: tuple[ShardId, ...] = ()


# --- engine → consumer ----------------------------------------------------------------------


class Position(msgspec.Struct, frozen=True, gc=False):
    """Where a shard stands in the store; `floor_ms`: windows up to here are final."""

    stream: str
    shard: int
    next: int
    watermark_ms: int | None
    floor_ms: int | None


class ReadRule(msgspec.Struct, frozen=True, gc=False):
    """How a stream's shards are read: by whose numbers, if any, and as one of how many that poll.

    With `fan_out` (enhanced fan-out) what others read does not matter.
    """

    stream: str
    numbers: Limits
    readers: int
    fan_out: bool


class Claimed(Message, frozen=True, tag=True, gc=False):
    """The answer to a Claim; handovers must carry its number. The rest is as in `Reading`."""

    claim: int
    positions: tuple[Position, ...]
    held: tuple[ShardId, ...] = ()
    rules: tuple[ReadRule, ...] = ()
    windows: WindowPlan = WindowPlan(0)


class Follow(Message, frozen=True, tag=True, gc=False):
    """Other windows from now on: hand over what is collected, then go by this plan."""

    windows: WindowPlan


class Reading(Message, frozen=True, tag=True, gc=False):
    """How to read from now on.

    `held` shards are not to be read: those they came from are not read to their ends.
    """

    held: tuple[ShardId, ...]
    rules: tuple[ReadRule, ...]


class Ack(Message, frozen=True, tag=True, gc=False):
    """The answer to a Handover: stored, or refused.

    After a refusal the consumer claims its shards again and reads from where the store stands.
    `stale` says that another member claimed a shard since: hands off until the next rebalance.
    """

    seq: int
    ok: bool
    reason: str = ""
    stale: bool = False


class Pace(Message, frozen=True, tag=True, gc=False):
    """Read nothing while `paused`, else at most `per_s` records a second (0: any number)."""

    paused: bool = False
    per_s: float = 0.0


ToConsumer: TypeAlias = Claimed | Ack | Reading | Follow | Pace


# --- clients (screen, command line) ---------------------------------------------------------


class HelloClient(Message, frozen=True, tag=True, gc=False):
    """First message of a view: it will get every snapshot and may send commands."""

    name: str


class Ask(Message, frozen=True, tag=True, gc=False):
    """A command with the number its answer will carry."""

    number: int
    command: Command


class Answer(Message, frozen=True, tag=True, gc=False):
    """The reply to the command of that number."""

    number: int
    reply: Reply


class Tick(Message, frozen=True, tag=True, gc=False):
    """A new snapshot."""

    snapshot: LabSnapshot


ToClient: TypeAlias = Answer | Tick
