"""A Kinesis stream's shards: ranges of hash keys, their lineage, and what may be done to them.

Nothing here knows time or records. A map never changes: each operation gives a new one, or raises
`Refused` as the service would, and then the old one still holds.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property
from typing import Literal, TypeAlias

import msgspec

from streaming.shards.hash_keys import HASH_KEYS, even_starts, hash_key
from streaming.shards.scaling import check_doubling, plan
from streaming.shards.service_errors import (
    ACCOUNT,
    Refused,
    broken_hash_key,
    check_explicit_hash_key,
    constraint,
    invalid,
    not_found,
)

State: TypeAlias = Literal["open", "closed", "expired"]
"""Takes records; is only read; is gone with its last record, and listed no more."""


class HashShard(msgspec.Struct, frozen=True):
    """One shard. `low` and `high`, both included, are hash keys as 32 hexadecimal digits.

    Neither msgpack nor SQL knows numbers of 128 bits; these texts sort as the numbers do.
    `parent` and `adjacent_parent` are ids: none for a shard of a new stream, one after a split,
    two after a merge. They stay when the parents have expired.
    """

    id: int
    low: str
    high: str
    parent: int | None = None
    adjacent_parent: int | None = None
    state: State = "open"

    @property
    def name(self) -> str:
        """The ShardId of the API."""
        return f"shardId-{self.id:012}"

    @property
    def start(self) -> int:
        """StartingHashKey."""
        return int(self.low, 16)

    @property
    def end(self) -> int:
        """EndingHashKey, which belongs to the shard."""
        return int(self.high, 16)

    @property
    def width(self) -> int:
        """How many hash keys it holds."""
        return self.end - self.start + 1

    @property
    def cuts(self) -> range:
        """Where it may be split: start + 1 < key < end, as production has it.

        So neither child of a split is left with a single hash key; a shard of fewer than four
        has no such place, and the range is empty.
        """
        return range(self.start + 2, self.end)

    @property
    def parents(self) -> tuple[int, ...]:
        """The ids of the shards it came from."""
        return tuple(id_ for id_ in (self.parent, self.adjacent_parent) if id_ is not None)


class Router:
    """Finds the open shard of a hash key, by bisection; made once for each map."""

    def __init__(self, open_: Sequence[HashShard]) -> None:
        self._starts = [shard.start for shard in open_]
        self._ids = [shard.id for shard in open_]

    def __call__(self, key: int) -> int:
        """The id of the shard whose range holds the hash key. Raises Refused outside 0..2^128-1."""
        check_explicit_hash_key(key)
        return self._ids[bisect_right(self._starts, key) - 1]

    def of_key(self, partition_key: str) -> int:
        """The id of the shard of a partition key, without an explicit hash key."""
        return self._ids[bisect_right(self._starts, hash_key(partition_key)) - 1]


class ShardMap(msgspec.Struct, frozen=True, dict=True):  # dict: what was worked out once is kept
    """The shards of a stream that ever were: `shards[n]` has the id n.

    Ids only grow, so a shard's parents always come before it: the order of `shards` is one in
    which a reader may go through a lineage. Open shards tile the hash keys without gaps.
    """

    stream: str
    shards: tuple[HashShard, ...]

    @classmethod
    def even(cls, stream: str, count: int) -> ShardMap:
        """A new stream: ranges of ⌊2^128/count⌋ hash keys, the last takes the rest (CreateStream).

        Raises Refused for fewer shards than one.
        """
        _check_count(count, "shardCount")
        starts = even_starts(count)
        ends = [start - 1 for start in (*starts[1:], HASH_KEYS)]
        ranges = enumerate(zip(starts, ends, strict=True))
        return cls(stream, tuple(_shard(id_, start, end) for id_, (start, end) in ranges))

    @cached_property
    def open(self) -> tuple[HashShard, ...]:
        """The shards that take records, in the order of their ranges."""
        found = (shard for shard in self.shards if shard.state == "open")
        return tuple(sorted(found, key=lambda shard: shard.low))

    @property
    def listed(self) -> tuple[HashShard, ...]:
        """What the service still knows of, by id: open shards and closed ones (ListShards)."""
        return tuple(shard for shard in self.shards if shard.state != "expired")

    @cached_property
    def router(self) -> Router:
        """Where records go. Keep it at hand while many are routed."""
        return Router(self.open)

    def route(self, key: int) -> int:
        """The id of the open shard of a hash key. Raises Refused outside 0..2^128-1."""
        return self.router(key)

    def shard(self, id_: int) -> HashShard:
        """The open or closed shard of this id. Raises Refused when there is none, or no more."""
        if 0 <= id_ < len(self.shards) and self.shards[id_].state != "expired":
            return self.shards[id_]
        raise not_found(self.stream, f"shardId-{id_:012}")

    def parents(self, id_: int) -> tuple[HashShard, ...]:
        """What it was split or merged from, expired ones too: they need not be waited for.

        Raises Refused for an id that the service does not know.
        """
        return tuple(self.shards[parent] for parent in self.shard(id_).parents)

    def children(self, id_: int) -> tuple[HashShard, ...]:
        """What it was split or merged into, none while it is open; expired ones too.

        Raises Refused for an id that the service does not know.
        """
        self.shard(id_)
        return tuple(shard for shard in self.shards[id_ + 1 :] if id_ in shard.parents)

    def ancestors(self, id_: int) -> tuple[HashShard, ...]:
        """Its parents, their parents and so on, the oldest first: what must be read before it.

        Raises Refused for an id that the service does not know.
        """
        found = set(self.shard(id_).parents)
        for shard in reversed(self.shards[:id_]):
            if shard.id in found:
                found.update(shard.parents)
        return tuple(self.shards[ancestor] for ancestor in sorted(found))

    def split(self, id_: int, at: int) -> ShardMap:
        """Close a shard; its child below `at` gets the next id, the other one the id after that.

        Kinesis API, SplitShard. Raises Refused for a shard that is not there or not open, and for
        a hash key outside its `cuts` (SplitShard's texts, as production gave them to kinesalite).
        """
        broken = broken_hash_key(str(at), "newStartingHashKey")
        if broken:
            raise invalid(broken)
        shard = self.shard(id_)
        if at not in shard.cuts:
            raise Refused(
                "InvalidArgumentException",
                f"NewStartingHashKey {at} used in SplitShard() on shard {shard.name} in stream "
                f"{self.stream} under account {ACCOUNT} is not both greater than one plus the "
                f"shard's StartingHashKey {shard.start} and less than the shard's EndingHashKey "
                f"{shard.end}.",
            )
        self._check_open(shard)
        next_id = len(self.shards)
        lower = _shard(next_id, shard.start, at - 1, id_)
        return self._with("closed", [shard], [lower, _shard(next_id + 1, at, shard.end, id_)])

    def merge(self, first: int, second: int) -> ShardMap:
        """Close two shards; one child takes both ranges. `second` must start where `first` ends.

        Kinesis API, MergeShards. Raises Refused for shards that are not there, not neighbours in
        this order (as production demands it), or not open.
        """
        lower, upper = self.shard(first), self.shard(second)
        if lower.end + 1 != upper.start:
            raise Refused(
                "InvalidArgumentException",
                f"Shards {lower.name} and {upper.name} in stream {self.stream} under account "
                f"{ACCOUNT} are not an adjacent pair of shards eligible for merging",
            )
        self._check_open(lower)
        self._check_open(upper)
        child = _shard(len(self.shards), lower.start, upper.end, first, second)
        return self._with("closed", [lower, upper], [child])

    def update_count(self, target: int) -> ShardMap:
        """As many open shards as `target`, with ranges as equal as the service's way allows.

        Kinesis API, UpdateShardCount with UNIFORM_SCALING: it splits and merges one by one, and so
        makes short-lived shards. How many was counted on AWS (moto's tests have the totals): to
        go down, neighbours merge; to go up, every shard is split once, and then neighbours merge.
        From 10 to 13 that makes 10 + 20 + 7. The totals leave open where the splits are; see
        `scaling.plan`. From n even shards all ranges come out equal where n is a multiple of the
        target, or of the difference going up: 4 to 2, 5, 6 or 8. Elsewhere, as from 10 to 13, 5
        to 3 or 10 to 3, no splits and merges of these numbers could make them equal.

        Whether the service allows the step by default is for `scaling.check_scaling` to say.
        Raises Refused for less than one shard, for more than twice as many as now, and when a
        shard is too narrow to be split.
        """
        _check_count(target, "targetShardCount")
        check_doubling(len(self.open), target)
        way = plan([(shard.start, shard.end) for shard in self.open], target)
        scaled = self
        for shard, cut in zip(self.open, way.cuts, strict=False):
            scaled = scaled.split(shard.id, cut)
        left = (shard.id for shard in scaled.open)
        for run in way.runs:
            merged = next(left)
            for _ in range(run - 1):
                scaled = scaled.merge(merged, next(left))
                merged = scaled.shards[-1].id
        return scaled

    def expire(self, id_: int) -> ShardMap:
        """Forget a closed shard: the last of its records is older than the stream's retention.

        Not an operation of the API but what time does. Raises Refused for an open shard, which
        stays whatever its records do, and for one that is not there.
        """
        shard = self.shard(id_)
        if shard.state == "open":
            raise Refused(
                "ResourceInUseException",
                f"Shard {shard.name} in stream {self.stream} under account {ACCOUNT} is open",
            )
        return self._with("expired", [shard], [])

    def _check_open(self, shard: HashShard) -> None:
        if shard.state != "open":
            raise Refused(
                "InvalidArgumentException",
                f"Shard {shard.name} in stream {self.stream} under account {ACCOUNT} has already "
                "been merged or split, and thus is not eligible for merging or splitting.",
            )

    def _with(self, state: State, old: list[HashShard], new: list[HashShard]) -> ShardMap:
        """The map after the old shards came into this state, and the new ones into being."""
        shards = [*self.shards, *new]
        for shard in old:
            shards[shard.id] = msgspec.structs.replace(shard, state=state)
        return ShardMap(self.stream, tuple(shards))


def _shard(
    id_: int, start: int, end: int, parent: int | None = None, adjacent: int | None = None
) -> HashShard:
    """An open shard of these hash keys."""
    return HashShard(id_, f"{start:032x}", f"{end:032x}", parent, adjacent)


def _check_count(count: int, member: str) -> None:
    if count < 1:
        raise invalid([constraint(count, member, "have value greater than or equal to 1")])
