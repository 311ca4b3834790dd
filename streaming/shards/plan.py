"""How a stream's records find their shards: the plan that holds for one epoch of a stream.

A new plan begins a new epoch. Between two epochs no record is under way, so the offsets at which
an epoch begins part its records from those before, exactly.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from streaming.shards.shardmap import ShardMap

View: TypeAlias = Literal["kinesis", "msk"]
Limits: TypeAlias = Literal["off", "course", "today"]


class StreamPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the producer goes by. `epoch` counts from 1, over the store's whole life.

    `shards` is how many there are, numbered from 0: in the msk view the partitions a key is spread
    over, in the kinesis view all shards of `shard_map`, open or not. `limits` says what an open
    shard takes, `aggregate` whether the producer packs records together (kinesis only, both).
    """

    stream: str
    epoch: int
    key: str
    view: View
    shards: int
    shard_map: ShardMap | None = None
    limits: Limits = "off"
    aggregate: bool = False

    def same(self, other: StreamPlan) -> bool:
        """Whether records would find the same shards under the other one."""
        return msgspec.structs.replace(self, epoch=other.epoch) == other
