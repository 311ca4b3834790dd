"""One consumer: a real member of the group that turns records into partials for the engine.

poll → decode and collect → fold into pane rows → hand over → acknowledged → commit to Kafka.
The truth about progress is the store's offset; Kafka's committed offset follows it, for lag and
for other tools.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import os
import time
from collections.abc import Iterable
from typing import Any, Final

from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import (
    InconsistentGroupProtocolError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
)

from streaming.broker.connection import Connection
from streaming.consumer.batches import BatchReader, FetchedBatch
from streaming.consumer.brake import Brake
from streaming.consumer.collector import Collector
from streaming.consumer.commits import Commits
from streaming.consumer.config import WorkerConfig
from streaming.consumer.deadletters import DeadLetters
from streaming.consumer.ending import close_client
from streaming.consumer.membership import group_consumer, join
from streaming.consumer.pacing import Pacing
from streaming.lab.channel import Channel
from streaming.lab.messages import (
    Ack,
    Claim,
    Claimed,
    ConsumerState,
    Follow,
    HelloConsumer,
    Pace,
    Reading,
    ShardId,
    ToConsumer,
)
from streaming.windows.plan import WindowPlan

log: Final = logging.getLogger(__name__)

MAX_IN_FLIGHT: Final = 2
"""Handovers sent and not yet answered; then the consumer stops reading (lag, not memory)."""

MAX_COLLECTED: Final = 20_000
"""Records collected before a handover is due whatever the clock says."""

_REVOKE_WAIT_S: Final = 2.0
_STALE_WAIT_S: Final = 30.0


class WorkerStopped(Exception):
    """The consumer cannot go on; a new process has to start from the store's offsets."""


