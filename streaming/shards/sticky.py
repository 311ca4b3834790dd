"""Kafka's partitioner for records without a key: one partition for a while, then another.

KIP-794, `org.apache.kafka.clients.producer.internals.BuiltInPartitioner`.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate

from streaming.shards.keys import STICKY_BYTES
from streaming.shards.route import Route


def frequencies(queues: Sequence[int]) -> list[int]:
    """How often each partition is drawn, given how many batches wait for it.

    The longest queue and one, less its own: 1 for the longest. Equal queues make all partitions
    equally likely.
    """
    most = max(queues) + 1
    return [most - queue for queue in queues]


class Sticky:
    """Sends each partition `batch_bytes` in a row (batch.size), then draws the next at random.

    `queues` tells how many batches wait for each of the partitions at this moment; those with
    fewer are drawn more often (partitioner.adaptive.partitioning.enable). Without it, all are
    equally likely. The record that fills a batch still belongs to it, as in Kafka.
    """

    def __init__(
        self,
        partitions: int,
        chance: random.Random,
        queues: Callable[[], Sequence[int]] | None = None,
        batch_bytes: int = STICKY_BYTES,
    ) -> None:
        self._partitions = partitions
        self._chance = chance
        self._queues = queues
        self._batch_bytes = batch_bytes
        self._partition = 0
        self._room = 0

    def __call__(self, event: object, hint: str, size: int) -> Route:
        """The partition of a record of `size` bytes, and no key; the rest does not matter."""
        if self._room <= 0:
            self._partition = self._draw()
            self._room = self._batch_bytes
        self._room -= size
        return Route(self._partition, None)

    def _draw(self) -> int:
        if self._queues is None:
            return self._chance.randrange(self._partitions)
        table = list(accumulate(frequencies(self._queues())))
        return bisect_right(table, self._chance.randrange(table[-1]))
