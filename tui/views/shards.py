"""The shard table as lines: sorted, filtered, and keyed by shard so that a cursor can follow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from streaming.lab.stream_snapshot import ShardView, StreamView
from tui.glyphs import Glyphs
from tui.lines import Line, Lines, Segment, merged
from tui.safe import fit, safe
from tui.views.columns import COLUMNS, MARGIN, STATES, Column, Scale, columns_for
from tui.views.plan import listed

FILTER_LIMIT = 40


@dataclass(frozen=True)
class Order:
    """How rows are sorted and which are shown."""

    column: str = "shard"
    reverse: bool = False
    text: str = ""


class Rows(NamedTuple):
    """The rows of a table: the shards they stand for, and their lines."""

    shards: list[int]
    lines: Sequence[Line]


def rows(stream: StreamView, order: Order, width: int, glyphs: Glyphs) -> Rows:
    """Return the table's rows for one stream."""
    columns = columns_for(width, stream.view == "kinesis")
    shown = listed(stream)
    scale = scale_of(shown, glyphs)
    found = ordered(shown, order)
    drawers = [partial(_line, shard, columns, scale) for shard in found]
    return Rows([shard.id for shard in found], Lines(drawers))


def heading(order: Order, width: int, glyphs: Glyphs, kinesis: bool = False) -> Line:
    """Return the line of column titles; the sorted column carries an arrow."""
    segments: list[Segment] = [(" " * MARGIN, "label")]
    for index, column in enumerate(columns_for(width, kinesis)):
        chosen = column.id == order.column
        arrow = (glyphs.down if order.reverse else glyphs.up) if chosen else ""
        pad = " " if index else ""
        indent = {"trend": "  ", "owner": " ", "state": "  "}.get(column.id, "")
        if column.id == "share":
            title = fit(" " * (5 if column.width > 12 else 0) + column.title + arrow, column.width)
        else:
            title = fit(indent + column.title + arrow, column.width, right=column.right)
        segments += [(pad, "label"), (title, "chosen" if chosen else "label")]
    return merged(segments)


def column_at(x: int, width: int, kinesis: bool = False) -> str | None:
    """Return the id of the column whose title is at cell `x`."""
    start = MARGIN
    for column in columns_for(width, kinesis):
        if start <= x < start + column.width:
            return column.id
        start += column.width + 1
    return None


def next_column(current: str, step: int, width: int, kinesis: bool = False) -> str:
    """Return the id of the shown column `step` places from the current one."""
    ids = [column.id for column in columns_for(width, kinesis)]
    place = ids.index(current) if current in ids else 0
    return ids[(place + step) % len(ids)]


def order_text(order: Order, glyphs: Glyphs) -> str:
    """Return the sort and filter in words, for the panel's frame."""
    titles = {column.id: column.title for column in COLUMNS}
    arrow = glyphs.down if order.reverse else glyphs.up
    shown = safe(order.text, FILTER_LIMIT) or "none"
    return f"sort: {titles.get(order.column, order.column)} {arrow}  filter: {shown}"


def ordered(shards: Sequence[ShardView], order: Order) -> list[ShardView]:
    """Return the shards that match the filter in the chosen order, unknown values last."""
    sort = {column.id: column.sort for column in COLUMNS}[order.column]
    known: list[tuple[float | str, ShardView]] = []
    unknown: list[ShardView] = []
    for shard in sorted(shards, key=lambda shard: shard.id):
        if not matches(shard, order.text):
            continue
        value = sort(shard)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            unknown.append(shard)
        else:
            known.append((value, shard))
    known.sort(key=lambda pair: pair[0], reverse=order.reverse)
    return [shard for _, shard in known] + unknown


def matches(shard: ShardView, text: str) -> bool:
    """Return whether shard number, owner or state holds the text, whatever the case."""
    needle = text.strip().casefold()
    if not needle:
        return True
    owner = safe(shard.owner or "", FILTER_LIMIT)
    word = STATES.get(shard.state, ("", str(shard.state), ""))[1]
    return any(needle in field.casefold() for field in (f"{shard.id:02d}", owner, word))


def scale_of(shards: Sequence[ShardView], glyphs: Glyphs) -> Scale:
    """Return what the largest share and the highest rate of the stream are."""
    shares = [shard.share for shard in shards if shard.share and math.isfinite(shard.share)]
    peaks = [max(shard.trend) for shard in shards if shard.trend]
    return Scale(max([0.01, *shares]), max([1, *peaks]), glyphs)


def _line(shard: ShardView, columns: tuple[Column, ...], scale: Scale) -> Line:
    segments: list[Segment] = [(" " * MARGIN, "text")]
    for index, column in enumerate(columns):
        segments += [(" " if index else "", "text"), *column.cell(shard, column.width, scale)]
    if shard.state == "closed":
        return merged((text, "dim") for text, _ in segments)
    return merged(segments)