class Worker(ConsumerRebalanceListener):  # type: ignore[misc]
    """A group member. `run` returns when the channel to the engine closes."""

    def __init__(self, config: WorkerConfig, channel: Channel[ToConsumer]) -> None:
        self.config = config
        self._channel = channel
        self._streams = {topic: stream for stream, topic in config.topics.items()}
        kafka = Connection.received(config.kafka)
        self._consumer = group_consumer(config, kafka)
        self._pacing = Pacing(config.topics)
        self._brake = Brake()
        self._reader = BatchReader(
            self._consumer, whole_batches=config.whole_batches, pacing=self._pacing,
            brake=self._brake,
        )  # fmt: skip
        self._dead_letters = DeadLetters(kafka, config.dead_letter_topic, config.topics)
        self._collector = Collector(
            config.topics, config.lateness_ms, store_clicks=config.store_clicks,
            now_ms=config.clock.now_ms,
        )  # fmt: skip
        self._lock = asyncio.Lock()
        self._windows = WindowPlan(0)
        self._claim = 0
        self._claimed: asyncio.Future[Claimed] | None = None
        self._seq = 0
        self._in_flight: dict[int, dict[TopicPartition, int]] = {}
        self._answered = asyncio.Event()
        self._refused: Ack | None = None
        self._stale_since: float | None = None
        self._commits = Commits(self._consumer)
        self._held: set[TopicPartition] = set()

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
        """Leave the group; best effort."""
        await close_client(self._consumer)
        await self._dead_letters.stop()

    async def _work(self) -> None:
        await join(self._consumer, list(self._streams), self)
        due = time.monotonic() + self.config.flush_ms / 1000
        while True:
            now = time.monotonic()
            waits = self._pacing.wait_s(now), self._brake.wait_s(now) or math.inf
            batches = await self._poll(max(0.0, min(due - now, *waits)))
            async with self._lock:
                self._absorb(batches)
                now = time.monotonic()
                if now >= due or self._collector.records >= MAX_COLLECTED:
                    await self._hand_over()
                    due = time.monotonic() + self.config.flush_ms / 1000
                if self._collector.plan < self._windows.number:
                    await self._follow()
                if self._refused is not None:
                    await self._recover()

    async def _poll(self, timeout_s: float) -> list[FetchedBatch]:
        try:
            return await self._reader.poll(timeout_s)
        except NoOffsetForPartitionError:
            return []
        except InconsistentGroupProtocolError:
            log.info("a member that shares out in another way is not out of the group yet")
            return []
        except OffsetOutOfRangeError as error:
            raise WorkerStopped(f"the log no longer holds the next offset: {error}") from error

    # --- handing over -----------------------------------------------------------------------

    async def _hand_over(self) -> None:
        """Send what was collected; waits while too many handovers are unanswered."""
        while len(self._in_flight) >= MAX_IN_FLIGHT and self._refused is None:
            await self._wait_for_answer(None)
        if self._refused is not None:
            return
        handover = self._collector.hand_over(self._claim, self._seq)
        if handover is None:
            return
        self._seq += 1
        self._in_flight[handover.seq] = {
            self._tp(r.stream, r.shard): r.next for r in handover.ranges
        }
        if handover.dead:
            await self._dead_letters.publish(handover.dead)
        await self._channel.send(handover)

    async def _follow(self) -> None:
        """Go by other windows; what is collected is of those before."""
        await self._hand_over()
        if self._refused is None:
            self._collector.follow(self._windows)

    def _absorb(self, batches: list[FetchedBatch]) -> None:
        """Collect; what was fetched before a seek is read again from where the store stands."""
        if self._refused is not None:
            return
        for batch in batches:
            expected = self._collector.absorb(self._streams[batch.topic], batch)
            if expected is not None:
                self._consumer.seek(TopicPartition(batch.topic, batch.partition), expected)

    def _tp(self, stream: str, shard: int) -> TopicPartition:
        return TopicPartition(self.config.topics[stream], shard)

    async def _read_answers(self) -> None:
        while True:
            message = await self._channel.receive()
            if isinstance(message, Claimed):
                if self._claimed is not None and not self._claimed.done():
                    self._claimed.set_result(message)
                continue
            if isinstance(message, Follow):
                self._windows = message.windows
                continue
            if isinstance(message, Pace):
                self._brake.follow(message)
                continue
            if isinstance(message, Reading):
                self._pacing.follow(message.rules)
                self._hold_back(message.held)
                continue
            offsets = self._in_flight.pop(message.seq, None)
            self._answered.set()
            if offsets is None:
                continue  # of a claim before the present one
            if message.ok:
                self._commits.add(offsets)
            else:
                log.warning("handover %d refused: %s", message.seq, message.reason)
                if self._refused is None or message.stale:
                    self._refused = message

    def _hold_back(self, held: Iterable[ShardId]) -> None:
        """Do not read these shards of ours, and go on with those that were held before."""
        before, self._held = self._held, {self._tp(s.stream, s.shard) for s in held}
        mine = {self._tp(*shard) for shard in self._collector.shards}
        self._consumer.pause(*(self._held & mine))
        self._consumer.resume(*((before - self._held) & mine))

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
        self._collector.drop()
        if self._in_flight:
            return
        if refused.stale:
            now = time.monotonic()
            self._stale_since = self._stale_since or now
            if now - self._stale_since > _STALE_WAIT_S:
                raise WorkerStopped("lost its shards and the group never said so")
            return
        await self._take([self._tp(*shard) for shard in self._collector.shards])

    # --- the group --------------------------------------------------------------------------

    async def on_partitions_revoked(self, revoked: Any) -> None:
        """Hand over what there is, briefly; what is not acknowledged the next owner reads again."""
        going = {(self._streams[tp.topic], tp.partition) for tp in revoked}
        word = "running" if set(self._collector.shards) - going else "joining"
        state = ConsumerState(word, tuple(ShardId(*shard) for shard in going))
        with contextlib.suppress(Exception):
            await self._channel.send(state)
        async with self._lock:
            await self._settle_up()
            # Kept shards too: what is collected is not told apart. They are claimed in a moment.
            self._collector.end()
            self._commits.forget(revoked)

    async def on_partitions_assigned(self, assigned: Any) -> None:
        """Start each shard where the store stands, never where Kafka's group believes."""
        # First of all: without the pause, records from a wrong position arrive while we ask.
        self._consumer.pause(*assigned)
        async with self._lock:
            if self._collector.shards:
                await self._settle_up()  # it kept some, and claims them anew with the others
            self._in_flight.clear()
            await self._take(list(self._consumer.assignment()))
        await self._channel.send(ConsumerState("running"))

    async def _settle_up(self) -> None:
        """Hand over what there is and wait a moment for the answers."""
        deadline = time.monotonic() + _REVOKE_WAIT_S
        if len(self._in_flight) < MAX_IN_FLIGHT:
            await self._hand_over()
        while self._in_flight and (left := deadline - time.monotonic()) > 0:
            await self._wait_for_answer(left)

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
        if self._windows.number < claimed.windows.number:
            self._windows = claimed.windows
        self._collector.follow(self._windows)
        self._collector.begin(claimed.positions)
        for position in claimed.positions:
            self._consumer.seek(self._tp(position.stream, position.shard), position.next)
        self._pacing.follow(claimed.rules)
        self._held = {self._tp(s.stream, s.shard) for s in claimed.held}
        self._consumer.pause(*(self._held & set(tps)))
        self._consumer.resume(*(set(tps) - self._held))
