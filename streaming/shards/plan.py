"""How a stream's records find their shards: the plan that holds for one epoch of a stream.

A new plan begins a new epoch. Between two epochs no record is under way, so the offsets at which
an epoch begins part its records from those before, exactly.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from streaming.shards.keys import shop
from streaming.shards.service_errors import constraint, invalid
from streaming.shards.shardmap import ShardMap

View: TypeAlias = Literal["kinesis", "msk"]
Limits: TypeAlias = Literal["off", "course", "today"]
Packing: TypeAlias = Literal["off", "kpl", "naive"]


class StreamPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the producer goes by. `epoch` counts from 1, over the store's whole life.

    `shards` is how many there are, numbered from 0: in the msk view the partitions a key is spread
    over, in the kinesis view all shards of `shard_map`, open or not. `limits` says what an open
    shard takes, `aggregate` how the producer packs records together (kinesis only, both).
    """

    stream: str
    epoch: int
    key: str
    view: View
    shards: int
    shard_map: ShardMap | None = None
    limits: Limits = "off"
    aggregate: Packing = "off"

    @property
    def open_ids(self) -> tuple[int, ...]:
        """The shards that take records, in the order of their ranges."""
        if self.shard_map is None:
            return tuple(range(self.shards))
        return tuple(shard.id for shard in self.shard_map.open)

    def same(self, other: StreamPlan) -> bool:
        """Whether records would find the same shards under the other one."""
        return msgspec.structs.replace(self, epoch=other.epoch) == other


MAY_BE_EMPTY: Final = frozenset({"product_id"})
"""Fields that some events of the shop have empty: a search is about no product."""


def check_key(key: str, view: View) -> None:
    """Refuse a key that the view's service would not take of every event.

    Raises BadKey for what is no key, Refused for keys that may be empty (PutRecord, PartitionKey).
    """
    strategy = shop(key)
    texts = "".join(strategy.parts[::2])
    only_such = bool(strategy.fields) and set(strategy.fields) <= MAY_BE_EMPTY
    if view == "kinesis" and only_such and not texts and strategy.salt is None:
        rule = constraint("", "partitionKey", "have length greater than or equal to 1")
        raise invalid([f"{rule} ({key} is empty in some events)"])
