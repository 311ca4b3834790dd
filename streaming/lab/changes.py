"""What may be changed about a stream's plan: each change gives the next plan, and says what it is.

All of them raise ValueError for what cannot be done: BadKey, the service's own `Refused`, or a
plain one with the reason. Nothing has changed then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, TypeAlias

import msgspec

from streaming.shards.keys import shop
from streaming.shards.kpl_settings import DEFAULTS
from streaming.shards.limits import shard_limits
from streaming.shards.plan import Limits, StreamPlan, check_key, limits_of, packing_of
from streaming.shards.route import hash_of
from streaming.shards.scaling import check_scaling
from streaming.shards.service_errors import broken_hash_key, invalid
from streaming.shards.shardmap import ShardMap
from streaming.shards.splitpoint import half_of_mass
from streaming.verify.log import LogRecord

MOST_SHARDS: Final = 200
"""Open shards of a stream in this lab."""

MOST_EVER: Final = 1000
"""Shards of a stream, closed ones included: each is a partition of its topic for good."""

Recent: TypeAlias = Callable[[], Awaitable[Sequence[LogRecord]]]


class Change(NamedTuple):
    """The next plan, and in words what is new about it."""

    plan: StreamPlan
    text: str


def switch_key(plan: StreamPlan, key: str, shards: int) -> Change:
    """Another key; in the msk view more partitions too, unless `shards` is 0."""
    count = shards or len(plan.open_ids)
    check_key(key, plan.view)
    if plan.shard_map is not None:
        if count != len(plan.open_ids):
            change = update_count(plan, count)
            return Change(_next(change.plan, key=key, epoch=plan.epoch + 1),
                          f"key {key}; {change.text}; keeps {shop(key).keeps}")  # fmt: skip
        return Change(_next(plan, key=key), f"key {key} on {count} shards; keeps {shop(key).keeps}")
    if count < plan.shards:
        raise ValueError(
            f"{plan.stream} has {plan.shards} shards; Kafka adds partitions and never takes any "
            "away"
        )
    _check_room(count, count)
    text = f"key {key} on {count} shards; keeps {shop(key).keeps}"
    return Change(_next(plan, key=key, shards=count), text)


async def split(plan: StreamPlan, shard: int, at: str, recent: Recent) -> Change:
    """Split an open shard at a hash key, or where what it carries halves (`at` is "").

    `recent` gives the stream's newest records.
    """
    shard_map = _map(plan)
    place, why = (int(at), "") if _is_number(at) else _halfway(plan, shard, await recent())
    after = shard_map.split(shard, place)
    low, high = after.shards[-2:]
    text = f"split {shard_map.shard(shard).name} at {place}{why} into {low.name} and {high.name}"
    return Change(_mapped(plan, after), text)


def merge(plan: StreamPlan, first: int, second: int) -> Change:
    """Merge two open shards, of which the second one's hash keys follow the first one's."""
    shard_map = _map(plan)
    after = shard_map.merge(first, second)
    names = f"{shard_map.shard(first).name} and {shard_map.shard(second).name}"
    return Change(_mapped(plan, after), f"merged {names} into {after.shards[-1].name}")


def update_count(plan: StreamPlan, target: int) -> Change:
    """As many open shards as `target`, by the service's own splits and merges."""
    shard_map = _map(plan)
    after = shard_map.update_count(target)
    check_scaling(len(shard_map.open), target, shard_limits(plan.numbers))
    made = len(after.shards) - len(shard_map.shards)
    text = f"from {len(shard_map.open)} to {target} shards; {made} shards were made for it"
    return Change(_mapped(plan, after), text)


def limit(plan: StreamPlan, numbers: str) -> Change:
    """What a shard takes from now on."""
    _map(plan)
    limits = limits_of(numbers)
    text = "limits off: a shard takes everything"
    if limits != "off":
        one = shard_limits(limits)
        text = (
            f"limits of {limits}: a shard takes {one.records_in_per_s:,} records or "
            f"{one.bytes_in_per_s:,} bytes a second"
        )
    return Change(_next(plan, limits=limits), text)


def aggregate(plan: StreamPlan, packing: str) -> Change:
    """How records are packed together from now on."""
    _map(plan)
    kind = packing_of(packing)
    text = {
        "off": "aggregation off: each record is put alone",
        "kpl": "aggregation as the KPL does it: records of a shard are put together",
        "naive": "aggregation across shards: readers drop packs with a record of another shard",
    }[kind]
    return Change(_next(plan, aggregate=kind), text)


def collect(plan: StreamPlan, *, on: bool) -> Change:
    """Whether many records are put by one call from now on."""
    _map(plan)
    most = DEFAULTS.collection_max_count
    text = (
        f"collection on: up to {most} records of all shards are put by one call (PutRecords)"
        if on
        else "collection off: each record is put by a call of its own (PutRecord)"
    )
    return Change(_next(plan, collect=on), text)


def first_plan(
    stream: str, epoch: int, key: str, shards: int, kinesis: Limits | None
) -> StreamPlan:
    """A stream's plan when nothing was before it; `kinesis` are its limits in that view."""
    if kinesis is None:
        return StreamPlan(stream=stream, epoch=epoch, key=key, view="msk", shards=shards)
    return StreamPlan(
        stream=stream, epoch=epoch, key=key, view="kinesis", shards=shards,
        shard_map=ShardMap.even(stream, shards), limits=kinesis,
    )  # fmt: skip


def _map(plan: StreamPlan) -> ShardMap:
    if plan.shard_map is None:
        raise ValueError(
            f"{plan.stream} is seen as a Kafka topic, whose partitions have no ranges to split or "
            "merge and no limits. Start the lab with --view kinesis for that."
        )
    return plan.shard_map


def _next(plan: StreamPlan, **changes: object) -> StreamPlan:
    return msgspec.structs.replace(plan, **{"epoch": plan.epoch + 1, **changes})


def _mapped(plan: StreamPlan, after: ShardMap) -> StreamPlan:
    _check_room(len(after.open), len(after.shards))
    return _next(plan, shard_map=after, shards=len(after.shards))


def _check_room(open_: int, ever: int) -> None:
    if open_ > MOST_SHARDS:
        raise ValueError(f"a stream of this lab has at most {MOST_SHARDS} shards")
    if ever > MOST_EVER:
        raise ValueError(
            f"a stream of this lab has at most {MOST_EVER:,} shards over its life, closed ones "
            "included: each of them is a partition of its topic. Start with another --data-dir."
        )


def _is_number(at: str) -> bool:
    if at and (broken := broken_hash_key(at, "newStartingHashKey")):
        raise invalid(broken)
    return bool(at)


def _halfway(plan: StreamPlan, id_: int, records: Sequence[LogRecord]) -> tuple[int, str]:
    """Where the newest records of a shard halve, and what share falls below."""
    shard = _map(plan).shard(id_)
    keys = [hash_of(record.key, record.headers) for record in records if record.key]
    found = half_of_mass(shard, keys)
    if found is None or found.lower_share is None:
        return (shard.start + shard.end + 1) // 2, " (the middle: nothing was measured there)"
    if not found.helps:
        return found.at, " (all its records have one key: a split does not part them)"
    return found.at, f" ({found.lower_share:.0%} of its records lie below)"
