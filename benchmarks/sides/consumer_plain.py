"""The plain loop: getmany, json.loads, a dict of cells; written to DuckDB once, at the end.

It keeps the same windows with the same sketch library, but checks nothing: no contract, no
lateness, no offsets in the store. It is spared what costs most: minutes are built from the panes.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import datasketches as ds
import duckdb
import pyarrow as pa

from benchmarks.side import Clock
from benchmarks.sides.reading import DUCKDB, new_consumer, read_from_start

PANE_MS, MINUTE_MS = 10_000, 60_000
LG_K, KLL_K = 11, 200
HLL_4 = ds.tgt_hll_type.HLL_4


class Cell:
    """One window x dimension x key."""

    __slots__ = ("highest", "hll", "kll", "lowest", "n", "total")

    def __init__(self) -> None:
        self.n = self.total = 0
        self.lowest, self.highest = 2**62, -(2**62)
        self.hll = ds.hll_sketch(LG_K, HLL_4)
        self.kll = ds.kll_doubles_sketch(KLL_K)


Cells = dict[tuple[int, str, str], Cell]


def count(cells: Cells, value: bytes) -> None:
    """Count one record in its four cells."""
    event = json.loads(value)
    start = event["ts"] // PANE_MS * PANE_MS
    measure, customer = event["load_ms"], event["customer_id"]
    for group in (
        (start, "all", "*"),
        (start, "type", event["type"]),
        (start, "category", event["category"]),
        (start, "country", event["country"]),
    ):
        cell = cells.get(group)
        if cell is None:
            cell = cells[group] = Cell()
        cell.n += 1
        cell.total += measure
        if measure < cell.lowest:
            cell.lowest = measure
        if measure > cell.highest:
            cell.highest = measure
        cell.hll.update(customer)
        cell.kll.update(measure)


def minutes(cells: Cells) -> list[tuple[tuple[int, str, str], Cell, Any]]:
    """Minute cells out of pane cells, each with the union of its distinct sketches."""
    made: dict[tuple[int, str, str], tuple[Cell, Any]] = {}
    for (start, dim, key), cell in cells.items():
        group = (start // MINUTE_MS * MINUTE_MS, dim, key)
        if group not in made:
            made[group] = (Cell(), ds.hll_union(LG_K))
        whole, union = made[group]
        whole.n += cell.n
        whole.total += cell.total
        whole.lowest = min(whole.lowest, cell.lowest)
        whole.highest = max(whole.highest, cell.highest)
        whole.kll.merge(cell.kll)
        union.update(cell.hll)
    return [(group, whole, union.get_result(HLL_4)) for group, (whole, union) in made.items()]


def write(path: str, cells: Cells) -> None:
    """All windows into a new DuckDB file."""
    rows = [_row(10, group, cell, cell.hll) for group, cell in cells.items()]
    rows += [_row(60, group, cell, hll) for group, cell, hll in minutes(cells)]
    con = duckdb.connect(path, config=dict(DUCKDB))
    table = pa.Table.from_pylist(rows)
    con.register("incoming", table)
    con.execute(
        "CREATE TABLE windows AS SELECT * REPLACE (make_timestamp_ms(start_at) AS start_at) "
        "FROM incoming"
    )
    con.close()


def _row(size_s: int, group: tuple[int, str, str], cell: Cell, hll: Any) -> dict[str, Any]:
    start, dim, key = group
    p50, p90, p99 = cell.kll.get_quantiles([0.5, 0.9, 0.99])
    return {
        "size_s": size_s, "start_at": start, "dim": dim, "key": key,
        "n": cell.n, "total": cell.total, "lowest": cell.lowest, "highest": cell.highest,
        "distinct_customers": hll.get_estimate(), "p50": p50, "p90": p90, "p99": p99,
        "hll": bytes(hll.serialize_compact()), "kll": bytes(cell.kll.serialize()),
    }  # fmt: skip


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Read the topic to its end."""
    return asyncio.run(_run(config, clock))


async def _run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    left = dict(enumerate(config["ends"]))
    consumer = new_consumer(config["bootstrap"])
    await consumer.start()
    cells: Cells = {}
    records = 0
    clock.start()
    read_from_start(consumer, config["topic"], len(left))
    left = {shard: end for shard, end in left.items() if end}
    while left:
        got = await consumer.getmany(timeout_ms=1000)
        for tp, batch in got.items():
            for record in batch:
                count(cells, record.value)
            records += len(batch)
            if batch[-1].offset + 1 >= left[tp.partition]:
                del left[tp.partition]
    write(config["store"], cells)
    clock.stop()
    await consumer.stop()
    return {"records": records}
