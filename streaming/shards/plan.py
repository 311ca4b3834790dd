"""How a stream's records find their shards: the plan that holds for one epoch of a stream.

A new plan begins a new epoch. Between two epochs no record is under way, so the offsets at which
an epoch begins part its records from those before, exactly.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

View: TypeAlias = Literal["kinesis", "msk"]


class StreamPlan(msgspec.Struct, frozen=True, kw_only=True):
    """What the producer goes by. `epoch` counts from 1, over the store's whole life.

    `shards` is how many a key is spread over, numbered from 0.
    """

    stream: str
    epoch: int
    key: str
    view: View
    shards: int

    def same(self, other: StreamPlan) -> bool:
        """Whether records would find the same shards under the other one."""
        return msgspec.structs.replace(self, epoch=other.epoch) == other
