"""UpdateShardCount: how many shards it makes, how equal they are, and what it does not allow."""

from __future__ import annotations

import pytest

from streaming.shards.hash_keys import HASH_KEYS
from streaming.shards.limits import MOST_SHARDS, shard_limits
from streaming.shards.scaling import check_scaling
from streaming.shards.service_errors import Refused
from streaming.shards.shardmap import ShardMap

TODAY = shard_limits()


@pytest.mark.parametrize(
    ("current", "target", "total"),
    [(2, 4, 6), (4, 5, 15), (10, 13, 37), (4, 2, 6), (5, 3, 7), (10, 3, 17)],
)
def test_shards_ever_made_as_counted_on_aws(current: int, target: int, total: int) -> None:
    # moto's test_update_shard_count, whose authors saw these totals on AWS.
    scaled = ShardMap.even("s", current).update_count(target)
    assert len(scaled.shards) == total
    assert len(scaled.open) == target


def in_parts(scaled: ShardMap, parts: int) -> list[int]:
    return [round(shard.width * parts / HASH_KEYS) for shard in scaled.open]


@pytest.mark.parametrize(
    ("current", "target"),
    [(1, 2), (2, 3), (4, 5), (4, 6), (4, 8), (8, 10), (12, 15), (4, 2), (6, 2)],
)
def test_ranges_are_equal_where_the_totals_allow_it(current: int, target: int) -> None:
    widths = [shard.width for shard in ShardMap.even("s", current).update_count(target).open]
    # The last range of uneven ones takes the rest, as in a new stream.
    assert max(widths) - min(widths) <= 2 * current


@pytest.mark.parametrize(
    ("current", "target", "of", "widths"),
    [
        (10, 13, 200, [15, 15, 15, 15, 16, 16, 16, 16, 16, 15, 15, 15, 15]),
        (4, 7, 24, [3, 3, 4, 4, 4, 3, 3]),
        (5, 3, 5, [2, 1, 2]),
        (10, 3, 10, [3, 4, 3]),
    ],
)
def test_ranges_are_alike_where_they_cannot_be_equal(
    current: int, target: int, of: int, widths: list[int]
) -> None:
    assert in_parts(ShardMap.even("s", current).update_count(target), of) == widths


@pytest.mark.parametrize("current", range(1, 13))
def test_no_grouping_of_even_shards_is_more_even(current: int) -> None:
    even = ShardMap.even("s", current)
    for target in range(1, 2 * current + 1):
        widths = [shard.width * current / HASH_KEYS for shard in even.update_count(target).open]
        groups = target if target <= current else target - current
        if target == current:
            assert len(set(map(round, widths))) == 1
            continue
        # The best there is: groups of ⌊n/g⌋ and ⌈n/g⌉ shards.
        least, rest = divmod(current, groups)
        most = least + (rest > 0)
        cut = (lambda g: g) if target < current else (lambda g: g / (g + 1))
        assert min(widths) == pytest.approx(cut(least))
        assert max(widths) == pytest.approx(cut(most))


def test_a_shard_split_by_hand_is_taken_into_account() -> None:
    # ¼, ¾ → 2 + 1: the wide one and the narrow one are cut as one group, at thirds.
    scaled = ShardMap.even("s", 1).split(0, HASH_KEYS // 4).update_count(3)
    assert len(scaled.shards) == 3 + 4 + 1
    # The first cut has to be in the first shard, and cannot come nearer to a third.
    assert in_parts(scaled, 12) == [3, 5, 4]
    down = ShardMap.even("s", 2).split(1, HASH_KEYS // 4 * 3).update_count(2)
    assert in_parts(down, 2) == [1, 1]


def test_the_same_count_changes_nothing() -> None:
    map_ = ShardMap.even("s", 2).split(0, 5)
    assert map_.update_count(3) == map_


@pytest.mark.parametrize(
    ("target", "code"),
    [(0, "ValidationException"), (-1, "ValidationException"), (9, "LimitExceededException")],
)
def test_counts_that_cannot_be(target: int, code: str) -> None:
    map_ = ShardMap.even("s", 4)
    with pytest.raises(Refused) as caught:
        map_.update_count(target)
    assert caught.value.code == code
    assert map_ == ShardMap.even("s", 4)


def test_a_shard_too_narrow_to_be_split_stops_it() -> None:
    map_ = ShardMap.even("s", 1).split(0, 2)
    with pytest.raises(Refused, match="is not both greater than one plus") as caught:
        map_.update_count(4)
    assert caught.value.code == "InvalidArgumentException"
    assert len(map_.update_count(1).open) == 1


@pytest.mark.parametrize(
    ("current", "target"), [(1, 2), (2, 4), (4, 5), (10, 13), (4, 2), (5, 3), (5000, 10_000)]
)
def test_steps_that_are_allowed(current: int, target: int) -> None:
    check_scaling(current, target, TODAY)


@pytest.mark.parametrize(
    ("current", "target", "text"),
    [
        (1, 4, "UpdateShardCount cannot scale up over double your current open shard count."),
        (5, 2, "UpdateShardCount cannot scale down below half your current open shard count."),
        (10, 3, "UpdateShardCount cannot scale down below half your current open shard count."),
        (9000, 10001, "Target shard count or number of open shards cannot be greater than 10000."),
    ],
)
def test_steps_that_are_not(current: int, target: int, text: str) -> None:
    with pytest.raises(Refused) as caught:
        check_scaling(current, target, TODAY)
    assert caught.value.code == "LimitExceededException"
    expected = f"{text} Current open shard count: {current} Target shard count: {target}"
    assert str(caught.value) == expected


def test_courses_teach_500_shards() -> None:
    check_scaling(300, 501, TODAY)
    with pytest.raises(Refused):
        check_scaling(300, 501, shard_limits("course"))
    assert TODAY.shards_per_stream == MOST_SHARDS
