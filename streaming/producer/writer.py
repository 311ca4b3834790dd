"""Writes records to shards in whole batches and counts what the broker acknowledged.

One batch per shard and tick through aiokafka's batch interface (several times cheaper than one
`send` per record), acks=all and idempotent, so that a retry after a lost answer never doubles a
record.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition

from streaming.broker.connection import Connection
from streaming.lab.producer_messages import Acked
from streaming.producer.put import Put

MAX_REQUEST_BYTES: Final = 1024 * 1024
MAX_BATCH_BYTES: Final = 512 * 1024
"""More than one call puts into a shard (CALL_BYTES_OF_A_SHARD), keys and headers included."""

REQUEST_TIMEOUT_MS: Final = 120_000
"""Longer than any restart of a broker: in that time the client itself retries."""

_ASK_AGAIN_S: Final = 0.05


class DeliveryFailed(Exception):
    """A batch was refused or its fate is unknown; the text says which and why."""


class Writer:
    """The Kafka producer of the topics of `topics` (stream → topic)."""

    def __init__(self, kafka: Connection, topics: Mapping[str, str]) -> None:
        self._producer = AIOKafkaProducer(
            **kafka.options(),
            client_id="generator",
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=MAX_REQUEST_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=100,
            metadata_max_age_ms=10_000,
        )
        self._topics = topics
        self._ends: dict[tuple[str, int], int] = {}
        self._pending: set[asyncio.Future[Any]] = set()
        self._queued: Counter[tuple[str, int]] = Counter()
        self.acked = 0
        self.failed = 0
        self.failure: BaseException | None = None

    async def start(self) -> None:
        """Connect. Raises aiokafka's errors."""
        await self._producer.start()

    async def stop(self) -> None:
        """Flush, briefly, and close."""
        stopping = asyncio.ensure_future(self._producer.stop())
        await asyncio.wait({stopping}, timeout=5)
        if stopping.done():
            with contextlib.suppress(BaseException):
                stopping.result()

    async def know(self, stream: str, shards: int) -> None:
        """Ask until the cluster names that many: new ones reach its nodes one after the other."""
        while len(await self._producer.partitions_for(self._topics[stream])) < shards:
            await self._producer.client.force_metadata_update()
            await asyncio.sleep(_ASK_AGAIN_S)

    def ends(self) -> tuple[Acked, ...]:
        """One past the last acknowledged offset, per shard."""
        return tuple(Acked(stream, shard, end) for (stream, shard), end in self._ends.items())

    def queues(self, stream: str, shards: int) -> list[int | None]:
        """How many batches of each shard are not acknowledged, None for one without a leader.

        All the same until each shard has had one, as in a Java producer.
        """
        keys = [(stream, shard) for shard in range(shards)]
        counts = [self._queued.get(key) for key in keys]
        if None in counts:
            counts = [0] * shards
        return [
            count if self._has_leader(*key) else None
            for key, count in zip(keys, counts, strict=True)
        ]

    def _has_leader(self, stream: str, shard: int) -> bool:
        tp = TopicPartition(self._topics[stream], shard)
        return self._producer.client.cluster.leader_for_partition(tp) not in (None, -1)

    async def call(self, stream: str, puts: Mapping[int, Iterable[Put]]) -> None:
        """Put these into their shards by one request, and wait for its answer.

        One it is because nothing else is under way: aiokafka sends what is queued for the leaders
        of a node together, and here it is all queued before it looks. A cluster whose nodes lead
        some of the shards each gets a request for each node. Raises DeliveryFailed.
        """
        for shard, some in puts.items():
            await self.write(stream, shard, some)
        await self.settle()

    async def write(self, stream: str, shard: int, puts: Iterable[Put]) -> None:
        """Send these to a shard; returns when all are queued. Raises DeliveryFailed."""
        now = int(time.time() * 1000)
        batch, length, count = self._producer.create_batch(), 0, 0
        append = batch.append
        for key, value, headers, records in puts:
            while append(timestamp=now, key=key, value=value, headers=headers) is None:
                if length == 0:
                    raise DeliveryFailed(f"a record of {len(value)} bytes is too large")
                await self._send(stream, shard, batch, length, count)
                batch, length, count = self._producer.create_batch(), 0, 0
                append = batch.append
            length += 1
            count += len(records)
        await self._send(stream, shard, batch, length, count)

    async def _send(self, stream: str, shard: int, batch: Any, length: int, count: int) -> None:
        self.check()
        batch.close()
        future = await self._producer.send_batch(batch, self._topics[stream], partition=shard)
        self._pending.add(future)
        self._queued[stream, shard] += 1
        future.add_done_callback(self._answer(stream, shard, length, count))

    def _answer(
        self, stream: str, shard: int, length: int, count: int
    ) -> Callable[[asyncio.Future[Any]], None]:
        """Counts `count` records, which are `length` of the log's."""

        def answered(future: asyncio.Future[Any]) -> None:
            self._pending.discard(future)
            self._queued[stream, shard] -= 1
            error = None if future.cancelled() else future.exception()
            if error is not None or future.cancelled():
                self.failed += count
                self.failure = error or DeliveryFailed("cancelled")
                return
            self.acked += count
            offset = future.result().offset
            if offset >= 0:
                end = offset + length
                self._ends[stream, shard] = max(end, self._ends.get((stream, shard), 0))

        return answered

    async def settle(self) -> None:
        """Wait until everything written so far is acknowledged. Raises DeliveryFailed."""
        while self._pending:
            await asyncio.wait(set(self._pending))
        self.check()

    def check(self) -> None:
        """Raises DeliveryFailed when something failed before: order would be lost after it."""
        if self.failure is not None:
            raise DeliveryFailed(f"{self.failed} records failed: {self.failure}")
