"""Where to split a hot shard, by what it carries: against every legal place of small shards."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.shards.hash_keys import HASH_KEYS, hash_key
from streaming.shards.shardmap import HashShard, ShardMap
from streaming.shards.splitpoint import SplitPoint, half_of_mass

ALL = ShardMap.even("s", 1).shard(0)


def test_without_measurements_it_is_the_middle() -> None:
    assert half_of_mass(ALL, []) == SplitPoint(2**127, None)
    assert half_of_mass(ALL, [5], [0]) == SplitPoint(2**127, None)
    upper = ShardMap.even("s", 2).shard(1)
    assert half_of_mass(upper, [5]) == SplitPoint(HASH_KEYS // 4 * 3, None)  # not one of its keys
    assert SplitPoint(2**127, None).helps


def test_the_middle_of_the_range_may_be_far_from_the_middle_of_the_mass() -> None:
    chance = random.Random(5)
    keys = [int(HASH_KEYS * chance.betavariate(2, 9)) for _ in range(20_000)]
    point = half_of_mass(ALL, keys)
    assert point is not None
    assert point.lower_share == pytest.approx(0.5, abs=1e-4)
    assert sum(key < point.at for key in keys) == 10_000
    assert point.at < HASH_KEYS // 4


def test_a_single_heavy_key_cannot_be_split() -> None:
    one = half_of_mass(ALL, [hash_key("all")] * 1400)
    assert one is not None and not one.helps
    assert one.at in ALL.cuts


def test_a_heavy_key_among_others_takes_its_share_with_it() -> None:
    point = half_of_mass(ALL, [100, 200, 300], [1, 8, 1])
    assert point is not None and point.helps
    assert sorted([point.lower_share, 1 - (point.lower_share or 0)]) == pytest.approx([0.1, 0.9])


def test_a_shard_too_narrow_has_no_place() -> None:
    narrow = ShardMap.even("s", 1).split(0, 3).shard(1)
    assert half_of_mass(narrow, [0, 1, 2]) is None


@given(
    start=st.integers(0, 50),
    width=st.integers(4, 40),
    records=st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9)), max_size=30),
)
def test_no_legal_place_is_better(start: int, width: int, records: list[tuple[int, int]]) -> None:
    end = start + width - 1
    shard = HashShard(0, f"{start:032x}", f"{end:032x}")
    point = half_of_mass(shard, [key for key, _ in records], [weight for _, weight in records])
    assert point is not None and point.at in shard.cuts
    inside = [(key, weight) for key, weight in records if start <= key <= end]
    total = sum(weight for _, weight in inside)
    if not total:
        assert point.lower_share is None
        return

    def share(at: int) -> float:
        return sum(weight for key, weight in inside if key < at) / total

    assert point.lower_share == pytest.approx(share(point.at))
    best = min(abs(share(at) - 0.5) for at in shard.cuts)
    assert abs(share(point.at) - 0.5) == pytest.approx(best)
