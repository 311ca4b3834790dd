"""The columns of the shard table: which fit, how wide they are, and what they hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from streaming.lab.stream_snapshot import ShardView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Segment
from tui.safe import fit, safe

OWNER_LIMIT = 32
FULL = 1.0
"""The part of its limit from which a shard refuses records."""

MARGIN = 2
"""Cells at the left for the cursor's mark."""

STATES = {
    "starting": ("", "starts", "dim"),
    "ok": ("", "ok", "good"),
    "warm": ("warn", "WARM", "warn"),
    "hot": ("alarm", "HOT", "bad"),
    "moving": ("moving", "MOVING", "busy"),
    "stalled": ("alarm", "STALLED", "bad"),
    "halted": ("note", "HALTED", "warn"),
    "paused": ("note", "PAUSED", "warn"),
    "waiting": ("waiting", "WAITING", "busy"),
    "closed": ("closed", "CLOSED", "dim"),
}
SEVERITY = (
    "closed", "ok", "starting", "waiting", "warm", "moving", "hot", "halted", "paused", "stalled"
)  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """What bars and trends are drawn against: the same for all shards, so rows compare."""

    share: float
    trend: float
    glyphs: Glyphs


Cell: TypeAlias = Callable[[ShardView, int, Scale], tuple[Segment, ...]]
SortKey: TypeAlias = Callable[[ShardView], float | str | None]


@dataclass(frozen=True)
class Column:
    """One column. Of those that do not fit, the highest `rank` goes first."""

    id: str
    title: str
    width: int
    rank: int
    cell: Cell
    sort: SortKey
    right: bool = True
    kinesis: bool = False
    """Only a shard of the Kinesis view has it."""

    stretch: int = 0
    """Up to how many cells it grows when there is room."""


def _plain(text: Callable[[ShardView, int, Scale], str]) -> Cell:
    def cell(shard: ShardView, width: int, scale: Scale) -> tuple[Segment, ...]:
        return ((fit(text(shard, width, scale), width, right=True), "text"),)

    return cell


