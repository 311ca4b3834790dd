"""What adding partitions to a topic does to its keys.

Kafka moves no record: new records of a key that changes its partition come to a new place while
the old ones stay, so the key's order is lost across the two, and a join with a topic of another
count no longer meets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from streaming.shards.hashing import kafka_partitions


class Moved(NamedTuple):
    """Shares (0 to 1) that change their partition."""

    keys: float
    records: float


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
