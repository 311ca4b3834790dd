"""Kafka's default partitioner: where a keyed record lands.

partition = (murmur2(key) & 0x7fffffff) mod partitions, as Kafka's Java client does it
(`BuiltInPartitioner.partitionForKey`, `Utils.murmur2`). Not librdkafka's default, which is CRC32.
"""

from __future__ import annotations

from typing import Final

from aiokafka.partitioner import murmur2

from streaming.shards.route import Route

_CACHE_LIMIT: Final = 100_000


class MurmurPartitioner(dict[str, Route]):
    """Partitions of a stream by key; `partitioner[key]` is its route.

    Keys repeat, and murmur2 in Python is slow: what was asked before is remembered.
    """

    def __init__(self, partitions: int) -> None:
        super().__init__()
        self.partitions = partitions

    def __call__(self, key: str) -> int:
        """The partition of this key (its UTF-8 bytes are hashed)."""
        return self[key][0]

    def __missing__(self, key: str) -> Route:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        data = key.encode("utf-8", "replace")
        route = self[key] = Route((murmur2(data) & 0x7FFFFFFF) % self.partitions, data)
        return route
