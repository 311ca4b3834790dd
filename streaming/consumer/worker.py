"""One consumer: a real member of the group that turns records into partials for the engine.

poll → decode and collect → fold into pane rows → hand over → acknowledged → commit to Kafka.
The truth about progress is the store's offset; Kafka's committed offset follows it, for lag and
for other tools.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError

from generators.wire import CLICKS, ORDERS
from streaming.consumer.batches import BatchReader, FetchedBatch
from streaming.consumer.deadletters import DeadLetters
from streaming.lab.channel import Channel
from streaming.lab.messages import (
    Ack,
    Claim,
    Claimed,
    ConsumerState,
    DeadRow,
    Handover,
    HelloConsumer,
    LateRow,
    Range,
    RawRow,
    ShardId,
    ToConsumer,
)
from streaming.windows.columns import NEVER, PaneColumns

log: Final = logging.getLogger(__name__)

MAX_IN_FLIGHT: Final = 2
"""Handovers sent and not yet answered; then the consumer stops reading (lag, not memory)."""

MAX_COLLECTED: Final = 20_000
"""Records collected before a handover is due whatever the clock says."""

_REVOKE_WAIT_S: Final = 2.0
_STALE_WAIT_S: Final = 30.0


class WorkerConfig(msgspec.Struct, frozen=True):
    """What a consumer process is told at its start. `topics` maps stream to topic."""

    name: str
    engine: str
    bootstrap: str
    group: str
    topics: dict[str, str]
    dead_letter_topic: str
    lateness_ms: int
    flush_ms: int
    session_timeout_ms: int
    store_clicks: bool
    whole_batches: bool = True


class _Shard(msgspec.Struct):
    """Reading state of one shard since the last claim; `first` is where the next range starts."""

    first: int
    next: int
    watermark_ms: int
    floor_ms: int
    records: int = 0
    bytes: int = 0


class WorkerStopped(Exception):
    """The consumer cannot go on; a new process has to start from the store's offsets."""


