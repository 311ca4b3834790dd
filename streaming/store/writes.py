"""What one merge writes, table by table, inside the transaction of its caller."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import duckdb

from streaming.lab.messages import Handover
from streaming.lab.producer_messages import ProducerStats
from streaming.store import tables
from streaming.store.epochs import Epochs
from streaming.store.ledger import Progress, Shard
from streaming.windows.state import StreamWindows, WindowRow

Connection: TypeAlias = duckdb.DuckDBPyConnection
JournalRow: TypeAlias = tuple[int, int, str, str, str]
"""Sequence number, time in ms, level, kind, text."""


def write_offsets(
    con: Connection, progress: Mapping[Shard, Progress], before: Mapping[Shard, int]
) -> None:
    """Compare and set: the file's offsets must be where memory believes they are."""
    rows = [
        (s, n, before.get((s, n), 0), p.next_offset, p.acked_end, p.watermark_ms, p.records,
         p.bytes)
        for (s, n), p in progress.items()
    ]  # fmt: skip
    if not rows:
        return
    moved = tables.table(tables.OFFSETS, rows)
    con.register("moved", moved)
    con.execute(
        "INSERT INTO offsets SELECT stream, shard, first, 0, NULL, 0, 0 FROM moved "
        "WHERE NOT EXISTS (FROM offsets o WHERE o.stream = moved.stream "
        "AND o.shard = moved.shard)"
    )
    changed = con.execute(
        "UPDATE offsets SET next_offset = m.next_offset, acked_end = m.acked_end, "
        "watermark_ms = m.watermark_ms, records = m.records, bytes = m.bytes FROM moved m "
        "WHERE offsets.stream = m.stream AND offsets.shard = m.shard "
        "AND offsets.next_offset = m.first"
    ).fetchone()
    con.unregister("moved")
    if changed is None or changed[0] != len(rows):
        raise duckdb.Error("the stored offsets are not where this engine left them")


def write_watermarks(con: Connection, streams: Iterable[StreamWindows]) -> None:
    """How far the windows of each stream are final."""
    for windows in streams:
        if windows.watermark_ms is not None:
            con.execute(
                "INSERT OR REPLACE INTO watermarks VALUES (?, ?)",
                [windows.stream, windows.watermark_ms],
            )


def write_windows(con: Connection, rows: Sequence[WindowRow]) -> None:
    """New and changed windows."""
    if rows:
        insert(con, "windows", tables.window_table(rows), "INSERT OR REPLACE")


def write_records(con: Connection, accepted: Sequence[Handover], epochs: Epochs) -> tuple[int, int]:
    """Late records, dead letters and raw events; returns how many were late and dead."""
    late = [row for handover in accepted for row in handover.late]
    dead = [row for handover in accepted for row in handover.dead]
    raw = [row for handover in accepted for row in handover.raw]
    if late:
        insert(con, "late_events", tables.late_table(late))
    if dead:
        insert(con, "dead_letters", tables.dead_table(dead, int(time.time() * 1000)))
    if raw:
        orders, clicks = tables.raw_tables(raw, epochs)
        insert(con, "events_orders", orders)
        insert(con, "events_clicks", clicks)
    return len(late), len(dead)


def write_generator(con: Connection, incarnation: int, stats: ProducerStats) -> None:
    """What the generators delivered and planted so far."""
    con.execute(
        "UPDATE producers SET produced = ?, acked = ? WHERE incarnation = ?",
        [stats.produced, stats.acked, incarnation],
    )
    con.execute("DELETE FROM ground_truth WHERE incarnation = ?", [incarnation])
    for t in stats.truth:
        con.execute(
            "INSERT INTO ground_truth VALUES "
            "(?, ?, make_timestamp_ms(?), make_timestamp_ms(?), ?, ?, ?)",
            [incarnation, t.kind, t.start_ms, t.end_ms, t.intensity, t.target, t.records],
        )


def write_journal(con: Connection, rows: Iterable[JournalRow]) -> None:
    """New lines of the journal."""
    for seq, at_ms, level, kind, text in rows:
        con.execute(
            "INSERT INTO journal VALUES (?, make_timestamp_ms(?), ?, ?, ?)",
            [seq, at_ms, level, kind, text],
        )


def insert(con: Connection, name: str, rows: Any, verb: str = "INSERT") -> None:
    """Put an Arrow table's rows into a table of the store."""
    if not rows.num_rows:
        return
    con.register("incoming", rows)
    con.execute(f"{verb} INTO {name} SELECT * FROM incoming")  # noqa: S608
    con.unregister("incoming")
