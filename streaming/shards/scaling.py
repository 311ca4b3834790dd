"""UpdateShardCount as arithmetic: which steps are allowed, and where to split and merge.

Ranges here are pairs of hash keys, both included, in order and without gaps between them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from streaming.shards.hash_keys import HASH_KEYS
from streaming.shards.limits import ShardLimits
from streaming.shards.service_errors import Refused

Ranges: TypeAlias = Sequence[tuple[int, int]]


class Plan(NamedTuple):
    """`cuts`: where each shard is split, in order of ranges; none when the count goes down.

    `runs`: how many neighbours then become one, from the first range to the last; 1 is left alone.
    """

    cuts: list[int]
    runs: list[int]


def check_scaling(current: int, target: int, limits: ShardLimits) -> None:
    """What one UpdateShardCount may do by default: at most double, at least half, and a cap.

    Kinesis API, UpdateShardCount; half of 5 is 2.5, so 3 is allowed and 2 is not. AWS lifts these
    limits on request, and 10 to 3, whose shards were counted on AWS, is a step that needs it: so
    they are apart from what `ShardMap.update_count` can do. Raises Refused; the text about doubling
    is one that users met, the other two follow it and may differ from the service's.
    """
    counts = f"Current open shard count: {current} Target shard count: {target}"
    if target > limits.shards_per_stream:
        raise Refused(
            "LimitExceededException",
            "Target shard count or number of open shards cannot be greater than "
            f"{limits.shards_per_stream}. {counts}",
        )
    check_doubling(current, target)
    if 2 * target < current:
        raise Refused(
            "LimitExceededException",
            "UpdateShardCount cannot scale down below half your current open shard count. "
            f"{counts}",
        )


def check_doubling(current: int, target: int) -> None:
    """Refuse more than twice the shards: splitting each of them once cannot give so many."""
    if target > 2 * current:
        raise Refused(
            "LimitExceededException",
            "UpdateShardCount cannot scale up over double your current open shard count. "
            f"Current open shard count: {current} Target shard count: {target}",
        )


def plan(ranges: Ranges, target: int) -> Plan:
    """The way from these ranges to `target` ones, as equal as can be; at most twice as many.

    Down: the ranges fall into `target` groups, and each group merges into one.

    Up: each is split once, as AWS does it. With `target - n` groups, every group of g ranges
    becomes g + 1 pieces: cut evenly, each of its ranges has one of the cuts inside, and then the
    two pieces around each old boundary in the group merge. Those are n splits and 2n - target
    merges however the groups are chosen; they are chosen to be as alike as can be.
    """
    if target <= len(ranges):
        return Plan([], [len(group) for group in _groups(ranges, target, target)])
    found = list(_groups(ranges, target - len(ranges), target))
    return Plan(
        [cut for group in found for cut in _cuts(group)],
        [run for group in found for run in (1, *[2] * (len(group) - 1), 1)],
    )


def _groups(ranges: Ranges, count: int, pieces: int) -> Iterator[Ranges]:
    """Part the ranges so that the pieces made of them, one or g + 1 of g, come out alike.

    Each border goes where its place among all `pieces` is nearest to its place among hash keys.
    """
    more = pieces - count  # pieces that come with ranges and not with groups
    begin = 0
    for group in range(1, count):

        def off(end: int, group: int = group) -> int:
            place = group + (end if more else 0)
            return abs(ranges[end][0] * pieces - place * HASH_KEYS)

        end = begin + 1
        # Every group after this one needs a range, too.
        while end < len(ranges) - (count - group) and off(end + 1) < off(end):
            end += 1
        yield ranges[begin:end]
        begin = end
    yield ranges[begin:]


def _cuts(group: Ranges) -> Iterator[int]:
    """One cut for each range of the group, evenly over all of it, as far as splits may go."""
    first, width = group[0][0], group[-1][1] - group[0][0] + 1
    for number, (start, end) in enumerate(group, start=1):
        cut = first + width * number // (len(group) + 1)
        yield min(max(cut, start + 2), end - 1)
