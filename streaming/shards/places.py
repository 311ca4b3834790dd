"""Where a keyed record lands: by Kafka's hash of its key, or by Kinesis' ranges of hash keys."""

from __future__ import annotations

from typing import Final, Protocol

from streaming.shards.kafka import MurmurPartitioner
from streaming.shards.plan import StreamPlan
from streaming.shards.route import Route
from streaming.shards.shardmap import ShardMap

_CACHE_LIMIT: Final = 100_000


class Places(Protocol):
    """`places[key]` is where a key's records go; shards are numbered below `partitions`."""

    partitions: int

    def __getitem__(self, key: str) -> Route: ...


class RangePartitioner(dict[str, Route]):
    """Open shards of a Kinesis stream by partition key: the MD5 of its UTF-8 bytes decides.

    Keys repeat: what was asked before is remembered.
    """

    def __init__(self, shard_map: ShardMap) -> None:
        super().__init__()
        self.partitions = len(shard_map.shards)
        self._shard_of = shard_map.router.of_key

    def __missing__(self, key: str) -> Route:
        if len(self) >= _CACHE_LIMIT:
            self.clear()
        key = key.encode("utf-8", "replace").decode()
        place = self[key] = Route(self._shard_of(key), key.encode())
        return place


def places_of(plan: StreamPlan) -> Places:
    """The places of a plan's records."""
    if plan.shard_map is not None:
        return RangePartitioner(plan.shard_map)
    return MurmurPartitioner(plan.shards)
