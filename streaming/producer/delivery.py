"""Takes events to their streams' shards by each stream's plan, and from one plan to the next.

In the msk view a batch for each shard is written at once; in the kinesis view records wait in an
outbox for the next call. When too many wait, `write` does: the generators fall behind, visibly.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Final

from generators.wire import Emitted
from streaming.broker.connection import Connection
from streaming.lab.producer_messages import (
    Acked,
    CollectionStats,
    KeyStats,
    PackingStats,
    ShardPuts,
)
from streaming.producer.keystats import KeyCounts
from streaming.producer.outbox import AGAIN_S, ALONE, COLLECTED, Outbox
from streaming.producer.packing import Packer
from streaming.producer.put import puts_of
from streaming.producer.writer import DeliveryFailed, Writer
from streaming.shards.limits import shard_limits
from streaming.shards.plan import StreamPlan
from streaming.shards.route import Route
from streaming.shards.routing import Choose, router
from streaming.shards.sticky import Sticky

__all__ = ["Delivery", "DeliveryFailed"]

HOLD_S: Final = 4.0
MOST_WAITING: Final = 10_000
"""Records that may wait for calls, over all streams; then the generators wait with them."""


class Delivery:
    """Delivers events to the topics of `topics` (stream → topic), each stream by its plan."""

    def __init__(
        self,
        kafka: Connection,
        topics: Mapping[str, str],
        plans: Iterable[StreamPlan],
        seed: int = 0,
    ) -> None:
        self._writer = Writer(kafka, topics)
        self._plans = {plan.stream: plan for plan in plans}
        self._seed = seed
        self._routers: dict[str, Choose] = {}
        self._stickies: dict[str, Sticky] = {}
        self._keys: dict[str, KeyCounts] = {}
        self._outboxes: dict[str, Outbox] = {}
        self._packers: dict[str, Packer] = {}
        self._throttled_gone: Counter[str] = Counter()
        self._throttled_before: Counter[str] = Counter()
        self._writing = asyncio.Lock()
        self._more = asyncio.Event()
        self._held = self._flushing = False
        self._pumping: asyncio.Task[None] | None = None
        self.produced = 0

    async def start(self) -> None:
        """Connect and learn the topics' partitions. Raises aiokafka's errors."""
        await self._writer.start()
        for plan in self._plans.values():
            await self._follow(plan)
        self._pumping = asyncio.create_task(self._pump())

    async def stop(self) -> None:
        """Flush, briefly, and close."""
        if self._pumping is not None:
            self._pumping.cancel()
            await asyncio.wait({self._pumping})
        await self._writer.stop()

    # --- writing ----------------------------------------------------------------------------

    async def write(self, records: Iterable[Emitted]) -> None:
        """Send these records; returns when all are queued. Raises DeliveryFailed."""
        self._check()
        while self._waiting() >= MOST_WAITING:
            await asyncio.sleep(AGAIN_S)
            self._check()
        async with self._writing:
            self.produced += await self._put(records)
        self._more.set()

    async def _put(self, records: Iterable[Emitted]) -> int:
        """Write records to their shards, or queue them where calls put them; how many."""
        by_shard: dict[tuple[str, int], list[tuple[Route, Emitted]]] = {}
        routers, count = self._routers, 0
        for record in records:
            route = routers[record.stream](record.event, record.key_hint, len(record.value))
            by_shard.setdefault((record.stream, route[0]), []).append((route, record))
            count += 1
        for (stream, shard), routed in by_shard.items():
            self._keys[stream].add(shard, [route.key for route, _ in routed])
            packer = self._packers.get(stream)
            if packer is not None:
                self._pack(stream, packer, routed)
            elif stream in self._outboxes:
                self._outboxes[stream].offer(shard, puts_of(routed), time.monotonic())
            else:
                await self._writer.write(stream, shard, puts_of(routed))
        for sticky in self._stickies.values():
            sticky.sent()
        return count

    def _pack(self, stream: str, packer: Packer, routed: Iterable[tuple[Route, Emitted]]) -> None:
        """Pack records together; what was planted and what is no event goes alone."""
        now, outbox = time.monotonic(), self._outboxes[stream]
        for route, record in routed:
            if record.label or record.event is None or route.key is None:
                outbox.offer(route.shard, puts_of([(route, record)]), now)
            elif (done := packer.add(route, record, now)) is not None:
                outbox.offer(done.shard, [done.put], now, done.began)

    async def _pump(self) -> None:
        """Call when a call is due."""
        while True:
            while any([await self._call(stream) for stream in list(self._outboxes)]):
                pass
            with contextlib.suppress(TimeoutError):
                # Not wait_for: before Python 3.12 it may swallow the cancellation that ends this.
                async with asyncio.timeout(AGAIN_S):
                    await self._more.wait()
            self._more.clear()

    async def _call(self, stream: str) -> bool:
        """Make one call, if one is due. The lock is free between calls: a change of plan waits."""
        async with self._writing:
            now, outbox = time.monotonic(), self._outboxes[stream]
            # Nothing waits for company that will not come.
            all_ = self._flushing or self._waiting() >= MOST_WAITING
            packer = self._packers.get(stream)
            for done in packer.due(now, all_=all_) if packer is not None else ():
                outbox.offer(done.shard, [done.put], now, done.began)
            puts = outbox.call(now, all_=all_)
            if puts:
                await self._writer.call(stream, puts)
            return puts is not None

    def _check(self) -> None:
        """Raises DeliveryFailed, or whatever ended the calls."""
        self._writer.check()
        if self._pumping is not None and self._pumping.done():
            self._pumping.result()

    async def flush(self) -> None:
        """Wait until everything so far is acknowledged. Raises DeliveryFailed."""
        self._flushing = True
        try:
            while self._waiting():
                self._more.set()
                await asyncio.sleep(AGAIN_S)
                self._check()
        finally:
            self._flushing = False
        await self._writer.settle()

    def _waiting(self) -> int:
        """Records that are not put, in packs or for want of a call."""
        packed = sum(map(len, self._packers.values()))
        return packed + sum(outbox.waiting for outbox in self._outboxes.values())

    # --- plans ------------------------------------------------------------------------------

    async def hold(self) -> None:
        """Stop writing once everything written is acknowledged; `adopt` goes on.

        What waits for calls goes on to wait. Raises TimeoutError when it takes too long
        (writing then goes on), and DeliveryFailed.
        """
        if self._held:
            return
        async with asyncio.timeout(HOLD_S):
            await self._writing.acquire()
            try:
                await self._writer.settle()
            except BaseException:
                self._writing.release()
                raise
        self._held = True

    async def adopt(self, plans: Iterable[StreamPlan]) -> None:
        """Write by these plans from now on, what waited included."""
        try:
            for plan in plans:
                if self._plans[plan.stream] != plan:
                    await self._follow(plan)
        finally:
            if self._held:
                self._held = False
                self._writing.release()

    async def _follow(self, plan: StreamPlan) -> None:
        stream = plan.stream
        await self._writer.know(stream, plan.shards)
        self._plans[stream] = plan
        queues = partial(self._writer.queues, stream, plan.shards)
        self._routers[stream] = chosen = router(plan, self._seed, queues)
        self._stickies.pop(stream, None)
        if isinstance(chosen, Sticky):
            self._stickies[stream] = chosen
        if stream not in self._keys or self._keys[stream].epoch != plan.epoch:
            self._keys[stream] = KeyCounts(stream, plan.epoch)
            self._throttled_before[stream] = self._throttled(stream)
        before, packer = self._outboxes.get(stream), self._packers.pop(stream, None)
        # What waits for a shard is older than what is packed for it.
        waiting = before.take_back() if before is not None else []
        packed = packer.take_back() if packer is not None else []
        if plan.view == "kinesis":
            self._collect(plan, before)
        if plan.aggregate != "off":
            self._packers[stream] = Packer(plan)
        await self._put([*waiting, *packed])

    def _collect(self, plan: StreamPlan, before: Outbox | None) -> None:
        limits = None if plan.limits == "off" else shard_limits(plan.limits)
        size, buffer_s = COLLECTED if plan.collect else ALONE, plan.buffer_ms / 1000
        if before is not None and before.limits == limits:
            before.follow(size, buffer_s)  # its shards are as full as they were
            return
        self._outboxes[plan.stream] = Outbox(limits, size, buffer_s)
        if before is not None:
            self._throttled_gone[plan.stream] += before.throttled

    # --- numbers ----------------------------------------------------------------------------

    @property
    def acked(self) -> int:
        """Records that the broker acknowledged."""
        return self._writer.acked

    @property
    def failed(self) -> int:
        """Records that were refused or whose fate is unknown."""
        return self._writer.failed

    def ends(self) -> tuple[Acked, ...]:
        """One past the last acknowledged offset, per shard."""
        return self._writer.ends()

    def keys(self) -> tuple[KeyStats, ...]:
        """What is known of the keys of each stream in its present epoch."""
        return tuple(
            counts.stats(self._throttled(stream) - self._throttled_before[stream])
            for stream, counts in self._keys.items()
        )

    def _throttled(self, stream: str) -> int:
        now = self._outboxes.get(stream)
        return self._throttled_gone[stream] + (now.throttled if now is not None else 0)

    def packing(self) -> tuple[PackingStats, ...]:
        """What aggregation does to each stream that has it, since its plan holds."""
        return tuple(
            PackingStats(stream, p.packs, p.records, p.payload, p.bytes, p.waited_s * 1000)
            for stream, p in self._packers.items()
        )

    def collection(self) -> tuple[CollectionStats, ...]:
        """The calls of each stream that is put by calls, since its plan holds."""
        return tuple(
            CollectionStats(stream, o.calls, o.put, o.records, o.waited_s * 1000, o.waiting)
            for stream, o in self._outboxes.items()
        )

    def puts(self) -> Iterator[ShardPuts]:
        """What full shards refused and make wait."""
        now = time.monotonic()
        for stream, outbox in self._outboxes.items():
            if outbox.limits is not None:
                for shard, throttled, waiting in outbox.full(now):
                    yield ShardPuts(stream, shard, throttled, waiting)
