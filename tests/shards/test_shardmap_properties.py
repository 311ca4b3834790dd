"""What holds of every map, whatever was done to it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from streaming.shards.hash_keys import HASH_KEYS
from streaming.shards.service_errors import Refused
from streaming.shards.shardmap import ShardMap

# An operation is drawn without knowing the map, so many are refused: that is wanted, too.
Numbers = tuple[int, int]

KINDS: dict[str, Callable[[ShardMap, int, int], ShardMap]] = {
    "split by hand": lambda map_, a, b: map_.split(a % 9, b),
    "split": lambda map_, a, b: map_.split(
        (shard := map_.open[a % len(map_.open)]).id, shard.start + b % shard.width
    ),
    "merge by hand": lambda map_, a, b: map_.merge(a % 9, b % 9),
    "merge": lambda map_, a, b: map_.merge(
        *(map_.open[(a + more) % len(map_.open)].id for more in (0, 1))
    ),
    "scale": lambda map_, a, b: map_.update_count(a % 13),
    "expire": lambda map_, a, b: map_.expire(a % len(map_.shards)),
}

hash_keys = (
    st.integers(0, HASH_KEYS - 1)
    | st.integers(0, 5)
    | st.integers(-5, -1).map(lambda less: HASH_KEYS + less)
)
operations = st.lists(
    st.tuples(st.sampled_from(sorted(KINDS)), st.integers(0, 200), hash_keys), max_size=8
)


def played(count: int, steps: list[tuple[str, int, int]]) -> list[ShardMap]:
    """All maps on the way; a refusal leaves the last one as it is."""
    maps = [ShardMap.even("s", count)]
    for kind, a, b in steps:
        before = maps[-1]
        copy = ShardMap(before.stream, tuple(before.shards))
        try:
            maps.append(KINDS[kind](before, a, b))
        except Refused as refused:
            assert refused.code.endswith("Exception") and str(refused)
        assert before == copy, "an operation changed the map it was asked of"
    return maps


@given(st.integers(1, 6), operations)
def test_open_shards_tile_the_hash_keys(count: int, steps: list[tuple[str, int, int]]) -> None:
    for map_ in played(count, steps):
        assert map_.open[0].start == 0
        assert map_.open[-1].end == HASH_KEYS - 1
        assert all(low.end + 1 == high.start for low, high in pairwise(map_.open))


@given(st.integers(1, 6), operations)
def test_ids_grow_and_history_stays(count: int, steps: list[tuple[str, int, int]]) -> None:
    order = ("open", "closed", "expired")
    for before, after in pairwise(played(count, steps)):
        assert [shard.id for shard in after.shards] == list(range(len(after.shards)))
        for old, new in zip(before.shards, after.shards, strict=False):
            assert (old.low, old.high, old.parents) == (new.low, new.high, new.parents)
            assert order.index(new.state) >= order.index(old.state)


@given(st.integers(1, 6), operations)
def test_every_lineage_leads_to_the_streams_first_shards(
    count: int, steps: list[tuple[str, int, int]]
) -> None:
    map_ = played(count, steps)[-1]
    for shard in map_.open:
        assert map_.children(shard.id) == ()
        ancestors = map_.ancestors(shard.id)
        assert all(ancestor.state != "open" for ancestor in ancestors)
        assert [a.id for a in ancestors] == sorted(a.id for a in ancestors)
        roots = [a for a in (*ancestors, shard) if not a.parents]
        assert roots and all(root.id < count for root in roots)
        # What was ever written to its range was written to one of these.
        assert min(root.start for root in roots) <= shard.start
        assert max(root.end for root in roots) >= shard.end


@given(st.integers(1, 6), operations)
def test_parents_and_children_name_each_other(
    count: int, steps: list[tuple[str, int, int]]
) -> None:
    map_ = played(count, steps)[-1]
    for shard in map_.listed:
        children = map_.children(shard.id)
        assert bool(children) == (shard.state == "closed")
        assert all(shard.id in child.parents for child in children)
        assert all(parent.id < shard.id for parent in map_.parents(shard.id))
        if len(children) == 2:
            assert [c.low for c in children] == [shard.low, f"{children[0].end + 1:032x}"]


@given(st.integers(1, 6), operations, st.lists(hash_keys, min_size=1, max_size=20))
def test_a_record_lands_in_the_open_shard_whose_range_holds_its_key(
    count: int, steps: list[tuple[str, int, int]], keys: list[int]
) -> None:
    map_ = played(count, steps)[-1]
    for key in (*keys, *(shard.start for shard in map_.open), *(s.end for s in map_.open)):
        shard = map_.shard(map_.route(key))
        assert shard.state == "open" and shard.start <= key <= shard.end


@given(st.integers(1, 40), st.integers(1, 80))
def test_a_scaled_stream_has_the_count_and_the_totals(count: int, target: int) -> None:
    map_ = ShardMap.even("s", count)
    try:
        scaled = map_.update_count(target)
    except Refused as refused:
        assert target > 2 * count and refused.code == "LimitExceededException"
        return
    assert len(scaled.open) == target
    merges = count - target if target <= count else 2 * count - target
    splits = count if target > count else 0
    assert len(scaled.shards) == count + 2 * splits + merges
    starts = [shard.start for shard in scaled.open]
    assert all(bisect_right(starts, shard.end) - 1 == i for i, shard in enumerate(scaled.open))
