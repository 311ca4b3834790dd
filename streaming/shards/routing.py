"""Decides the shard of each record as it is produced: a key strategy at work on one stream.

In the msk view by murmur2 of the key, or the sticky partitioner for records without one; in the
kinesis view by the MD5 of the key, which every record has.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final, TypeAlias

from datasketches import frequent_items_error_type, frequent_strings_sketch

from generators.wire import Event
from streaming.shards.hash_keys import HASH_KEYS, SPREAD_STEP, hash_key
from streaming.shards.keys import (
    HOT_KEYS,
    KeyStrategy,
    Salt,
    calculated_suffix,
    shop,
    with_suffix,
)
from streaming.shards.places import Places, places_of
from streaming.shards.plan import StreamPlan, shard_map_of
from streaming.shards.route import Route
from streaming.shards.shardmap import ShardMap
from streaming.shards.sticky import Queues, Sticky

_SKETCH_LOG2: Final = 10  # up to 768 counters; a key above 1/200 of the stream is always seen
_LOOK_EVERY: Final = 1000


Choose: TypeAlias = Callable[[Event | None, str, int], Route]
"""From an event, its key for want of an event, and its size in bytes."""


def router(plan: StreamPlan, seed: int, queues: Callable[[], Queues] | None = None) -> Choose:
    """The function that routes a stream's records; equal seeds draw equal suffixes.

    `queues` tells what waits for each partition, for records without a key (see `Sticky`).
    A record that is no event is routed by the key its maker gave it, whatever the strategy.
    """
    strategy, partitions = shop(plan.key), places_of(plan)
    if strategy.base == "none":
        if plan.view == "kinesis":
            return _Drawn(partitions, seed)
        return Sticky(plan.shards, random.Random(seed), queues)
    if strategy.spread:
        return _Spread(strategy, partitions, shard_map_of(plan), seed)
    if strategy.choose_two:
        return _Lesser(strategy, partitions, explicit=plan.view == "kinesis")
    if strategy.salt is not None:
        return _Salted(strategy, strategy.salt, partitions, seed)
    key_of = strategy.of

    def by_key(event: Event | None, hint: str, size: int) -> Route:
        return partitions[hint if event is None else key_of(event)]

    return by_key


class _Drawn:
    """A new key for each record: what producers do who want no order, for Kinesis demands a key."""

    def __init__(self, partitions: Places, seed: int) -> None:
        self._partitions = partitions
        self._chance = random.Random(seed)

    def __call__(self, event: Event | None, hint: str, size: int) -> Route:
        return self._partitions[f"{self._chance.getrandbits(64):016x}"]


class _Lesser:
    """Power of two choices: each key has two shards; the one with fewer records so far gets it.

    Nasir et al., "The Power of Both Choices", ICDE 2015 (partial key grouping). In the kinesis
    view the second shard is reached by an explicit hash key, for the key's own leads to the first.
    """

    def __init__(self, strategy: KeyStrategy, partitions: Places, *, explicit: bool) -> None:
        self._key_of = strategy.of
        self._explicit = explicit
        self._partitions = partitions
        self._loads = [0] * partitions.partitions

    def __call__(self, event: Event | None, hint: str, size: int) -> Route:
        key = hint if event is None else self._key_of(event)
        route, second = self._partitions[key], with_suffix(key, 2)
        other = self._partitions[second].shard
        if self._loads[other] < self._loads[route.shard]:
            route = Route(other, route.key, hash_key(second) if self._explicit else None)
        self._loads[route.shard] += 1
        return route


class _Spread:
    """The key as it is, with an explicit hash key that walks evenly through all of them."""

    def __init__(
        self, strategy: KeyStrategy, partitions: Places, shard_map: ShardMap, seed: int
    ) -> None:
        self._key_of = strategy.of
        self._partitions = partitions
        self._shard_of = shard_map.router
        self._place = random.Random(seed).getrandbits(128)

    def __call__(self, event: Event | None, hint: str, size: int) -> Route:
        if event is None:
            return self._partitions[hint]
        self._place = (self._place + SPREAD_STEP) % HASH_KEYS
        key = self._partitions[self._key_of(event)].key
        return Route(self._shard_of(self._place), key, self._place)


class _Salted:
    """The key with a suffix `#0` to `#n-1`: spreads a key over shards, and its order with it."""

    def __init__(self, strategy: KeyStrategy, salt: Salt, partitions: Places, seed: int) -> None:
        self._key_of = strategy.of
        self._salt = salt
        self._partitions = partitions
        self._chance = random.Random(seed)
        self._heavy = _Heaviest() if salt.hot else None

    def __call__(self, event: Event | None, hint: str, size: int) -> Route:
        if event is None:
            return self._partitions[hint]
        key = self._key_of(event)
        if self._heavy is not None and not self._heavy.holds(key):
            return self._partitions[key]
        if self._salt.calculated:
            suffix = calculated_suffix(event.id, self._salt.count)
        else:
            suffix = self._chance.randrange(self._salt.count)
        return self._partitions[with_suffix(key, suffix)]


class _Heaviest:
    """The heaviest keys so far, by a frequent-items sketch (Misra-Gries with fast purges)."""

    def __init__(self) -> None:
        self._sketch = frequent_strings_sketch(_SKETCH_LOG2)
        self._keys: frozenset[str] = frozenset()
        self._until_look = _LOOK_EVERY

    def holds(self, key: str) -> bool:
        """Count the key, and say whether it was among the heaviest at the last look."""
        self._sketch.update(key)
        self._until_look -= 1
        if self._until_look <= 0:
            self._until_look = _LOOK_EVERY
            found = self._sketch.get_frequent_items(frequent_items_error_type.NO_FALSE_NEGATIVES)
            ranked = sorted(found, key=lambda item: item[1], reverse=True)
            self._keys = frozenset(item[0] for item in ranked[:HOT_KEYS])
        return key in self._keys