class Worker(ConsumerRebalanceListener):  # type: ignore[misc]
    """A group member. `run` returns when the channel to the engine closes."""

    def __init__(self, config: WorkerConfig, channel: Channel[ToConsumer]) -> None:
        self.config = config
        self._channel = channel
        self._streams = {topic: stream for stream, topic in config.topics.items()}
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=config.bootstrap,
            group_id=config.group,
            client_id=config.name,
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=config.session_timeout_ms,
            heartbeat_interval_ms=max(200, config.session_timeout_ms // 12),
            max_poll_interval_ms=300_000,
            rebalance_timeout_ms=max(config.session_timeout_ms, 6000),
            request_timeout_ms=40_000,
            fetch_max_wait_ms=200,
            fetch_max_bytes=8 * 1024 * 1024,
            max_partition_fetch_bytes=512 * 1024,
            metadata_max_age_ms=10_000,
            retry_backoff_ms=200,
        )
        self._reader = BatchReader(self._consumer, whole_batches=config.whole_batches)
        self._dead_letters = DeadLetters(config.bootstrap, config.dead_letter_topic, config.topics)
        self._columns = {
            stream: PaneColumns(stream, config.lateness_ms) for stream in config.topics
        }
        self._lock = asyncio.Lock()
        self._claim = 0
        self._claimed: asyncio.Future[Claimed] | None = None
        self._shards: dict[TopicPartition, _Shard] = {}
        self._late: list[LateRow] = []
        self._dead: list[DeadRow] = []
        self._raw: list[RawRow] = []
        self._sent: Counter[int] = Counter()
        self._seq = 0
        self._in_flight: dict[int, dict[TopicPartition, int]] = {}
        self._answered = asyncio.Event()
        self._refused: Ack | None = None
        self._stale_since: float | None = None
        self._commit: asyncio.Task[None] | None = None
        self._to_commit: dict[TopicPartition, int] = {}

    # --- life -------------------------------------------------------------------------------

    async def run(self) -> None:
        """Join the group and work until the engine is gone. Raises WorkerStopped."""
        await self._channel.send(HelloConsumer(self.config.name, os.getpid()))
        answers = asyncio.create_task(self._read_answers())
        working = asyncio.create_task(self._work())
        try:
            done, _ = await asyncio.wait({answers, working}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            answers.cancel()
            working.cancel()
            await asyncio.wait({answers, working}, timeout=1)

    async def stop(self) -> None:
        """Leave the group; best effort (aiokafka may raise what nobody asked for)."""
        stopping = asyncio.ensure_future(self._consumer.stop())
        await asyncio.wait({stopping}, timeout=3)
        if stopping.done():
            with contextlib.suppress(BaseException):
                stopping.result()
        await self._dead_letters.stop()

    async def _work(self) -> None:
        await self._join()
        due = time.monotonic() + self.config.flush_ms / 1000
        while True:
            batches = await self._poll(max(0.0, due - time.monotonic()))
            async with self._lock:
                for batch in batches:
                    self._absorb(batch)
                now = time.monotonic()
                if now >= due or self._collected() >= MAX_COLLECTED:
                    await self._hand_over()
                    due = time.monotonic() + self.config.flush_ms / 1000
                if self._refused is not None:
                    await self._recover()

    async def _join(self) -> None:
        while True:
            try:
                await self._consumer.start()
                break
            except KafkaError as error:
                log.warning("cannot reach the broker yet: %s", error)
                await asyncio.sleep(0.5)
        self._consumer.subscribe(topics=list(self._streams), listener=self)

    async def _poll(self, timeout_s: float) -> list[FetchedBatch]:
        try:
            return await self._reader.poll(timeout_s)
        except NoOffsetForPartitionError:
            return []
        except OffsetOutOfRangeError as error:
            raise WorkerStopped(f"the log no longer holds the next offset: {error}") from error

    # --- collecting -------------------------------------------------------------------------

    def _collected(self) -> int:
        return sum(columns.count for columns in self._columns.values())

    def _absorb(self, batch: FetchedBatch) -> None:
        tp = TopicPartition(batch.topic, batch.partition)
        shard = self._shards.get(tp)
        if shard is None or self._refused is not None:
            return
        if batch.first != shard.next:
            # Fetched before a seek: read again from where the store stands.
            self._consumer.seek(tp, shard.next)
            return
        stream, records = self._streams[batch.topic], batch.records
        done = self._columns[stream].add(
            batch.partition, records, shard.watermark_ms, shard.floor_ms, int(time.time() * 1000)
        )
        self._late += done.late
        self._dead += done.dead
        self._keep_raw(stream, batch, done.dead)
        self._sent.update(record.timestamp // 10 * 10 for record in records)
        shard.next = batch.next
        shard.watermark_ms = done.watermark_ms
        shard.records += len(records)
        shard.bytes += sum(len(r.value or b"") + len(r.key or b"") for r in records)

    def _keep_raw(self, stream: str, batch: FetchedBatch, dead: Iterable[DeadRow]) -> None:
        if stream == ORDERS or (stream == CLICKS and self.config.store_clicks):
            bad = {row.offset for row in dead}
            self._raw += [
                RawRow(stream, batch.partition, record.offset, record.value)
                for record in batch.records
                if record.offset not in bad
            ]

    def _drop(self) -> None:
        """Forget everything that was not handed over; it will be read again."""
        for columns in self._columns.values():
            columns.clear()
        self._late, self._dead, self._raw = [], [], []
        self._sent.clear()

    # --- handing over -----------------------------------------------------------------------

    async def _hand_over(self) -> None:
        """Send what was collected; waits while too many handovers are unanswered."""
        while len(self._in_flight) >= MAX_IN_FLIGHT and self._refused is None:
            await self._wait_for_answer(None)
        moved = {tp: shard for tp, shard in self._shards.items() if shard.next > shard.first}
        if not moved or self._refused is not None:
            return
        dead = self._dead
        handover = Handover(
            claim=self._claim,
            seq=self._seq,
            ranges=tuple(self._range(tp, shard) for tp, shard in moved.items()),
            panes=[row for columns in self._columns.values() for row in columns.fold()],
            late=self._late,
            dead=dead,
            raw=self._raw,
            sent_ms=list(self._sent.items()),
        )
        self._seq += 1
        self._in_flight[handover.seq] = {tp: shard.next for tp, shard in moved.items()}
        for shard in moved.values():
            shard.first, shard.records, shard.bytes = shard.next, 0, 0
        self._drop()
        if dead:
            await self._dead_letters.publish(dead)
        await self._channel.send(handover)

    def _range(self, tp: TopicPartition, shard: _Shard) -> Range:
        mark = None if shard.watermark_ms == NEVER else shard.watermark_ms
        stream = self._streams[tp.topic]
        return Range(
            stream, tp.partition, shard.first, shard.next, mark, shard.records, shard.bytes
        )

    async def _read_answers(self) -> None:
        while True:
            message = await self._channel.receive()
            if isinstance(message, Claimed):
                if self._claimed is not None and not self._claimed.done():
                    self._claimed.set_result(message)
                continue
            offsets = self._in_flight.pop(message.seq, None)
            self._answered.set()
            if offsets is None:
                continue  # of a claim before the present one
            if message.ok:
                self._commit_later(offsets)
            else:
                log.warning("handover %d refused: %s", message.seq, message.reason)
                if self._refused is None or message.stale:
                    self._refused = message

    async def _wait_for_answer(self, timeout_s: float | None) -> bool:
        self._answered.clear()
        try:
            await asyncio.wait_for(self._answered.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def _recover(self) -> None:
        """After a refusal: read again from the store's offsets, unless another member owns them."""
        refused = self._refused
        if refused is None:
            return
        self._drop()
        if self._in_flight:
            return
        if refused.stale:
            now = time.monotonic()
            self._stale_since = self._stale_since or now
            if now - self._stale_since > _STALE_WAIT_S:
                raise WorkerStopped("lost its shards and the group never said so")
            return
        await self._take(list(self._shards))

    # --- the group --------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Hand over what there is, briefly; what is not acknowledged the next owner reads again."""
        with contextlib.suppress(Exception):
            await self._channel.send(ConsumerState("joining"))
        async with self._lock:
            deadline = time.monotonic() + _REVOKE_WAIT_S
            if len(self._in_flight) < MAX_IN_FLIGHT:
                await self._hand_over()
            while self._in_flight and (left := deadline - time.monotonic()) > 0:
                await self._wait_for_answer(left)
            self._drop()
            self._shards.clear()
            self._to_commit.clear()

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Start each shard where the store stands, never where Kafka's group believes."""
        # First of all: without the pause, records from a wrong position arrive while we ask.
        self._consumer.pause(*assigned)
        async with self._lock:
            self._drop()
            self._in_flight.clear()
            await self._take(list(assigned))
        await self._channel.send(ConsumerState("running"))

    async def _take(self, tps: list[TopicPartition]) -> None:
        self._claimed = asyncio.get_running_loop().create_future()
        ids = tuple(ShardId(self._streams[tp.topic], tp.partition) for tp in tps)
        coordinator = self._consumer._coordinator
        await self._channel.send(
            Claim(int(coordinator.generation), str(coordinator.member_id), ids)
        )
        claimed = await self._claimed
        self._claim = claimed.claim
        self._refused = None
        self._stale_since = None
        self._drop()
        self._shards.clear()
        for position in claimed.positions:
            tp = TopicPartition(self.config.topics[position.stream], position.shard)
            self._shards[tp] = _Shard(
                position.next,
                position.next,
                NEVER if position.watermark_ms is None else position.watermark_ms,
                NEVER if position.floor_ms is None else position.floor_ms,
            )
            self._consumer.seek(tp, position.next)
        self._consumer.resume(*tps)

    def _commit_later(self, offsets: dict[TopicPartition, int]) -> None:
        """Tell Kafka, for lag tools; at most one commit at a time, failures don't matter."""
        self._to_commit.update(offsets)
        if self._commit is None or self._commit.done():
            self._commit = asyncio.create_task(self._commit_now())

    async def _commit_now(self) -> None:
        while self._to_commit:
            assigned = self._consumer.assignment()
            offsets = {tp: o for tp, o in self._to_commit.items() if tp in assigned}
            self._to_commit.clear()
            if not offsets:
                return
            committing = asyncio.ensure_future(self._consumer.commit(offsets))
            await asyncio.wait({committing}, timeout=5)
            if not committing.done():
                committing.cancel()
            elif not committing.cancelled() and (error := committing.exception()):
                log.info("offsets not committed to Kafka: %s", error)
