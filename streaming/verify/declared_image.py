"""What the store has of the declared windows, read into memory."""

from __future__ import annotations

import json
from typing import Any, NamedTuple, TypeAlias

import duckdb
import msgspec

from streaming.shards.log_place import SUB_BITS
from streaming.verify.log import Shard
from streaming.windows.plan import WindowPlan

Row: TypeAlias = tuple[int, int, dict[str, Any]]
"""End in ms, n, values."""


class LateRecord(NamedTuple):
    """A row of `window_late`, times in ms."""

    panes: str
    shard: int
    place: int
    event_ms: int
    watermark_ms: int


class DeclaredImage(msgspec.Struct):
    """What the store has of the declared windows, its final results by window and generation.

    `watermarks` are those of the streams when a plan began.
    """

    plans: list[WindowPlan] = []
    watermarks: dict[int, dict[str, int | None]] = {}
    starts: dict[int, dict[Shard, int]] = {}
    final: dict[tuple[str, int], dict[tuple[int, str], Row]] = {}
    late: list[LateRecord] = []


def read_declared(con: duckdb.DuckDBPyConnection) -> DeclaredImage:
    """Fetch it, inside the caller's transaction."""
    image = DeclaredImage()
    plans = con.execute("SELECT number, watermarks, plan FROM window_plans ORDER BY number")
    for number, marks, text in plans.fetchall():
        image.plans.append(msgspec.json.decode(text, type=WindowPlan))
        image.watermarks[number] = json.loads(marks)
    for number, stream, shard, first in con.execute("FROM window_starts").fetchall():
        image.starts.setdefault(number, {})[stream, shard] = first
    result = con.execute(
        "SELECT name, generation, epoch_ms(start_at), epoch_ms(end_at), key, n, vals "
        "FROM window_results WHERE is_final"
    )
    while chunk := result.fetchmany(10_000):
        for name, generation, start, end, key, n, vals in chunk:
            rows = image.final.setdefault((name, generation), {})
            rows[start, key] = (end, n, json.loads(vals))
    late = con.execute(
        f'SELECT panes, shard, "offset" * {1 << SUB_BITS} + sub, epoch_ms(event_at), '  # noqa: S608
        "epoch_ms(watermark_at) FROM window_late"
    )
    image.late = [LateRecord(*row) for row in late.fetchall()]
    return image
