"""Shards as the service has them: ranges, splits, merges, states, and what it refuses.

The numbers and texts are those of kinesalite's test/splitShard.js, test/mergeShards.js and
test/putRecord.js, which were written against production, and of moto's test of closed shards.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from streaming.shards.hash_keys import HASH_KEYS, hash_key
from streaming.shards.service_errors import ACCOUNT, Refused
from streaming.shards.shardmap import HashShard, ShardMap

THREE = ShardMap.even("s", 3)
ONE = ShardMap.even("s", 1)

THIRD = 113427455640312821154458202477256070485
TWO_THIRDS = 226854911280625642308916404954512140970
LAST = 340282366920938463463374607431768211455


def refusal(act: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.code, str(caught.value)


def ranges(shards: tuple[HashShard, ...]) -> list[tuple[int, int, int]]:
    return [(shard.id, shard.start, shard.end) for shard in shards]


def test_three_shards_as_production_makes_them() -> None:
    expected = [(0, 0, THIRD - 1), (1, THIRD, TWO_THIRDS - 1), (2, TWO_THIRDS, LAST)]
    assert ranges(THREE.shards) == ranges(THREE.open) == expected
    assert [shard.name for shard in THREE.shards] == [
        "shardId-000000000000",
        "shardId-000000000001",
        "shardId-000000000002",
    ]
    assert sum(shard.width for shard in THREE.open) == HASH_KEYS


@pytest.mark.parametrize(
    ("key", "shard"),
    [
        (0, 0),
        (THIRD - 1, 0),
        (THIRD, 1),
        (TWO_THIRDS - 1, 1),
        (TWO_THIRDS, 2),
        (LAST, 2),
    ],
)
def test_both_ends_of_a_range_belong_to_its_shard(key: int, shard: int) -> None:
    assert THREE.route(key) == shard


def test_a_partition_key_goes_where_its_md5_falls() -> None:
    # kinesalite's test/putRecords.js: the shards of these keys on production, of three.
    assert [THREE.router.of_key(key) for key in "abef"] == [0, 1, 2, 1]
    assert THREE.router.of_key("é") == THREE.route(hash_key("é"))


@pytest.mark.parametrize("key", [-1, HASH_KEYS])
def test_hash_keys_end_at_two_to_128_less_one(key: int) -> None:
    assert refusal(lambda: THREE.route(key)) == (
        "InvalidArgumentException",
        "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
        f"Specified value was {key}",
    )


def test_split_at_the_least_hash_key() -> None:
    after = ONE.split(0, 2)
    assert after.shards == (
        HashShard(0, "0" * 32, "f" * 32, state="closed"),
        HashShard(1, "0" * 32, f"{1:032x}", parent=0),
        HashShard(2, f"{2:032x}", "f" * 32, parent=0),
    )
    assert ONE.shards[0].state == "open"


def test_records_after_a_split_go_to_the_children() -> None:
    after = ONE.split(0, 2)
    assert [after.route(key) for key in (0, 1, 2, LAST)] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("map_", "id_", "at", "start", "end"),
    [
        (ONE, 0, 0, 0, LAST),
        (ONE, 0, 1, 0, LAST),
        (ONE, 0, LAST, 0, LAST),
        (THREE, 0, 1, 0, THIRD - 1),
        (THREE, 0, THIRD - 1, 0, THIRD - 1),
        (THREE, 2, 10**39 - 1, TWO_THIRDS, LAST),
    ],
)
def test_no_split_outside_the_legal_keys(
    map_: ShardMap, id_: int, at: int, start: int, end: int
) -> None:
    assert refusal(lambda: map_.split(id_, at)) == (
        "InvalidArgumentException",
        f"NewStartingHashKey {at} used in SplitShard() on shard shardId-00000000000{id_} in stream "
        f"s under account {ACCOUNT} is not both greater than one plus the shard's StartingHashKey "
        f"{start} and less than the shard's EndingHashKey {end}.",
    )


def test_the_greatest_legal_key_leaves_two_hash_keys() -> None:
    assert ranges(ONE.split(0, LAST - 1).open) == [(1, 0, LAST - 2), (2, LAST - 1, LAST)]


@pytest.mark.parametrize("at", [-1, 10**39])
def test_a_hash_key_has_at_most_39_digits_and_no_sign(at: int) -> None:
    assert refusal(lambda: ONE.split(0, at)) == (
        "ValidationException",
        f"1 validation error detected: Value '{at}' at 'newStartingHashKey' failed to satisfy "
        "constraint: Member must satisfy regular expression pattern: 0|([1-9]\\d{0,38})",
    )


def test_a_shard_of_three_hash_keys_cannot_be_split() -> None:
    narrow = ONE.split(0, 3)
    assert not narrow.shards[1].cuts
    assert all(refusal(lambda at=at: narrow.split(1, at)) for at in range(4))
    assert [*ONE.split(0, 4).shards[1].cuts] == [2]


def test_merge_of_neighbours() -> None:
    after = THREE.merge(0, 1)
    assert [shard.state for shard in after.shards] == ["closed", "closed", "open", "open"]
    merged = after.shards[3]
    assert (merged.start, merged.end) == (0, TWO_THIRDS - 1)
    assert (merged.parent, merged.adjacent_parent) == (0, 1)
    assert after.route(THIRD) == 3
    assert ranges(after.open) == [(3, 0, TWO_THIRDS - 1), (2, TWO_THIRDS, LAST)]


@pytest.mark.parametrize(("first", "second"), [(0, 2), (1, 0), (0, 0)])
def test_no_merge_of_others_nor_the_wrong_way_round(first: int, second: int) -> None:
    assert refusal(lambda: THREE.merge(first, second)) == (
        "InvalidArgumentException",
        f"Shards shardId-00000000000{first} and shardId-00000000000{second} in stream s under "
        f"account {ACCOUNT} are not an adjacent pair of shards eligible for merging",
    )


def test_what_was_split_or_merged_is_not_split_or_merged_again() -> None:
    after = THREE.split(0, 5).merge(1, 2)
    for shard, act in (
        (0, lambda: after.split(0, 7)),
        (1, lambda: after.split(1, THIRD + 2)),
        (0, lambda: after.merge(0, 1)),
        (1, lambda: after.merge(4, 1)),
        (2, lambda: THREE.split(2, LAST - 1).merge(1, 2)),
    ):
        assert refusal(act) == (
            "InvalidArgumentException",
            f"Shard shardId-00000000000{shard} in stream s under account {ACCOUNT} has already "
            "been merged or split, and thus is not eligible for merging or splitting.",
        )


@pytest.mark.parametrize(
    "act",
    [
        lambda: THREE.shard(5),
        lambda: THREE.split(5, 0),
        lambda: THREE.merge(5, 0),
        lambda: THREE.merge(0, 5),
        lambda: THREE.expire(5),
        lambda: THREE.children(5),
        lambda: THREE.parents(5),
        lambda: THREE.ancestors(5),
    ],
)
def test_a_shard_that_does_not_exist(act: Callable[[], object]) -> None:
    assert refusal(act) == (
        "ResourceNotFoundException",
        f"Could not find shard shardId-000000000005 in stream s under account {ACCOUNT}.",
    )


def test_ids_do_not_count_from_the_end() -> None:
    assert refusal(lambda: THREE.shard(-1))[0] == "ResourceNotFoundException"


def test_a_closed_shard_is_listed_until_it_expires() -> None:
    closed = ONE.split(0, 2)
    assert closed.shard(0).state == "closed"
    expired = closed.expire(0)
    assert [shard.id for shard in closed.listed] == [0, 1, 2]
    assert [shard.id for shard in expired.listed] == [1, 2]
    assert refusal(lambda: expired.shard(0))[0] == "ResourceNotFoundException"
    assert refusal(lambda: expired.expire(0))[0] == "ResourceNotFoundException"
    assert refusal(lambda: expired.expire(1))[0] == "ResourceInUseException"


def test_children_outlive_their_parents_and_still_name_them() -> None:
    expired = ONE.split(0, 2).expire(0)
    assert expired.shard(1).parent == 0
    assert [shard.state for shard in expired.parents(1)] == ["expired"]
    assert [shard.id for shard in expired.split(2, 9).open] == [1, 3, 4]


def test_lineage_through_a_split_and_a_merge() -> None:
    map_ = THREE.split(1, TWO_THIRDS - 9).merge(4, 2)  # 1 → 3, 4; 4 and 2 → 5
    assert [shard.id for shard in map_.children(1)] == [3, 4]
    assert [shard.id for shard in map_.children(2)] == [5]
    assert map_.children(5) == ()
    assert [shard.id for shard in map_.parents(5)] == [4, 2]  # ShardToMerge, AdjacentShardToMerge
    assert [shard.id for shard in map_.ancestors(5)] == [1, 2, 4]
    assert map_.ancestors(0) == ()


def test_what_a_drained_reader_is_told_of_children() -> None:
    # ChildShard of GetRecords: the child's id, its parents, its range.
    (child,) = THREE.merge(0, 1).children(1)
    assert (child.name, child.parents) == ("shardId-000000000003", (0, 1))
    assert (child.start, child.end) == (0, TWO_THIRDS - 1)


def test_maps_travel_and_are_equal_by_what_they_hold() -> None:
    map_ = THREE.split(0, 5).merge(1, 2)
    assert map_.route(0) == 3  # what a map has worked out does not travel
    for codec in (msgspec.msgpack, msgspec.json):
        back = codec.decode(codec.encode(map_), type=ShardMap)
        assert back == map_
        assert back.route(TWO_THIRDS) == 5


@pytest.mark.parametrize("count", [0, -3])
def test_a_stream_has_a_shard(count: int) -> None:
    code, text = refusal(lambda: ShardMap.even("s", count))
    assert code == "ValidationException"
    assert text.endswith("Member must have value greater than or equal to 1")
