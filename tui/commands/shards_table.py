"""The shards of a stream as rows: for people, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import msgspec

from streaming.lab.snapshot import ApplicationView
from streaming.lab.stream_snapshot import CollectionView, PackingView, ShardView, StreamView
from tui.numbers import UNKNOWN, count

GAP: Final = "  "


class Row(msgspec.Struct, frozen=True):
    """A shard as `shards list --json` writes it (docs/shards.md); None is null: not known, or none.

    Everything from `name` to `held`, and from `load` to `waiting`, is only of the kinesis view.
    `aggregate` and what follows is the whole stream's, the same in each of its rows.
    """

    stream: str
    view: str
    epoch: int | None
    id: int
    name: str | None
    start: str | None
    end: str | None
    width: float | None
    lifecycle: str | None
    parents: tuple[int, ...] | None
    children: tuple[int, ...] | None
    held: bool | None
    state: str
    records: int
    in_per_s: float | None
    out_per_s: float | None
    share: float | None
    lag: int | None
    lag_ms: float | None
    owner: str | None
    limits: str
    load: float | None
    throttled: int | None
    throttled_per_s: float | None
    waiting: int | None
    aggregate: str
    records_per_pack: float | None
    efficiency: float | None
    delay_ms: float | None
    collect: bool | None
    calls_per_s: float | None
    records_per_call: float | None
    call_delay_ms: float | None


class _Column(NamedTuple):
    """A column; texts stand to the left, numbers to the right."""

    title: str
    cell: Callable[[Row], str]
    text: bool = False
    kinesis: bool = True
    """Whether only shards of the kinesis view have it."""


_COLUMNS: Final = (
    _Column("id", lambda row: str(row.id), kinesis=False),
    _Column("name", lambda row: row.name or UNKNOWN, text=True),
    _Column("width", lambda row: UNKNOWN if row.width is None else f"{row.width:.2%}"),
    _Column("state", lambda row: _state(row), text=True, kinesis=False),
    _Column("parents", lambda row: "+".join(map(str, row.parents or ())) or UNKNOWN, text=True),
    _Column("records", lambda row: count(row.records), kinesis=False),
    _Column("in/s", lambda row: count(row.in_per_s), kinesis=False),
    _Column("load", lambda row: UNKNOWN if row.load is None else f"{row.load:.0%}"),
    _Column("throttled", lambda row: count(row.throttled)),
    _Column("lag", lambda row: count(row.lag), kinesis=False),
    _Column("owner", lambda row: row.owner or UNKNOWN, text=True, kinesis=False),
    # The last: hash keys are long, and a narrow terminal breaks the lines only here.
    _Column("range", lambda row: f"{row.start}–{row.end}", text=True),
)


def rows_of(stream: StreamView) -> list[Row]:
    """A row for each shard, by id."""
    return [_row(stream, shard) for shard in stream.shards]


def table(stream: StreamView) -> str:
    """A heading, lines on aggregation and calls where there are some, and one line a shard."""
    columns = [c for c in _COLUMNS if stream.view == "kinesis" or not c.kinesis]
    rows = rows_of(stream)
    cells = [[column.title for column in columns]]
    cells += [[column.cell(row) for column in columns] for row in rows]
    widths = [max(map(len, of_column)) for of_column in zip(*cells, strict=True)]
    lines = [_heading(stream)]
    if stream.packing is not None:
        lines.append(_aggregated(stream.packing))
    if stream.collection is not None:
        lines.append(_called(stream.collection))
    return "\n".join([*lines, *(_line(line, columns, widths) for line in cells)])


def applications(others: Sequence[ApplicationView]) -> str:
    """A line for each other application that polls the shards, under a heading."""
    lines = ["other applications that poll these shards:"]
    for other in others:
        size = None if other.bytes_per_s is None else other.bytes_per_s / 1000
        parts = [f"{count(other.reads_per_s)} reads/s", f"{count(size)} kB/s"]
        parts.append(UNKNOWN if other.age_ms is None else f"{other.age_ms / 1000:.1f} s behind")
        lines.append(f"{other.name}: " + (", ".join(parts) if other.pid else "starts again"))
    return "\n".join(lines)


def _heading(stream: StreamView) -> str:
    parts = [stream.name, f"{stream.view} view", f"key {stream.key}"]
    if stream.epochs:
        parts.insert(1, f"epoch {stream.epochs[-1].epoch}")
    if stream.view == "kinesis":
        opened = sum(s.kinesis is not None and s.kinesis.lifecycle == "open" for s in stream.shards)
        parts += [f"{opened} open shards", f"limits {stream.limits}"]
        if stream.limits != "off":
            parts.append(f"{stream.waiting:,} records wait for full shards")
    else:
        parts.append(f"{len(stream.shards)} partitions")
    return ", ".join(parts)


def _aggregated(packing: PackingView) -> str:
    """What packing records together does; in/s, load, throttled and lag count packs then."""
    how = {"kpl": "as the KPL does it", "naive": "across shards (naive)"}[packing.kind]
    parts = [f"aggregated {how}"]
    if packing.records_per_pack is None:
        parts.append("nothing packed yet")
    else:
        parts.append(f"{packing.records_per_pack:,.1f} records a pack")
    if packing.efficiency is not None:
        parts.append(f"{packing.efficiency:.0%} of a pack is data")
    if packing.delay_ms is not None:
        parts.append(f"{packing.delay_ms:.0f} ms added")
    return ", ".join(parts)


def _called(collection: CollectionView) -> str:
    """By which calls records are put; of aggregates each is one."""
    how = "many records a call (PutRecords)" if collection.on else "one record a call (PutRecord)"
    parts = [how]
    if collection.records_per_call is None:
        parts.append("no call yet")
    else:
        parts.append(f"{count(collection.calls_per_s)} calls/s")
        parts.append(f"{collection.records_per_call:,.1f} records a call")
    if collection.delay_ms is not None:
        parts.append(f"{collection.delay_ms:,.0f} ms added")
    return ", ".join(parts)


def _line(cells: Sequence[str], columns: Sequence[_Column], widths: Sequence[int]) -> str:
    parts = [
        cell.ljust(width) if column.text else cell.rjust(width)
        for cell, column, width in zip(cells, columns, widths, strict=True)
    ]
    return GAP.join(parts).rstrip()


def _state(row: Row) -> str:
    """How it does; of a closed shard that is still read, both."""
    if row.lifecycle in (None, "open", row.state):
        return row.state
    return f"{row.lifecycle}, {row.state}"


def _row(stream: StreamView, shard: ShardView) -> Row:
    kinesis, packing, calls = shard.kinesis, stream.packing, stream.collection
    return Row(
        stream=stream.name,
        view=stream.view,
        epoch=stream.epochs[-1].epoch if stream.epochs else None,
        id=shard.id,
        name=kinesis.name if kinesis else None,
        start=kinesis.start if kinesis else None,
        end=kinesis.end if kinesis else None,
        width=kinesis.width if kinesis else None,
        lifecycle=kinesis.lifecycle if kinesis else None,
        parents=kinesis.parents if kinesis else None,
        children=kinesis.children if kinesis else None,
        held=kinesis.held if kinesis else None,
        state=shard.state,
        records=shard.records,
        in_per_s=shard.in_per_s,
        out_per_s=shard.out_per_s,
        share=shard.share,
        lag=shard.lag,
        lag_ms=shard.lag_ms,
        owner=shard.owner,
        limits=stream.limits,
        load=kinesis.load if kinesis else None,
        throttled=kinesis.throttled if kinesis else None,
        throttled_per_s=kinesis.throttled_per_s if kinesis else None,
        waiting=kinesis.waiting if kinesis else None,
        aggregate=packing.kind if packing else "off",
        records_per_pack=packing.records_per_pack if packing else None,
        efficiency=packing.efficiency if packing else None,
        delay_ms=packing.delay_ms if packing else None,
        collect=calls.on if calls else None,
        calls_per_s=calls.calls_per_s if calls else None,
        records_per_call=calls.records_per_call if calls else None,
        call_delay_ms=calls.delay_ms if calls else None,
    )
