"""Where to split a hot shard: by what it was seen to carry, not in the middle of its range."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate, pairwise, repeat
from typing import NamedTuple

from streaming.shards.shardmap import HashShard


class SplitPoint(NamedTuple):
    """A hash key to split at, and the share (0 to 1) of the measured mass that falls below it.

    `lower_share` is None where nothing was measured: then `at` is the middle of the range.
    """

    at: int
    lower_share: float | None

    @property
    def helps(self) -> bool:
        """False when one child would carry everything: the shard's mass is a single hash key."""
        return self.lower_share is None or 0 < self.lower_share < 1


def half_of_mass(
    shard: HashShard, hash_keys: Iterable[int], weights: Iterable[float] | None = None
) -> SplitPoint | None:
    """The legal hash key that parts what the shard carries most evenly; None if there is no place.

    `hash_keys` are of records, or of partition keys with `weights` (records or bytes, none
    negative); those of other shards are left out. Between two hash keys any place is as good, so
    it is taken halfway: records to come have no reason to be on one side.
    """
    if not shard.cuts:
        return None

    def legal(at: int) -> int:
        return min(max(at, shard.cuts[0]), shard.cuts[-1])

    mass: defaultdict[int, float] = defaultdict(float)
    for key, weight in zip(hash_keys, repeat(1.0) if weights is None else weights, strict=False):
        if shard.start <= key <= shard.end:
            mass[key] += weight
    middle = legal((shard.start + shard.end + 1) // 2)
    keys = sorted(key for key, weight in mass.items() if weight > 0)
    if not keys:
        return SplitPoint(middle, None)
    below = [0.0, *accumulate(mass[key] for key in keys)]

    def share(at: int) -> float:
        return below[bisect_left(keys, at)] / below[-1]

    # The middle comes first: where it parts the mass as well as any, it is what people expect.
    places = [middle, *(legal((low + high + 1) // 2) for low, high in pairwise(keys))]
    best = min(places, key=lambda at: abs(share(at) - 0.5))
    return SplitPoint(best, share(best))
