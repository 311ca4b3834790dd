"""Kafka's partitioner for records without a key: one partition for a while, then another.

KIP-794, `org.apache.kafka.clients.producer.internals.BuiltInPartitioner` with `RecordAccumulator`.
What of it is not here: with partitioner.availability.timeout.ms, which is off by default, a Java
producer also leaves out partitions whose node has not been ready for so long. aiokafka has one
request at a time under way to each node, so such a partition's queue grows and it is drawn less.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeAlias

from streaming.shards.keys import STICKY_BYTES
from streaming.shards.route import Route

Queues: TypeAlias = Sequence[int | None]
"""How many batches wait for each partition; None for one without a leader."""


def frequencies(queues: Queues) -> list[int]:
    """How often each partition is drawn, given how many batches wait for it.

    The longest queue and one, less its own: 1 for the longest. Equal queues make all partitions
    equally likely. One without a leader is never drawn, unless none has one.
    """
    known = [queue for queue in queues if queue is not None]
    if not known:
        return [1] * len(queues)
    most = max(known) + 1
    return [0 if queue is None else most - queue for queue in queues]


class Sticky:
    """Sends each partition `batch_bytes` in a row (batch.size), then draws the next at random.

    `queues` tells how many batches wait for each of the partitions at this moment; those with
    fewer are drawn more often (partitioner.adaptive.partitioning.enable). Without it, all are
    equally likely. The record that fills a batch still belongs to it, as in Kafka.

    A partition is not left while its batch is neither full nor sent: else what is sent before a
    batch is full would leave a small one behind for each large one. Whoever sends says so by
    `sent`. So a partition gets less than twice `batch_bytes` and a record, which Kafka has as a
    rule of its own, for there records with keys come between.
    """

    def __init__(
        self,
        partitions: int,
        chance: random.Random,
        queues: Callable[[], Queues] | None = None,
        batch_bytes: int = STICKY_BYTES,
    ) -> None:
        self._partitions = partitions
        self._chance = chance
        self._queues = queues
        self._batch_bytes = batch_bytes
        self._partition: int | None = None
        self._produced = 0
        self._open: dict[int, int] = {}
        """Bytes in each partition's newest batch, while that is neither full nor sent."""

    def __call__(self, event: object, hint: str, size: int) -> Route:
        """The partition of a record of `size` bytes, and no key; the rest does not matter."""
        partition = self._partition
        if partition is None or self._may_leave(partition):
            partition = self._partition = self._draw()
            self._produced = 0
        self._produced += size
        filled = self._open.get(partition, 0) + size
        if filled < self._batch_bytes:
            self._open[partition] = filled
        else:
            self._open.pop(partition, None)
        return Route(partition, None)

    def sent(self) -> None:
        """All batches so far are on their way: the next records begin new ones."""
        self._open.clear()

    def _may_leave(self, partition: int) -> bool:
        return self._produced >= self._batch_bytes and partition not in self._open

    def _draw(self) -> int:
        if self._queues is None:
            return self._chance.randrange(self._partitions)
        table = list(accumulate(frequencies(self._queues())))
        return bisect_right(table, self._chance.randrange(table[-1]))
