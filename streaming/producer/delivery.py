"""Takes events to their streams' shards by each stream's plan, and from one plan to the next.

When a shard's queue is full, `write` waits: the generators fall behind, visibly.
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
from streaming.lab.producer_messages import Acked, KeyStats, PackingStats, ShardPuts
from streaming.producer.keystats import KeyCounts
from streaming.producer.packing import Packer
from streaming.producer.put import Put, puts_of
from streaming.producer.throttle import AGAIN_S, Throttle
from streaming.producer.writer import DeliveryFailed, Writer
from streaming.shards.limits import shard_limits
from streaming.shards.plan import StreamPlan
from streaming.shards.routing import Choose, router

__all__ = ["Delivery", "DeliveryFailed"]

HOLD_S: Final = 4.0
MOST_WAITING: Final = 10_000
"""Records that may wait for full shards, over all streams; then the generators wait with them."""


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
        self._keys: dict[str, KeyCounts] = {}
        self._throttles: dict[str, Throttle] = {}
        self._packers: dict[str, Packer] = {}
        self._throttled_gone: Counter[str] = Counter()
        self._throttled_before: Counter[str] = Counter()
        self._writing = asyncio.Lock()
        self._held = False
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
        await self._writer.stop()

    # --- writing ----------------------------------------------------------------------------

    async def write(self, records: Iterable[Emitted]) -> None:
        """Send these records; returns when all are queued. Raises DeliveryFailed."""
        while self._waiting() >= MOST_WAITING:
            self._writer.check()
            await asyncio.sleep(AGAIN_S)
        async with self._writing:
            self.produced += await self._put(records)
            await self._write_due()

    async def _put(self, records: Iterable[Emitted]) -> int:
        """Write records to their shards, or queue them where shards have limits; how many."""
        by_shard: dict[tuple[str, int], list[tuple[bytes | None, Emitted]]] = {}
        routers, count = self._routers, 0
        for record in records:
            route = routers[record.stream](record.event, record.key_hint, len(record.value))
            by_shard.setdefault((record.stream, route[0]), []).append((route[1], record))
            count += 1
        for (stream, shard), keyed in by_shard.items():
            self._keys[stream].add(shard, [key for key, _ in keyed])
            packer = self._packers.get(stream)
            if packer is None:
                await self._pass(stream, shard, puts_of(keyed))
            else:
                await self._pack(stream, shard, packer, keyed)
        return count

    async def _pack(
        self,
        stream: str,
        shard: int,
        packer: Packer,
        keyed: Iterable[tuple[bytes | None, Emitted]],
    ) -> None:
        """Pack records together; what was planted and what is no event goes alone."""
        now = time.monotonic()
        for key, record in keyed:
            if record.label or record.event is None or key is None:
                await self._pass(stream, shard, puts_of([(key, record)]))
            elif (done := packer.add(shard, key, record, now)) is not None:
                await self._pass(stream, done[0], [done[1]])

    async def _pass(self, stream: str, shard: int, puts: list[Put]) -> None:
        """Write, or queue where shards have limits."""
        throttle = self._throttles.get(stream)
        if throttle is None:
            await self._writer.write(stream, shard, puts)
        else:
            throttle.offer(shard, puts, time.monotonic())

    async def _write_due(self, *, all_: bool = False) -> None:
        """Write the packs that waited long enough, and what the shards take now."""
        now = time.monotonic()
        for stream, packer in self._packers.items():
            for shard, put in packer.due(now, all_=all_):
                await self._pass(stream, shard, [put])
        for stream, throttle in self._throttles.items():
            for shard, taken in throttle.admit(now):
                await self._writer.write(stream, shard, taken)

    async def _pump(self) -> None:
        with contextlib.suppress(DeliveryFailed):  # the next write raises it again
            while True:
                await asyncio.sleep(AGAIN_S)
                if self._waiting() or any(map(len, self._packers.values())):
                    async with self._writing:
                        await self._write_due()

    async def flush(self) -> None:
        """Wait until everything so far is acknowledged. Raises DeliveryFailed."""
        async with self._writing:
            await self._write_due(all_=True)
        while self._waiting():
            self._writer.check()
            await asyncio.sleep(AGAIN_S)
        await self._writer.settle()

    def _waiting(self) -> int:
        return sum(throttle.waiting for throttle in self._throttles.values())

    # --- plans ------------------------------------------------------------------------------

    async def hold(self) -> None:
        """Stop writing once everything written is acknowledged; `adopt` goes on.

        What waits for full shards goes on to wait. Raises TimeoutError when it takes too long
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
        self._routers[stream] = router(plan, self._seed, queues)
        if stream not in self._keys or self._keys[stream].epoch != plan.epoch:
            self._keys[stream] = KeyCounts(stream, plan.epoch)
            self._throttled_before[stream] = self._throttled(stream)
        before, packer = self._throttles.pop(stream, None), self._packers.pop(stream, None)
        if plan.aggregate != "off":
            self._packers[stream] = Packer(plan)
        if plan.limits != "off":
            limits = shard_limits(plan.limits)
            same = before is not None and before.limits == limits
            self._throttles[stream] = before if before is not None and same else Throttle(limits)
        if before is not None and self._throttles.get(stream) is not before:
            self._throttled_gone[stream] += before.throttled
        # What waits for a shard is older than what is packed for it.
        waiting = before.take_back() if before is not None else []
        packed = packer.take_back() if packer is not None else []
        await self._put([*waiting, *packed])

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
        now = self._throttles.get(stream)
        return self._throttled_gone[stream] + (now.throttled if now is not None else 0)

    def packing(self) -> tuple[PackingStats, ...]:
        """What aggregation does to each stream that has it, since its plan holds."""
        return tuple(
            PackingStats(stream, p.packs, p.records, p.payload, p.bytes, p.waited_s * 1000)
            for stream, p in self._packers.items()
        )

    def puts(self) -> Iterator[ShardPuts]:
        """What full shards refused and make wait."""
        for stream, throttle in self._throttles.items():
            for shard, throttled, waiting in throttle.counts():
                yield ShardPuts(stream, shard, throttled, waiting)
