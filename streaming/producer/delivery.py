"""Writes events to their streams in whole batches and counts what the broker acknowledged.

One batch per shard and tick through aiokafka's batch interface (several times cheaper than one
`send` per record), acks=all and idempotent, so that a retry after a lost answer never doubles a
record. When a shard's queue is full, `write` waits: the generators fall behind, visibly.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from aiokafka import AIOKafkaProducer

from generators.wire import Emitted
from streaming.broker.connection import Connection
from streaming.lab.messages import Acked, KeyStats
from streaming.producer.keystats import KeyCounts
from streaming.shards.keys import shop
from streaming.shards.plan import StreamPlan
from streaming.shards.routing import Choose, router

MAX_REQUEST_BYTES: Final = 1024 * 1024
HOLD_S: Final = 4.0
_ASK_AGAIN_S: Final = 0.05
REQUEST_TIMEOUT_MS: Final = 120_000
"""Longer than any restart of a broker: in that time the client itself retries."""


class DeliveryFailed(Exception):
    """A batch was refused or its fate is unknown; the text says which and why."""


class Delivery:
    """Delivers events to the topics of `topics` (stream → topic), each stream by its plan."""

    def __init__(
        self,
        kafka: Connection,
        topics: dict[str, str],
        plans: Iterable[StreamPlan],
        seed: int = 0,
    ) -> None:
        self._producer = AIOKafkaProducer(
            **kafka.options(),
            client_id="generator",
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=256 * 1024,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=100,
            metadata_max_age_ms=10_000,
        )
        self._topics = topics
        self._plans = {plan.stream: plan for plan in plans}
        self._seed = seed
        self._routers: dict[str, Choose] = {}
        self._keys: dict[str, KeyCounts] = {}
        self._writing = asyncio.Lock()
        self._held = False
        self._ends: dict[tuple[str, int], int] = {}
        self._pending: set[asyncio.Future[Any]] = set()
        self.produced = 0
        self.acked = 0
        self.failed = 0
        self.failure: BaseException | None = None

    async def start(self) -> None:
        """Connect and learn the topics' partitions. Raises aiokafka's errors."""
        await self._producer.start()
        await self._follow(self._plans.values())

    async def _follow(self, plans: Iterable[StreamPlan]) -> None:
        for plan in plans:
            await self._know_partitions(self._topics[plan.stream], plan.shards)
            self._plans[plan.stream] = plan
            self._routers[plan.stream] = router(shop(plan.key), plan.shards, self._seed)
            counts = self._keys.get(plan.stream)
            if counts is None or counts.epoch != plan.epoch:
                self._keys[plan.stream] = KeyCounts(plan.stream, plan.epoch)

    async def _know_partitions(self, topic: str, count: int) -> None:
        """Ask until the cluster names that many: new ones reach its nodes one after the other."""
        while len(await self._producer.partitions_for(topic)) < count:
            await self._producer.client.force_metadata_update()
            await asyncio.sleep(_ASK_AGAIN_S)

    async def hold(self) -> None:
        """Stop writing once everything so far is acknowledged; `adopt` goes on.

        Raises TimeoutError when that takes too long (writing then goes on), and DeliveryFailed.
        """
        if self._held:
            return
        async with asyncio.timeout(HOLD_S):
            await self._writing.acquire()
            try:
                await self.flush()
            except BaseException:
                self._writing.release()
                raise
        self._held = True

    async def adopt(self, plans: Iterable[StreamPlan]) -> None:
        """Write by these plans from now on."""
        try:
            await self._follow([plan for plan in plans if self._plans[plan.stream] != plan])
        finally:
            if self._held:
                self._held = False
                self._writing.release()

    def keys(self) -> tuple[KeyStats, ...]:
        """What is known of the keys of each stream in its present epoch."""
        return tuple(counts.stats() for counts in self._keys.values())

    async def stop(self) -> None:
        """Flush, briefly, and close."""
        stopping = asyncio.ensure_future(self._producer.stop())
        await asyncio.wait({stopping}, timeout=5)
        if stopping.done():
            with contextlib.suppress(BaseException):
                stopping.result()

    def ends(self) -> tuple[Acked, ...]:
        """One past the last acknowledged offset, per shard."""
        return tuple(Acked(stream, shard, end) for (stream, shard), end in self._ends.items())

    async def write(self, records: Iterable[Emitted]) -> None:
        """Send these records; returns when all are queued. Raises DeliveryFailed."""
        async with self._writing:
            by_shard: dict[tuple[str, int], list[tuple[bytes | None, Emitted]]] = {}
            routers = self._routers
            for record in records:
                route = routers[record.stream](record.event, record.key_hint, len(record.value))
                by_shard.setdefault((record.stream, route[0]), []).append((route[1], record))
            for (stream, shard), keyed in by_shard.items():
                self._keys[stream].add(shard, Counter([key for key, _ in keyed]))
                await self._write_shard(stream, shard, keyed)

    async def _write_shard(
        self, stream: str, shard: int, keyed: list[tuple[bytes | None, Emitted]]
    ) -> None:
        now = int(time.time() * 1000)
        batch, count = self._producer.create_batch(), 0
        append = batch.append
        for key, record in keyed:
            headers = [("label", record.label.encode())] if record.label else []
            while append(timestamp=now, key=key, value=record.value, headers=headers) is None:
                if count == 0:
                    raise DeliveryFailed(f"a record of {len(record.value)} bytes is too large")
                await self._send(stream, shard, batch, count)
                batch, count = self._producer.create_batch(), 0
                append = batch.append
            count += 1
        await self._send(stream, shard, batch, count)

    async def _send(self, stream: str, shard: int, batch: Any, count: int) -> None:
        if self.failure is not None:
            raise DeliveryFailed(f"{self.failed} records failed: {self.failure}")
        batch.close()
        self.produced += count
        future = await self._producer.send_batch(batch, self._topics[stream], partition=shard)
        self._pending.add(future)
        future.add_done_callback(self._answer(stream, shard, count))

    def _answer(self, stream: str, shard: int, count: int) -> Callable[[asyncio.Future[Any]], None]:
        def answered(future: asyncio.Future[Any]) -> None:
            self._pending.discard(future)
            error = None if future.cancelled() else future.exception()
            if error is not None or future.cancelled():
                self.failed += count
                self.failure = error or DeliveryFailed("cancelled")
                return
            self.acked += count
            offset = future.result().offset
            if offset >= 0:
                end = offset + count
                self._ends[stream, shard] = max(end, self._ends.get((stream, shard), 0))

        return answered

    async def flush(self) -> None:
        """Wait until everything written so far is acknowledged. Raises DeliveryFailed."""
        while self._pending:
            await asyncio.wait(set(self._pending))
        if self.failure is not None:
            raise DeliveryFailed(f"{self.failed} records failed: {self.failure}")
