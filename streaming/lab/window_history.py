"""A declared window's values over time, as far as its results are final and kept."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import duckdb
import msgspec

from streaming.lab.commands import Reply, WindowHistory
from streaming.lab.snapshot import WindowLine

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

MOST_POINTS: Final = 200
MOST_KEYS: Final = 3
_ROWS: Final = 3000
_QUERY: Final = """
SELECT key, epoch_ms(end_at), n, vals FROM window_results
WHERE name = ? AND is_final AND generation = (
    SELECT max(generation) FROM window_results WHERE name = ?)
ORDER BY end_at DESC LIMIT ?
"""


async def history(engine: Engine, asked: WindowHistory) -> Reply:
    """The newest final values of one window for its heaviest keys, oldest first."""
    if engine.store is None or engine.merger is None:
        return Reply(False, "the lab has not started yet")
    con = await engine.merger.call(engine.store.reader)
    try:
        lines = await asyncio.to_thread(_lines, con, asked.window, asked.value)
    finally:
        con.close()
    return Reply(True, "", msgspec.json.encode(lines).decode())


def _lines(con: duckdb.DuckDBPyConnection, window: str, value: str) -> list[WindowLine]:
    rows = con.execute(_QUERY, [window, window, _ROWS]).fetchall()
    weights: dict[str, int] = defaultdict(int)
    points: dict[str, list[tuple[int, float | None]]] = defaultdict(list)
    for key, end_ms, n, vals in reversed(rows):
        weights[key] += n
        points[key].append((end_ms, _number(msgspec.json.decode(vals).get(value))))
    heaviest = sorted(weights, key=lambda key: (-weights[key], key))[:MOST_KEYS]
    return [WindowLine(key, tuple(points[key][-MOST_POINTS:])) for key in heaviest]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
