"""The shards of a Kinesis stream as a tree of splits and merges, each range drawn to scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from streaming.lab.stream_snapshot import KinesisShardView, ShardView, StreamView
from tui import numbers
from tui.deeds import HASH_KEYS, bounds
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, merged
from tui.safe import fit, safe
from tui.views.columns import FULL

DEEPEST = 4
"""Levels that are indented; what lies deeper stands below the last of them."""

TREE = 12
PLACE = 10
WORD = 10
BAR_AT_LEAST = 8
LOAD_FROM = 56
ORIGIN_FROM = 70
QUEUE_FROM = 90
QUEUE = 8
"""Widths from which load and refusals, the origin, and what waits have columns."""


class Branch(NamedTuple):
    """One shard and how deep below the first ones it stands."""

    depth: int
    shard: ShardView


def branches(shards: Sequence[ShardView]) -> list[Branch]:
    """Return every shard once, children below their parents; below the first one after a merge."""
    by_id = {shard.id: shard for shard in shards}
    below: dict[int, list[int]] = {}
    roots: list[int] = []
    for shard in shards:
        known = [p for p in _of(shard).parents if p in by_id and p != shard.id]
        if known:
            below.setdefault(known[0], []).append(shard.id)
        else:
            roots.append(shard.id)
    order: list[Branch] = []
    seen: set[int] = set()
    for start in [*roots, *by_id]:  # those in no tree, should parents go round in a circle, last
        waiting = [(0, start)]
        while waiting:
            depth, id = waiting.pop()
            if id in seen:
                continue
            seen.add(id)
            order.append(Branch(depth, by_id[id]))
            waiting += [(depth + 1, child) for child in reversed(below.get(id, []))]
    return order


def heading(width: int) -> Line:
    """Return the titles over the rows."""
    segments: list[Segment] = [("  " + fit("SHARD", TREE), "label")]
    segments.append((fit("HASH KEYS", _bar_width(width)) + " ", "label"))
    segments.append((fit("WIDTH", 7, right=True) + "  ", "label"))
    segments.append((fit("  STATE", WORD), "label"))
    if width >= ORIGIN_FROM:
        segments.append((fit("FROM", PLACE), "label"))
    if width >= LOAD_FROM:
        segments.append((fit("LOAD", 5, right=True) + fit("THR/S", 7, right=True), "label"))
    if width >= QUEUE_FROM:
        segments.append((fit("QUEUE", QUEUE, right=True), "label"))
    return merged(segments)


def lineage(stream: StreamView, width: int, glyphs: Glyphs) -> tuple[list[int], list[Line]]:
    """Return the shards' ids in the order they are drawn, and a line for each."""
    found = branches([shard for shard in stream.shards if shard.kinesis is not None])
    return [b.shard.id for b in found], [_line(b, width, glyphs) for b in found]


def _line(branch: Branch, width: int, glyphs: Glyphs) -> Line:
    shard, of_range = branch.shard, _of(branch.shard)
    shape, word, style = _state(of_range)
    depth = min(branch.depth, DEEPEST)
    tree = "  " * max(depth - 1, 0) + (f"{glyphs.corner}{glyphs.rule}" if depth else "")
    gone = of_range.lifecycle != "open"
    segments: list[Segment] = [
        ("  ", "text"),
        (tree, "dim"),
        (fit(f"{shard.id:02d}", TREE - len(tree)), "dim" if gone else "strong"),
        *_bar(shard, _bar_width(width), gone, glyphs),
        (" " + fit(_width(of_range.width), 7, right=True) + "  ", "dim" if gone else "text"),
        (fit(f"{getattr(glyphs, shape) if shape else ' '} {word}", WORD), style),
    ]
    if width >= ORIGIN_FROM:
        parents = "+".join(f"{parent:02d}" for parent in of_range.parents)
        segments.append((fit(parents or "start", PLACE), "dim"))
    if width >= LOAD_FROM:
        full = of_range.load is not None and of_range.load >= FULL
        load = fit(numbers.part(of_range.load), 5, right=True)
        refused = fit(numbers.count(of_range.throttled_per_s, 6), 7, right=True)
        segments.append((load, "bad" if full else "text"))
        segments.append((refused, "bad" if of_range.throttled_per_s else "text"))
    if width >= QUEUE_FROM:
        # Without limits nothing can wait, and that is no zero.
        queue = None if of_range.load is None else of_range.waiting
        text = fit(numbers.count(queue, QUEUE - 1), QUEUE, right=True)
        segments.append((text, "warn" if queue else "text"))
    return merged(segments)


def _bar(shard: ShardView, width: int, gone: bool, glyphs: Glyphs) -> list[Segment]:
    """Return the range as a bar over all hash keys, at least one cell wide."""
    found = bounds(shard)
    if found is None:
        return [(fit(numbers.UNKNOWN, width), "dim")]
    low, high = found
    start = min(low * width // HASH_KEYS, width - 1)
    end = max(start + 1, min((high + 1) * width // HASH_KEYS, width))
    shape, style = (glyphs.shade, "dim") if gone else (glyphs.bar, "bar")
    return [
        (glyphs.rest * start, "dim"),
        (shape * (end - start), style),
        (glyphs.rest * (width - end), "dim"),
    ]


def _bar_width(width: int) -> int:
    taken = 2 + TREE + 10 + WORD
    taken += 12 if width >= LOAD_FROM else 0
    taken += PLACE if width >= ORIGIN_FROM else 0
    taken += QUEUE if width >= QUEUE_FROM else 0
    return max(BAR_AT_LEAST, width - taken)


def _width(part: float) -> str:
    return f"{part * 100:.2f}%" if 0 <= part <= 1 else numbers.UNKNOWN


def _state(of_range: KinesisShardView) -> tuple[str, str, str]:
    """Return shape, word and style of where a shard is in its life."""
    if of_range.held and of_range.lifecycle != "expired":
        return "waiting", "WAITING", "busy"
    if of_range.lifecycle == "open":
        return "", "open", "good"
    return "closed", safe(str(of_range.lifecycle), WORD), "dim"


def _of(shard: ShardView) -> KinesisShardView:
    if shard.kinesis is None:
        raise ValueError(f"shard {shard.id} has no range")
    return shard.kinesis
