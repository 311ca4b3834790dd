"""The plan of each stream, and the way from one to the next while records flow.

The generators stop and wait for every acknowledgement, the broker says where the logs end, the
store begins the epoch there, and the generators go on by the new plan. Whatever fails on the way,
the plan that is in the store holds: nothing is lost, and every record belongs to one epoch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from streaming.broker.errors import BrokerError
from streaming.broker.topics import ensure_topics
from streaming.lab.changes import (
    Change,
    Recent,
    aggregate,
    collect,
    first_plan,
    limit,
    merge,
    split,
    switch_key,
    update_count,
)
from streaming.lab.commands import Reply
from streaming.lab.experiments import predict
from streaming.lab.measuring import measure
from streaming.lab.moves import Moves
from streaming.lab.producer_messages import Adopt, Hold
from streaming.shards.keys import BadKey
from streaming.shards.plan import StreamPlan
from streaming.shards.service_errors import Refused
from streaming.shards.whatif import Row
from streaming.store.epochs import FIRST, Epoch, Measured, MovedKeys
from streaming.store.ledger import Shard
from streaming.verify.log import LogRecord

if TYPE_CHECKING:
    from streaming.lab.engine import Engine
    from streaming.lab.merger import Merger
    from streaming.store.store import Store

HEADROOM: Final = 2
"""Partitions are made for so many times the shards that are needed: each new one makes the group
share out all of them again, and until a shard uses it nobody writes there."""

Make: TypeAlias = Callable[[StreamPlan, Recent], Awaitable[Change] | Change]
"""From the plan that holds, and the stream's newest records, to the next plan. May raise
ValueError."""


class Switchboard:
    """What each stream's plan is, and every change of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.plans: dict[str, StreamPlan] = {}
        self._room: dict[str, int] = {}
        self._drained: dict[Shard, float] = {}
        self.moves = Moves(engine)
        self.lock = asyncio.Lock()
        """Held during a change: a generator that starts meanwhile waits for its plans."""

    async def begin(self, ends: dict[Shard, int], *, resume: bool) -> None:
        """Find each stream's plan when the lab starts, before anything is written.

        With `resume` what held last goes on; else the settings decide, and begin a new epoch
        when they are others. A shard map goes on in any case: its shards hold the records.
        """
        engine = self._engine
        assert engine.store is not None  # noqa: S101 - opened before
        self._room = dict(engine.shards)
        ended = [e.measured for stream in engine.shards for e in engine.store.epochs.of(stream)]
        engine.crew.throttled_before = sum(m.throttled for m in ended if m is not None)
        for stream, shards in engine.shards.items():
            last = engine.store.epochs.current(stream)
            if last is not None and resume:
                self.plans[stream] = last.plan
                continue
            wanted = self._wanted(stream, shards, last.plan if last else None)
            if last is not None and last.plan.same(wanted):
                self.plans[stream] = last.plan
            else:
                count = len(wanted.shard_map.open) if wanted.shard_map else wanted.shards
                why = f"{stream}: the lab starts with key {wanted.key} on {count} shards"
                await self._begin(wanted, ends, why)
        engine.shards = {stream: plan.shards for stream, plan in self.plans.items()}
        for stream in self.plans:
            engine.reading.follow(stream, engine.store.epochs.of(stream))

    def _wanted(self, stream: str, shards: int, last: StreamPlan | None) -> StreamPlan:
        """The plan by the settings."""
        settings = self._engine.settings
        epoch = last.epoch + 1 if last else FIRST
        if settings.view == "msk":
            return first_plan(stream, epoch, settings.key, shards, None)
        if last is None or last.shard_map is None:
            plan = first_plan(stream, epoch, settings.key, settings.shards, settings.limits)
        else:
            plan = msgspec.structs.replace(
                last, epoch=epoch, key=settings.key, limits=settings.limits
            )
        return msgspec.structs.replace(
            plan, aggregate=settings.aggregate, collect=settings.collect == "on",
            buffer_ms=settings.buffer_ms,
        )  # fmt: skip

    async def switch(self, stream: str, key: str, shards: int) -> Reply:
        """Change a stream's key, and its number of shards unless `shards` is 0."""
        return await self._change(stream, lambda plan, _: switch_key(plan, key, shards))

    async def split(self, stream: str, shard: int, at: str) -> Reply:
        """Split a shard at a hash key, or where what it carries halves."""
        return await self._change(stream, lambda plan, recent: split(plan, shard, at, recent))

    async def merge(self, stream: str, shard: int, other: int) -> Reply:
        """Merge two neighbours."""
        return await self._change(stream, lambda plan, _: merge(plan, shard, other))

    async def update_count(self, stream: str, shards: int) -> Reply:
        """Scale a stream."""
        return await self._change(stream, lambda plan, _: update_count(plan, shards))

    async def limit(self, numbers: str) -> Reply:
        """Change what the shards of all streams take."""
        return await self._change_all(lambda plan, _: limit(plan, numbers))

    async def aggregate(self, packing: str) -> Reply:
        """Change how records of all streams are packed together."""
        return await self._change_all(lambda plan, _: aggregate(plan, packing))

    async def collect(self, *, on: bool) -> Reply:
        """Change whether records of all streams are put by calls of many."""
        return await self._change_all(lambda plan, _: collect(plan, on=on))

    async def _change_all(self, make: Make) -> Reply:
        replies = [await self._change(stream, make) for stream in self.plans]
        done = [reply.text for reply in replies if reply.ok]
        if done or not replies:
            return Reply(bool(done), "\n".join(done) or "there are no streams yet")
        return replies[0]

    async def expire(self, now: float) -> None:
        """Let go of closed shards that were read to their ends some time ago.

        In Kinesis they are listed until the retention period has passed; `closed_s` stands for it.
        The plan stays the same otherwise, so no epoch begins.
        """
        engine = self._engine
        if self.lock.locked() or engine.store is None or engine.merger is None:
            return
        async with self.lock:
            await self._expire(engine.store, engine.merger, now)

    async def _expire(self, store: Store, merger: Merger, now: float) -> None:
        engine = self._engine
        for stream, plan in list(self.plans.items()):
            gone = engine.reading.drained(stream)
            for id_ in gone:
                self._drained.setdefault((stream, id_), now)
            old = [
                id_ for id_ in sorted(gone)
                if now - self._drained[stream, id_] >= engine.settings.closed_s
            ]  # fmt: skip
            if not old or plan.shard_map is None:
                continue
            after = plan.shard_map
            for id_ in old:
                after = after.expire(id_)
                del self._drained[stream, id_]
            self.plans[stream] = msgspec.structs.replace(plan, shard_map=after)
            await merger.call(store.replan, self.plans[stream])
            engine.reading.follow(stream, store.epochs.of(stream))
            names = ", ".join(after.shards[id_].name for id_ in old)
            engine.journal.add("info", "expired", f"{stream}: {names} no longer listed")

    async def _change(self, stream: str, make: Make) -> Reply:
        engine = self._engine
        async with self.lock:
            old = self.plans.get(stream)
            if old is None:
                names = ", ".join(self.plans) or "none yet"
                return Reply(False, f"there is no stream {stream!r}; there are: {names}")
            newest: list[LogRecord] = []

            async def recent() -> list[LogRecord]:
                if not newest:
                    newest.extend(await self.moves.recent(stream))
                return newest

            try:
                made = make(old, recent)
                change = made if isinstance(made, Change) else await made
            except Refused as error:
                return Reply(False, f"{error.code}: {error}")
            except BadKey as error:
                return Reply(False, f"that is no key: {error}")
            except ValueError as error:
                return Reply(False, str(error))
            new = change.plan
            if new.same(old):
                return Reply(False, f"{stream} is so already: {change.text}")
            predicted = await predict(engine, new, await recent())
            moved = self.moves.foretell(old, new, newest)
            text = change.text
            if moved is not None:
                text += f"; {moved.keys:.1%} of the keys move"
            try:
                await self._make_room(old, new)
                return await self._change_now(new, text, predicted, moved)
            except BrokerError as error:
                return Reply(False, str(error))

    async def _make_room(self, old: StreamPlan, new: StreamPlan) -> None:
        """Partitions for shards to come. Raises BrokerError."""
        if new.shards <= self._room.get(new.stream, old.shards):
            return
        engine = self._engine
        wanted = new.shards if new.shard_map is None else new.shards * HEADROOM
        topic = engine.topics[new.stream]
        replicas = engine.cluster.replicas
        have = await ensure_topics(engine.backend.connection, {topic: wanted}, (), replicas)
        self._room[new.stream] = have[topic]

    async def _change_now(
        self, new: StreamPlan, what: str, predicted: Row | None, moved: MovedKeys | None
    ) -> Reply:
        engine = self._engine
        try:
            held = await engine.server.tell(Hold())
            if not held.ok:
                return held
            ends = await engine.log_ends()
            if ends is None:
                return Reply(False, "the broker does not say where its logs end; try again")
            text = f"{new.stream} epoch {new.epoch}: {what}"
            await self._begin(new, ends, text, predicted, moved)
        finally:
            # A generator that died meanwhile starts again with these plans.
            await engine.server.tell(Adopt(tuple(self.plans.values())))
        return Reply(True, text)

    async def _begin(
        self,
        plan: StreamPlan,
        ends: dict[Shard, int],
        why: str,
        predicted: Row | None = None,
        moved: MovedKeys | None = None,
    ) -> None:
        engine, now_ms = self._engine, int(time.time() * 1000)
        starts = {shard: end for (name, shard), end in ends.items() if name == plan.stream and end}
        epoch = Epoch(plan, now_ms, why, starts, predicted=predicted, moved=moved)
        if engine.store is not None:
            shards = ((id_, engine.store.ledger.shard(plan.stream, id_)) for id_ in plan.open_ids)
            epoch.stored = {id_: (shard.bytes, shard.next_offset) for id_, shard in shards}
        measured = self._measured(plan.stream, ends, now_ms)
        await engine.begin_epoch(epoch, measured)
        self.plans[plan.stream] = plan
        self.moves.watch(epoch)

    def _measured(self, stream: str, ends: dict[Shard, int], now_ms: int) -> Measured | None:
        """What the epoch that ends did."""
        engine = self._engine
        last = engine.store.epochs.current(stream) if engine.store is not None else None
        return None if last is None else measure(engine, last, ends, now_ms)
