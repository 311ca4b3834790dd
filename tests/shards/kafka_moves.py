"""What another number of Kafka partitions moves."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.shards.kafka import MurmurPartitioner
from streaming.shards.moved import Moved, moved_keys


def moved_share(
    keys: Sequence[bytes], before: int, after: int, weights: Sequence[float] | None = None
) -> Moved:
    """The shares of these different keys, and of their records, that change their partition."""
    old, new = (
        {key: partitioner(key.decode()) for key in keys}
        for partitioner in (MurmurPartitioner(before), MurmurPartitioner(after))
    )
    counts = dict(zip(keys, [1.0] * len(keys) if weights is None else weights, strict=True))
    return moved_keys(old, new, counts)[0]
