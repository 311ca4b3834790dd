"""The plan of each stream, and the way from one to the next while records flow.

The generators stop and wait for every acknowledgement, the broker says where the logs end, the
store begins the epoch there, and the generators go on by the new plan. Whatever fails on the way,
the plan that is in the store holds: nothing is lost, and every record belongs to one epoch.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import msgspec

from streaming.broker.errors import BrokerError
from streaming.broker.topics import ensure_topics
from streaming.lab.commands import Reply
from streaming.lab.experiments import predict
from streaming.lab.messages import Adopt, Hold
from streaming.shards.keys import BadKey, shop
from streaming.shards.plan import StreamPlan
from streaming.store.epochs import FIRST, Epoch, Measured
from streaming.store.ledger import Shard

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

MOST_SHARDS: Final = 200

Make = Callable[[StreamPlan], tuple[StreamPlan, str]]
"""From the plan that holds to the next one, and what that is in words. May raise ValueError."""


class Switchboard:
    """What each stream's plan is, and every change of it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.plans: dict[str, StreamPlan] = {}
        self.lock = asyncio.Lock()
        """Held during a change: a generator that starts meanwhile waits for its plans."""

    async def begin(self, ends: dict[Shard, int], *, resume: bool) -> None:
        """Find each stream's plan when the lab starts, before anything is written.

        With `resume` what held last goes on; else the settings decide, and begin a new epoch
        when they are others.
        """
        engine = self._engine
        assert engine.store is not None  # noqa: S101 - opened before
        for stream, shards in engine.shards.items():
            last = engine.store.epochs.current(stream)
            wanted = StreamPlan(
                stream=stream,
                epoch=last.plan.epoch + 1 if last else FIRST,
                key=engine.settings.key,
                view="msk",
                shards=shards,
            )
            if last is not None and (resume or last.plan.same(wanted)):
                self.plans[stream] = last.plan
            else:
                why = f"{stream}: the lab starts with key {wanted.key} on {shards} shards"
                await self._begin(wanted, ends, why, "")
        engine.shards = {stream: plan.shards for stream, plan in self.plans.items()}

    async def switch(self, stream: str, key: str, shards: int) -> Reply:
        """Change a stream's key, and its number of shards unless `shards` is 0."""

        def make(plan: StreamPlan) -> tuple[StreamPlan, str]:
            count = shards or plan.shards
            strategy = shop(key)
            if count < plan.shards:
                raise ValueError(
                    f"{stream} has {plan.shards} shards; Kafka adds partitions and never takes "
                    "any away"
                )
            if count > MOST_SHARDS:
                raise ValueError(f"a stream of this lab has at most {MOST_SHARDS} shards")
            new = msgspec.structs.replace(plan, key=key, shards=count, epoch=plan.epoch + 1)
            return new, f"key {key} on {count} shards; keeps {strategy.keeps}"

        return await self._change(stream, make)

    async def _change(self, stream: str, make: Make) -> Reply:
        engine = self._engine
        async with self.lock:
            old = self.plans.get(stream)
            if old is None:
                names = ", ".join(self.plans) or "none yet"
                return Reply(False, f"there is no stream {stream!r}; there are: {names}")
            try:
                new, what = make(old)
            except BadKey as error:
                return Reply(False, f"that is no key: {error}")
            except ValueError as error:
                return Reply(False, str(error))
            if new.same(old):
                return Reply(False, f"{stream} has key {old.key} on {old.shards} shards already")
            predicted = await predict(engine, new)
            try:
                await self._make_room(old, new)
                return await self._change_now(new, what, predicted)
            except BrokerError as error:
                return Reply(False, str(error))

    async def _make_room(self, old: StreamPlan, new: StreamPlan) -> None:
        """Partitions for shards to come. Raises BrokerError."""
        if new.shards > old.shards:
            engine = self._engine
            topic = engine.topics[new.stream]
            replicas = engine.cluster.replicas
            await ensure_topics(engine.backend.connection, {topic: new.shards}, (), replicas)

    async def _change_now(self, new: StreamPlan, what: str, predicted: str) -> Reply:
        engine = self._engine
        try:
            held = await engine.server.tell(Hold())
            if not held.ok:
                return held
            ends = await engine.log_ends()
            if ends is None:
                return Reply(False, "the broker does not say where its logs end; try again")
            text = f"{new.stream} epoch {new.epoch}: {what}"
            await self._begin(new, ends, text, predicted)
        finally:
            # A generator that died meanwhile starts again with these plans.
            await engine.server.tell(Adopt(tuple(self.plans.values())))
        return Reply(True, text)

    async def _begin(
        self, plan: StreamPlan, ends: dict[Shard, int], why: str, predicted: str
    ) -> None:
        engine, now_ms = self._engine, int(time.time() * 1000)
        starts = {shard: end for (name, shard), end in ends.items() if name == plan.stream and end}
        epoch = Epoch(plan, now_ms, why, starts, predicted=predicted)
        measured = self._measured(plan.stream, ends, now_ms)
        await engine.begin_epoch(epoch, measured)
        self.plans[plan.stream] = plan

    def _measured(self, stream: str, ends: dict[Shard, int], now_ms: int) -> Measured | None:
        """What the epoch that ends did."""
        engine = self._engine
        last = engine.store.epochs.current(stream) if engine.store is not None else None
        return None if last is None else measure(engine, last, ends, now_ms)


def measure(engine: Engine, epoch: Epoch, ends: dict[Shard, int], now_ms: int) -> Measured:
    """What an epoch did up to these ends of the logs."""
    stream = epoch.plan.stream
    counts = tuple(
        max(0, ends.get((stream, shard), 0) - epoch.begin(shard))
        for shard in range(epoch.plan.shards)
    )
    keys = engine.crew.keys(stream, epoch.plan.epoch)
    return Measured(
        records=sum(counts),
        seconds=(now_ms - epoch.began_ms) / 1000,
        counts=counts,
        throttled=0,
        distinct_keys=keys.distinct if keys is not None else None,
    )
