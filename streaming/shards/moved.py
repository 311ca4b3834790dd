"""What adding partitions to a topic, or a reshard, does to the keys.

Kafka moves no record: new records of a key that changes its partition come to a new place while
the old ones stay, so the key's order is lost across the two, and a join with a topic of another
count no longer meets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from streaming.shards.hashing import kafka_partitions


class Moved(NamedTuple):
    """Shares (0 to 1) that change their partition."""

    keys: float
    records: float


def moved_keys(
    before: Mapping[bytes, int], after: Mapping[bytes, int], weights: Mapping[bytes, int]
) -> tuple[Moved, int]:
    """What part of the keys that both know has another shard now; and how many they are.

    `before` and `after` are the shard of each key, `weights` its records.
    """
    both = before.keys() & after.keys()
    if not both:
        return Moved(0.0, 0.0), 0
    moved = {key for key in both if before[key] != after[key]}
    total = sum(weights[key] for key in both)
    return Moved(len(moved) / len(both), sum(weights[key] for key in moved) / total), len(both)


def moved_share(
    keys: Sequence[bytes], before: int, after: int, weights: Sequence[float] | None = None
) -> Moved:
    """What part of these different keys, and of their records, another partition count moves.

    `weights` are the records of each key; without them each counts the same. No keys or no
    records move nothing. With many keys alike in weight the shares come to 1 - m/lcm(before,
    after), m the smaller count: a hash stays when both counts leave the same rest
    (`BuiltInPartitioner.partitionForKey`).
    """
    old, new = kafka_partitions(keys, [before, after])
    moved = old != new
    counts = np.ones(len(keys)) if weights is None else np.asarray(weights, dtype=np.float64)
    total = counts.sum()
    return Moved(
        float(moved.mean()) if len(keys) else 0.0,
        float(counts[moved].sum() / total) if total else 0.0,
    )
