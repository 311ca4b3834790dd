"""Kafka's default partitioner: where a keyed record lands.

partition = (murmur2(key) & 0x7fffffff) mod partitions, as Kafka's Java client does it
(`BuiltInPartitioner.partitionForKey`, `Utils.murmur2`). Not librdkafka's default, which is CRC32.
"""

from __future__ import annotations

from typing import Final

from aiokafka.partitioner import murmur2

_CACHE_LIMIT: Final = 100_000


class MurmurPartitioner:
    """Partitions of a stream by key. Keys repeat, and murmur2 in Python is slow: remembered."""

    def __init__(self, partitions: int) -> None:
        self.partitions = partitions
        self._known: dict[str, int] = {}

    def __call__(self, key: str) -> int:
        """The partition of this key (its UTF-8 bytes are hashed)."""
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _CACHE_LIMIT:
                self._known.clear()
            known = (murmur2(key.encode()) & 0x7FFFFFFF) % self.partitions
            self._known[key] = known
        return known
