"""What adding partitions to a topic, or a reshard, does to the keys.

Kafka moves no record: new records of a key that changes its partition come to a new place while
the old ones stay, so the key's order is lost across the two, and a join with a topic of another
count no longer meets.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Moved(NamedTuple):
    """Shares (0 to 1) that change their partition."""

    keys: float
    records: float


def moved_keys(
    before: Mapping[bytes, int], after: Mapping[bytes, int], weights: Mapping[bytes, float]
) -> tuple[Moved, int]:
    """What part of the keys that both know has another shard now; and how many they are.

    `before` and `after` are the shard of each key, `weights` its records. Between two numbers of
    Kafka partitions, a and b, many keys alike in weight come to 1 - min(a, b)/lcm(a, b): a hash
    stays when both counts leave the same rest (`BuiltInPartitioner.partitionForKey`).
    """
    both = before.keys() & after.keys()
    if not both:
        return Moved(0.0, 0.0), 0
    moved = {key for key in both if before[key] != after[key]}
    total = sum(weights[key] for key in both)
    records = sum(weights[key] for key in moved) / total if total else 0.0
    return Moved(len(moved) / len(both), records), len(both)
