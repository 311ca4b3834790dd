"""What can be done to a stream's shards, as commands; where something cannot be done, why."""

from __future__ import annotations

from typing import Final, NamedTuple

from streaming.lab.commands import (
    Command,
    MergeShards,
    ReadParentsFirst,
    SetAggregation,
    SetCollection,
    SetLimits,
    SetReading,
    SplitShard,
    SwitchKey,
    UpdateShardCount,
)
from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import ShardView, StreamView
from tui.safe import safe

ADD_PARTITIONS: Final = "add_partitions"
"""The broker's capability of that name."""

LIMITS: Final = ("off", "today", "course")
READERS: Final = (1, 2, 5)
"""Numbers of applications that poll a shard: what the palette offers."""
HASH_KEYS: Final = 2**128
MOST: Final = 10_000
"""Shards that can be asked for; the lab may allow fewer and says so."""
DIGITS: Final = 40
NAME_LIMIT: Final = 40
NOT_KINESIS: Final = "a Kafka topic has partitions, not ranges: this is for the Kinesis view"


class Deed(NamedTuple):
    """Commands to send one after the other; `why` is the reason there are none."""

    title: str
    text: str
    commands: tuple[Command, ...] = ()
    why: str = ""


def bounds(shard: ShardView) -> tuple[int, int] | None:
    """Return the first and last hash key of a shard, None where they are no such numbers."""
    if shard.kinesis is None:
        return None
    texts = (shard.kinesis.start, shard.kinesis.end)
    if not all(text.isascii() and text.isdigit() and len(text) <= DIGITS for text in texts):
        return None
    low, high = (int(text) for text in texts)
    return (low, high) if low <= high < HASH_KEYS else None


def is_open(shard: ShardView) -> bool:
    """Return whether it takes records."""
    return shard.kinesis is None or shard.kinesis.lifecycle == "open"


def right_of(shard: ShardView, stream: StreamView) -> ShardView | None:
    """Return the open shard whose hash keys follow this one's."""
    mine = bounds(shard)
    for other in stream.shards:
        theirs = bounds(other)
        if mine and theirs and is_open(other) and theirs[0] == mine[1] + 1:
            return other
    return None


def split(stream: StreamView, shard: ShardView | None) -> Deed:
    """Split at the suggested point."""
    deed = Deed(
        _named("Split", stream, shard), "Where what it carries halves, by its newest records"
    )
    why = _why(stream, shard, "split")
    if why or shard is None:
        return deed._replace(why=why)
    return deed._replace(commands=(SplitShard(stream.name, shard.id),))


def merge(stream: StreamView, shard: ShardView | None) -> Deed:
    """Merge with the right neighbour."""
    deed = Deed(_named("Merge", stream, shard), "With the shard whose hash keys follow its own")
    why = _why(stream, shard, "merged")
    if why or shard is None:
        return deed._replace(why=why)
    other = right_of(shard, stream)
    if other is None:
        return deed._replace(why=f"no open shard's hash keys follow those of shard {shard.id:02d}")
    return deed._replace(
        title=f"{deed.title} with {other.id:02d}",
        commands=(MergeShards(stream.name, shard.id, other.id),),
    )


def limits(stream: StreamView, numbers: str = "") -> Deed:
    """Use other limits: these, or the next ones in turn."""
    if not numbers:
        place = LIMITS.index(stream.limits) if stream.limits in LIMITS else -1
        numbers = LIMITS[(place + 1) % len(LIMITS)]
    text = {
        "off": "A shard takes whatever comes",
        "today": "What a shard takes by the service's present quotas",
        "course": "What a shard takes by the numbers that courses teach",
    }[numbers]
    return _kinesis(stream, Deed(f"Limits {numbers}", text, (SetLimits(numbers),)))


def parents_first(stream: StreamView, snapshot: LabSnapshot) -> Deed:
    """Read children after their parents, or no longer."""
    now = not snapshot.parents_first
    text = "Children wait for their parents' ends" if now else "Children are read at once"
    return _kinesis(
        stream, Deed(f"Parents first {'on' if now else 'off'}", text, (ReadParentsFirst(now),))
    )


def fan_out(stream: StreamView, snapshot: LabSnapshot) -> Deed:
    """Read by enhanced fan-out, or poll."""
    now = not snapshot.fan_out
    text = "What other applications read takes nothing away" if now else "Reads are shared"
    return _kinesis(
        stream,
        Deed(f"Fan-out {'on' if now else 'off'}", text, (SetReading(snapshot.readers, now),)),
    )


