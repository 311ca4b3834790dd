"""The plan a stream follows, in words: its view, key, limits and epoch."""

from __future__ import annotations

from streaming.lab.stream_snapshot import CollectionView, PackingView, ShardView, StreamView
from tui import numbers
from tui.lines import Segment
from tui.safe import safe

WORD_LIMIT = 24


def listed(stream: StreamView) -> list[ShardView]:
    """Return the shards that a listing shows: an expired one is gone with its last record."""
    return [s for s in stream.shards if s.kinesis is None or s.kinesis.lifecycle != "expired"]


def open_shards(stream: StreamView) -> list[ShardView]:
    """Return the shards that take records; every partition does."""
    return [s for s in stream.shards if s.kinesis is None or s.kinesis.lifecycle == "open"]


def plan_words(stream: StreamView, *, key: bool = False) -> list[str]:
    """Return view, limits and epoch; nothing for a topic of whose plan nothing is known."""
    words: list[str] = []
    if stream.view != "msk" or stream.epochs:
        words.append(safe(stream.view, WORD_LIMIT))
    if words and key:
        words.append(f"key {safe(stream.key, WORD_LIMIT)}")
    if stream.view == "kinesis":
        words.append(f"limits {safe(stream.limits, WORD_LIMIT)}")
        words += [packing_words(stream.packing)] if stream.packing is not None else []
    if stream.epochs:
        words.append(f"epoch {stream.epochs[-1].epoch}")
    return words


def packing_words(packing: PackingView) -> str:
    """Return how records are packed together and how many on average."""
    across = "" if packing.kind == "kpl" else " across shards"
    if packing.records_per_pack is None:
        return f"aggregated{across}"
    return f"packs of {numbers.count(packing.records_per_pack)}{across}"


def call_words(collection: CollectionView) -> str:
    """Return by which calls records are put, and how many of them there are."""
    if not collection.on:
        words = "one a call"
    elif collection.records_per_call is None:
        words = "many a call"
    else:
        words = f"{numbers.count(collection.records_per_call)} a call"
    if collection.calls_per_s is not None:
        words += f", {numbers.count(collection.calls_per_s)} calls/s"
    return words


def pressure(stream: StreamView) -> list[Segment]:
    """Return what full shards refuse and what waits for them; nothing where nothing does."""
    found: list[Segment] = []
    if stream.throttled_per_s:
        found.append((f"throttled {numbers.count(stream.throttled_per_s, 9)}/s", "bad"))
    if stream.waiting:
        found.append((f"waiting {numbers.count(stream.waiting, 11)}", "warn"))
    return found