def _share(shard: ShardView, width: int, scale: Scale) -> tuple[Segment, ...]:
    label = fit(numbers.percent(shard.share), 4, right=True) + " "
    room = width - len(label)
    part = shard.share if shard.share is not None and math.isfinite(shard.share) else 0.0
    halves = round(min(max(part / scale.share, 0.0), 1.0) * room * 2)
    bar = scale.glyphs.bar * (halves // 2) + scale.glyphs.half * (halves % 2)
    return ((label, "text"), (bar, "bar"), (scale.glyphs.rest * (room - len(bar)), "dim"))


def _lag(shard: ShardView, width: int, _scale: Scale) -> tuple[Segment, ...]:
    style = "warn" if shard.lag else "text"
    return ((fit(numbers.count(shard.lag, width), width, right=True), style),)


def _clear(shard: ShardView, width: int, scale: Scale) -> tuple[Segment, ...]:
    text = numbers.duration(shard.clear_s, scale.glyphs.infinity)
    never = shard.clear_s is not None and math.isinf(shard.clear_s)
    return ((fit(text, width, right=True), "bad" if never else "text"),)


def _trend(shard: ShardView, width: int, scale: Scale) -> tuple[Segment, ...]:
    points = shard.trend[-width:]
    levels = scale.glyphs.levels
    top = len(levels) - 1
    drawn = "".join(levels[min(top, max(0, round(point / scale.trend * top)))] for point in points)
    return (("  " + " " * (width - 2 - len(drawn[2 - width :])) + drawn[2 - width :], "bar"),)


def _owner(shard: ShardView, width: int, _scale: Scale) -> tuple[Segment, ...]:
    owner = safe(shard.owner, OWNER_LIMIT) if shard.owner is not None else numbers.UNKNOWN
    return ((" " + fit(owner, width - 1), "text"),)


def _state(shard: ShardView, width: int, scale: Scale) -> tuple[Segment, ...]:
    shape_name, word, style = STATES.get(shard.state, ("note", safe(str(shard.state), 7), "warn"))
    shape = getattr(scale.glyphs, shape_name) if shape_name else " "
    return ((fit(f"{shape} {word}", width), style),)


def _load(shard: ShardView, width: int, _scale: Scale) -> tuple[Segment, ...]:
    """Return the part of its limit."""
    part = None if shard.kinesis is None else shard.kinesis.load
    full = part is not None and math.isfinite(part) and part >= FULL
    style = "bad" if full else "text"
    return ((fit(numbers.part(part), width, right=True), style),)


def _throttled(shard: ShardView, width: int, _scale: Scale) -> tuple[Segment, ...]:
    per_s = None if shard.kinesis is None else shard.kinesis.throttled_per_s
    return ((fit(numbers.count(per_s, width - 1), width, right=True), "bad" if per_s else "text"),)


def _severity(shard: ShardView) -> float:
    return SEVERITY.index(shard.state) if shard.state in SEVERITY else len(SEVERITY)


def _latest(shard: ShardView) -> float | None:
    return shard.trend[-1] if shard.trend else None


BURROW_STYLES = {
    "OK": "good", "NO COMMIT": "busy", "WARN": "warn", "STALL": "bad", "STOP": "bad",
    "REWIND": "bad",
}  # fmt: skip
"""The words of `ShardView.status`, the worst last."""


def _burrow(shard: ShardView, width: int, _: Scale) -> tuple[Segment, ...]:
    """Return whether the reader keeps up, by Burrow's rules, in a word."""
    word = shard.status or numbers.UNKNOWN
    return ((fit(f" {word}", width), BURROW_STYLES.get(word, "dim")),)


def _burrow_order(shard: ShardView) -> float | None:
    return None if shard.status is None else float(list(BURROW_STYLES).index(shard.status))


COLUMNS = (
    Column("shard", "SH", 3, 0, _plain(lambda s, w, _: f"{s.id:02d}"), lambda s: s.id),
    Column("share", "SHARE", 13, 7, _share, lambda s: s.share, stretch=30),
    Column(
        "in",
        "IN/S",
        7,
        3,
        _plain(lambda s, w, _: numbers.count(s.in_per_s, w - 1)),
        lambda s: s.in_per_s,
        stretch=2,
    ),
    Column(
        "out",
        "OUT/S",
        7,
        6,
        _plain(lambda s, w, _: numbers.count(s.out_per_s, w - 1)),
        lambda s: s.out_per_s,
        stretch=2,
    ),
    Column(
        "load",
        "LOAD",
        5,
        3,
        _load,
        lambda s: None if s.kinesis is None else s.kinesis.load,
        kinesis=True,
    ),
    Column(
        "throttled",
        "THR/S",
        6,
        5,
        _throttled,
        lambda s: None if s.kinesis is None else s.kinesis.throttled_per_s,
        kinesis=True,
    ),
    Column("lag", "LAG", 8, 1, _lag, lambda s: s.lag, stretch=3),
    Column("clear", "ETA", 6, 4, _clear, lambda s: s.clear_s),
    Column(
        "age",
        "AGE",
        6,
        9,
        _plain(lambda s, w, _: numbers.age(s.lag_ms)),
        lambda s: s.lag_ms,
    ),
    Column("trend", "TREND", 10, 8, _trend, _latest, right=False, stretch=52),
    Column(
        "mark",
        "WM",
        9,
        10,
        _plain(lambda s, w, _: numbers.clock(s.watermark_at_ms)),
        lambda s: s.watermark_at_ms,
    ),
    Column("burrow", "BURROW", 9, 11, _burrow, _burrow_order, right=False),
    Column("owner", "OWNER", 6, 5, _owner, lambda s: s.owner, right=False, stretch=3),
    Column("state", "STATE", 9, 2, _state, _severity, right=False),
)


def columns_for(width: int, kinesis: bool = False) -> tuple[Column, ...]:
    """Return the columns that fit in `width` cells, stretched to use what is left."""
    chosen = [column for column in COLUMNS if kinesis or not column.kinesis]
    while len(chosen) > 1 and MARGIN + _width(chosen) > width:
        chosen.remove(max(chosen, key=lambda column: column.rank))
    left = width - MARGIN - _width(chosen)
    for name in ("in", "out", "lag", "owner", "trend", "share"):
        for index, column in enumerate(chosen):
            if column.id == name and left > 0:
                more = min(left, column.stretch)
                chosen[index] = replace(column, width=column.width + more)
                left -= more
    return tuple(chosen)


def _width(columns: list[Column]) -> int:
    return sum(column.width for column in columns) + len(columns) - 1