def polled_by(stream: StreamView, readers: int) -> Deed:
    """Read as one of so many applications that poll each shard."""
    text = "They share a shard's 5 reads and 2 MiB a second, as far as limits are on"
    title = f"Poll as one of {readers}" if readers > 1 else "Poll alone"
    return _kinesis(stream, Deed(title, text, (SetReading(readers, False),)))


def aggregation(stream: StreamView) -> Deed:
    """Pack records together, or no longer."""
    if stream.packing is None:
        text = "The producer packs many in one, as the KPL does"
        return _kinesis(stream, Deed("Aggregation on", text, (SetAggregation("kpl"),)))
    text = "Each record travels by itself"
    return _kinesis(stream, Deed("Aggregation off", text, (SetAggregation("off"),)))


def naive_aggregation(stream: StreamView) -> Deed:
    """Pack records of all shards together: what loses data elsewhere, and shows here."""
    text = "Packs go across shards; readers drop them into the dead letters, as a KCL would"
    return _kinesis(stream, Deed("Aggregation across shards", text, (SetAggregation("naive"),)))


def collection(stream: StreamView) -> Deed:
    """Put many records by one call, or each by its own."""
    if stream.collection is not None and stream.collection.on:
        text = "Each record is put by a call of its own, as PutRecord does"
        return _kinesis(stream, Deed("Collection off", text, (SetCollection(False),)))
    text = "Up to 500 records of all shards are put by one call, as PutRecords does"
    return _kinesis(stream, Deed("Collection on", text, (SetCollection(True),)))


def resize(stream: StreamView, count: int, snapshot: LabSnapshot) -> Deed:
    """Have this many shards."""
    if stream.view == "kinesis":
        title = f"Scale {safe(stream.name, NAME_LIMIT)} to {count:,} shards"
        return Deed(title, "", (UpdateShardCount(stream.name, count),))
    title = f"Have {count:,} partitions in {safe(stream.name, NAME_LIMIT)}"
    here = len(stream.shards)
    why = snapshot.broker.lacks(ADD_PARTITIONS)
    if count < here:
        why = f"partitions can only be added, and there are {here:,}"
    elif count == here:
        why = f"there are {here:,} already"
    if why:
        return Deed(title, "", why=why)
    return Deed(title, "", (SwitchKey(stream.name, stream.key, count),))


def switch(stream: StreamView, key: str, count: int, snapshot: LabSnapshot) -> Deed:
    """Give a stream another key ("": keep it) and another number of shards (0: keep it)."""
    name = safe(stream.name, NAME_LIMIT)
    if not key and not count:
        return Deed(f"Change {name}", "", why="type a key, a number of shards, or both")
    if not key:
        return resize(stream, count, snapshot)
    title = f"Key of {name}: {safe(key, NAME_LIMIT)}"
    same = stream.view != "kinesis" and count == len(stream.shards)
    if not count or same:
        return Deed(title, "", (SwitchKey(stream.name, key),))
    size = resize(stream, count, snapshot)
    title = f"{title}, shards: {count:,}"
    if size.why:
        return size._replace(title=title)
    if stream.view == "kinesis":
        return Deed(title, "", (SwitchKey(stream.name, key), *size.commands))
    return Deed(title, "", (SwitchKey(stream.name, key, count),))


def number(text: str) -> int | None:
    """Return a typed number of shards, 0 for none, None for what is no such number."""
    text = text.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        return None
    return int(text) if 1 <= int(text) <= MOST else None


def _named(verb: str, stream: StreamView, shard: ShardView | None) -> str:
    which = "a shard" if shard is None else f"shard {shard.id:02d}"
    return f"{verb} {which} of {safe(stream.name, NAME_LIMIT)}"


def _why(stream: StreamView, shard: ShardView | None, verb: str) -> str:
    if stream.view != "kinesis":
        return NOT_KINESIS
    if shard is None:
        return "there is no shard under the cursor"
    if not is_open(shard):
        return f"shard {shard.id:02d} is not open; only open shards can be {verb}"
    return ""


def _kinesis(stream: StreamView, deed: Deed) -> Deed:
    return deed if stream.view == "kinesis" else deed._replace(commands=(), why=NOT_KINESIS)
