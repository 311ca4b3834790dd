"""What the engine and the generators say to each other."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.messages import Message
from streaming.shards.plan import StreamPlan


class HelloProducer(Message, frozen=True, tag=True, gc=False):
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

    `distinct` is an estimate (1.6 % standard error), None for records without a key. `throttled`
    counts the shards' refusals.
    """

    stream: str
    epoch: int
    records: int
    distinct: float | None
    heaviest: tuple[HeavyKey, ...]
    throttled: int = 0


class ShardPuts(msgspec.Struct, frozen=True, gc=False):
    """A shard with limits: records refused since the generators started, and those that wait."""

    stream: str
    shard: int
    throttled: int
    waiting: int


class PackingStats(msgspec.Struct, frozen=True, gc=False):
    """Aggregation on a stream: `records` in `packs`, their data in bytes and the packs' bytes.

    `waited_ms` is the sum over all records of how long each was in a pack before it was sent.
    """

    stream: str
    packs: int
    records: int
    payload: int
    bytes: int
    waited_ms: float


class CollectionStats(msgspec.Struct, frozen=True, gc=False):
    """The calls that put a stream's records: `puts` records of the log in `calls`.

    `records` are the same with those of aggregates one by one, `waited_ms` the sum over them of
    how long each waited to be put, and `waiting` those that still do.
    """

    stream: str
    calls: int
    puts: int
    records: int
    waited_ms: float
    waiting: int


class ProducerStats(Message, frozen=True, tag=True, gc=False):
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
    puts: tuple[ShardPuts, ...] = ()
    packing: tuple[PackingStats, ...] = ()
    collection: tuple[CollectionStats, ...] = ()
    incident_ends: tuple[int, ...] = ()
    """By the wall clock in ms, in the order of `incidents`."""


class Told(Message, frozen=True, tag=True, gc=False):
    """What the generators did with a command of the same number."""

    number: int
    reply: Reply


class Hold(Message, frozen=True, tag=True, gc=False):
    """Stop writing and wait until all that was written is acknowledged. `Adopt` ends it."""


class Adopt(Message, frozen=True, tag=True, gc=False):
    """Write by these plans from now on."""

    plans: tuple[StreamPlan, ...]


Order: TypeAlias = Command | Hold | Adopt
"""What the generators are told."""


class Tell(Message, frozen=True, tag=True, gc=False):
    """An order for the generators."""

    number: int
    command: Order
