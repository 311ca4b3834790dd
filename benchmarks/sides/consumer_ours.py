"""The lab's own path in one process: whole batches, columns, fold, exactly-once merge.

It does what a worker and the engine do between fetch and commit, by the worker's rules for when
to hand over; the group and the connection between the two processes are left out.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from benchmarks.side import Clock
from benchmarks.sides.reading import new_consumer, read_from_start
from generators.wire import CLICKS
from streaming.consumer.batches import BatchReader
from streaming.consumer.collector import Collector
from streaming.consumer.worker import MAX_COLLECTED
from streaming.lab.messages import ShardId
from streaming.store.store import Store


class Job:
    """Collects batches and merges them into the store."""

    def __init__(self, path: Path, shards: int, lateness_ms: int) -> None:
        self.store = Store(path, (CLICKS,), lateness_ms)
        ids = tuple(ShardId(CLICKS, number) for number in range(shards))
        self._claim = self.store.ledger.claim("bench", ids)
        self.collector = Collector((CLICKS,), lateness_ms, store_clicks=False)
        self.collector.begin([self.store.position(i.stream, i.shard) for i in ids])
        self._seq = 0

    def merge(self) -> None:
        """Store what was collected, with offsets and watermarks, in one transaction."""
        handover = self.collector.hand_over(self._claim, self._seq)
        if handover is not None:
            self._seq += 1
            ack = self.store.merge([("bench", handover)], frozenset()).acks[0]
            assert ack.ok, ack.reason


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Read the topic to its end."""
    return asyncio.run(_run(config, clock))


async def _run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    left = {shard: end for shard, end in enumerate(config["ends"]) if end}
    flush_s = config["flush_ms"] / 1000
    consumer = new_consumer(config["bootstrap"])
    await consumer.start()
    reader = BatchReader(consumer)
    assert reader.whole_batches
    job = Job(Path(config["store"]), len(config["ends"]), config["lateness_ms"])
    clock.start()
    read_from_start(consumer, config["topic"], len(config["ends"]))
    due = time.monotonic() + flush_s
    while left:
        for batch in await reader.poll(max(0.0, due - time.monotonic())):
            wanted = job.collector.absorb(CLICKS, batch)
            assert wanted is None, f"offset {batch.first} came, {wanted} was expected"
            if batch.next >= left[batch.partition]:
                del left[batch.partition]
        if time.monotonic() >= due or job.collector.records >= MAX_COLLECTED:
            job.merge()
            due = time.monotonic() + flush_s
    job.merge()
    job.store.close()
    clock.stop()
    await consumer.stop()
    counters = job.store.counters
    return {
        "records": counters.stored,
        "merges": counters.merges,
        "late": counters.late,
        "dead": counters.dead_letters,
    }
