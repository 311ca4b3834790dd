"""The one way into the store: claims and handovers in order of arrival, a few merges a second."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeAlias, TypeVar

from streaming.alarms.book import Change
from streaming.lab.channel import Channel, ChannelClosed
from streaming.lab.journal import Journal
from streaming.lab.messages import Claim, Claimed, Handover
from streaming.lab.producer_messages import ProducerStats
from streaming.store.ledger import Shard
from streaming.store.store import Store

QUEUE: Final = 64
"""Messages waiting for the writer; then consumers wait with theirs (lag, not memory)."""

MIN_INTERVAL_S: Final = 0.1
IDLE_INTERVAL_S: Final = 1.0

T = TypeVar("T")
Consumer: TypeAlias = tuple[str, Channel[Any]]
Item: TypeAlias = tuple[Consumer, Claim | Handover | None]
"""A consumer's message, or None for the end of its connection."""


class Latencies:
    """Milliseconds from produce to committed row: exact below a second, then to three digits."""

    def __init__(self) -> None:
        self.total: Counter[int] = Counter()

    def add(self, now_ms: int, sent_ms: list[tuple[int, int]]) -> None:
        """Count records by their produce times, which are rounded down to 10 ms."""
        for at_ms, count in sent_ms:
            self.total[_rounded(max(0, now_ms - at_ms - 5))] += count

    def quantiles(self) -> tuple[float | None, float | None]:
        """The 50th and the 99th percentile of everything so far, None when there is nothing."""
        return percentile(self.total, 0.5), percentile(self.total, 0.99)


def _rounded(ms: int) -> int:
    step = 1
    while ms >= 1000 * step:
        step *= 10
    return ms // step * step


def percentile(counts: Counter[int], part: float) -> float | None:
    """The smallest value with at least `part` of the counts at or below it."""
    total = sum(counts.values())
    if not total:
        return None
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= part * total:
            return float(value)
    return None


class Merger:
    """Feeds the store from the consumers' messages.

    Everything touching the store runs in one thread, one call at a time; `call` is for others who
    need it.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal,
        idle: Callable[[], Collection[Shard]],
        producer: Callable[[], tuple[int, ProducerStats] | None],
        reading: Callable[[Claimed], Claimed] = lambda claimed: claimed,
        told: Callable[[tuple[Change, ...]], None] = lambda changes: None,
    ) -> None:
        self._told = told
        self._store = store
        self._journal = journal
        self._idle = idle
        self._producer = producer
        self._reading = reading
        self._queue: asyncio.Queue[Item] = asyncio.Queue(QUEUE)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._stopping = False
        self.latencies = Latencies()
        self.commit_ms: float | None = None

    async def call(self, function: Callable[..., T], *args: Any) -> T:
        """Run a function of the store in the store's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function, *args)

    async def put(self, consumer: Consumer, message: Claim | Handover) -> None:
        """Queue a consumer's message; waits when the store is slow."""
        await self._queue.put((consumer, message))

    async def run(self) -> None:
        """Merge for ever. Raises StoreFailed."""
        last = 0.0
        while not self._stopping:
            try:
                first = await asyncio.wait_for(self._queue.get(), IDLE_INTERVAL_S)
            except TimeoutError:
                await self._merge([])
                continue
            # Wait for company: one transaction for all consumers costs little more than for one.
            pause = MIN_INTERVAL_S - (time.monotonic() - last)
            if pause > 0 and isinstance(first[1], Handover):
                await asyncio.sleep(pause)
            last = time.monotonic()
            items = [first]
            while not self._queue.empty():
                items.append(self._queue.get_nowait())
            await self._take(items)

    def gone(self, consumer: Consumer) -> None:
        """A consumer's connection ended: after what it sent, its shards have no owner."""
        try:
            self._queue.put_nowait((consumer, None))
        except asyncio.QueueFull:
            self._store.ledger.forget(consumer[0])

    async def _take(self, items: list[Item]) -> None:
        handovers: list[tuple[Consumer, Handover]] = []
        for consumer, message in items:
            if isinstance(message, Handover):
                handovers.append((consumer, message))
                continue
            await self._merge(handovers)
            handovers = []
            if message is None:
                await self.call(self._store.ledger.forget, consumer[0])
            else:
                claimed = await self.call(self._claim, consumer[0], message)
                await _send(consumer[1], self._reading(claimed))
        await self._merge(handovers)

    def _claim(self, name: str, message: Claim) -> Claimed:
        claim = self._store.ledger.claim(name, message.shards)
        positions = tuple(self._store.position(s.stream, s.shard) for s in message.shards)
        return Claimed(claim, positions, windows=self._store.declared.plan)

    async def _merge(self, handovers: list[tuple[Consumer, Handover]]) -> None:
        journal, idle = self._journal.take(), frozenset(self._idle())
        if not (
            handovers
            or journal
            or self._store.analysis.measuring.waiting
            or self._store.watermark_moves(idle)
        ):
            return
        merged = await self.call(
            self._store.merge,
            [(name, handover) for (name, _), handover in handovers],
            idle,
            self._producer(),
            journal,
        )
        now_ms = int(time.time() * 1000)
        self.commit_ms = merged.millis
        self._told(merged.changes)
        for ((name, channel), handover), ack in zip(handovers, merged.acks, strict=True):
            if ack.ok:
                self.latencies.add(now_ms, handover.sent_ms)
            else:
                self._journal.add("warn", "refused", f"{name}: handover refused, {ack.reason}")
            await _send(channel, ack)

    async def finish(self) -> None:
        """Store what is queued and the last of the journal, then let go of the thread."""
        self._stopping = True
        items = []
        while not self._queue.empty():
            items.append(self._queue.get_nowait())
        await self._take(items)
        journal = self._journal.take()
        await self.call(self._store.merge, [], frozenset(), self._producer(), journal)

    def close(self) -> None:
        """Close the store in its own thread and end the thread."""
        self._thread.submit(self._store.close)
        self._thread.shutdown(wait=True)


async def _send(channel: Channel[Any], message: Any) -> None:
    try:
        await channel.send(message)
    except ChannelClosed:
        return
