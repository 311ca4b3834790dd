"""Shares a group's partitions out so that as few as possible change hands.

Rules: KIP-54 (sticky: even first, then as it was) and KIP-429 (cooperative: what has to move is
given up in one rebalance and given away in the next, so that all the rest is read on meanwhile).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

Partition: TypeAlias = tuple[str, int]
"""A topic and the number of one of its partitions."""

Shares: TypeAlias = dict[str, set[Partition]]
"""What each member, by its id, has or is to have."""

NO_GENERATION: Final = -1


@dataclass(frozen=True, slots=True)
class Member:
    """What a member says of itself as it joins.

    `owned` are the partitions it has from the group's generation `generation`; -1: of none.
    """

    topics: frozenset[str]
    owned: frozenset[Partition] = frozenset()
    generation: int = NO_GENERATION


def owners(partitions: Iterable[Partition], members: Mapping[str, Member]) -> dict[Partition, str]:
    """Who has each partition, by what the members say.

    The latest generation is right. Two members that claim a partition from the same generation
    are both wrong: then nobody has it.
    """
    known = set(partitions)
    found: dict[Partition, str] = {}
    since: dict[Partition, int] = {}
    for name in sorted(members):
        member = members[name]
        for partition in member.owned & known:
            if partition[0] not in member.topics:
                continue
            before = since.get(partition)
            if before is None or member.generation > before:
                found[partition], since[partition] = name, member.generation
            elif member.generation == before:
                found.pop(partition, None)
    return found


def share_out(partitions: Iterable[Partition], members: Mapping[str, Member]) -> Shares:
    """The shares that a group should come to.

    Where all members want the same topics, their shares differ by one partition at most, and no
    partition moves that need not. Where they do not, no single move would make it more even.
    """
    everything = sorted(set(partitions))
    has = owners(everything, members)
    shares: Shares = {name: set() for name in members}
    for partition, name in has.items():
        shares[name].add(partition)
    by_topic: dict[str, Counter[str]] = defaultdict(Counter)
    for partition, name in has.items():
        by_topic[partition[0]][name] += 1

    def move(partition: Partition, taker: str, giver: str | None = None) -> None:
        if giver is not None:
            shares[giver].remove(partition)
            by_topic[partition[0]][giver] -= 1
        shares[taker].add(partition)
        by_topic[partition[0]][taker] += 1

    def readiest(topic: str) -> str | None:
        able = [name for name in members if topic in members[name].topics]
        return min(able, key=lambda n: (len(shares[n]), by_topic[topic][n], n), default=None)

    for partition in everything:
        if partition not in has and (taker := readiest(partition[0])) is not None:
            move(partition, taker)
    while (step := _evener(shares, members, by_topic)) is not None:
        move(*step)
    return shares


def _evener(
    shares: Shares, members: Mapping[str, Member], by_topic: Mapping[str, Counter[str]]
) -> tuple[Partition, str, str] | None:
    """A move (partition, taker, giver) that makes the shares more even, or None.

    From who has most to who has least; a giver lets go of the topic it has most of.
    """
    for giver in sorted(shares, key=lambda name: (-len(shares[name]), name)):
        for taker in sorted(shares, key=lambda name: (len(shares[name]), name)):
            if len(shares[taker]) + 1 >= len(shares[giver]):
                break
            movable = [part for part in shares[giver] if part[0] in members[taker].topics]
            if movable:
                best = max(movable, key=lambda part: (by_topic[part[0]][giver], part))
                return best, taker, giver
    return None


def this_time(shares: Shares, has: Mapping[Partition, str]) -> Shares:
    """Of these shares, what the members may have at once: nothing that another one still has.

    Whoever still has such a partition lets go of it when it hears of its own share, and joins
    again; then it is free.
    """
    return {
        name: {part for part in share if has.get(part, name) == name}
        for name, share in shares.items()
    }
