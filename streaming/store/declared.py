"""The declared windows in the store: their plans, panes, results and late records.

Everything moves in the transaction of the offsets it comes from. Each shard goes from one plan to
the next at one of its offsets, so that anybody can tell which records a window is of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import duckdb
import msgspec
import pyarrow as pa

from streaming.lab.messages import Handover
from streaming.store import tables, writes
from streaming.store.ledger import Shard
from streaming.windows.cells import Cell
from streaming.windows.declared import Changes, DeclaredWindows, PaneKey, Result, ResultKey
from streaming.windows.plan import WindowPlan
from streaming.windows.values import Scalar

Connection = duckdb.DuckDBPyConnection
Watermarks = Mapping[str, int | None]

NEWEST: Final = 12
"""Results of each window that are kept at hand for the screen."""

ResultEnd = tuple[str, int, str, int]
"""Window, generation, key and end in ms."""

Make = Callable[[int, WindowPlan], WindowPlan]
"""Makes a plan of a number and the plan before it."""

_TS: Final = pa.timestamp("ms")
_RESULTS: Final = pa.schema(
    [
        ("name", pa.string()), ("generation", pa.int32()), ("start_at", _TS), ("end_at", _TS),
        ("key", pa.string()), ("n", pa.int64()), ("vals", pa.string()), ("is_final", pa.bool_()),
    ]
)  # fmt: skip
_PANES: Final = pa.schema(
    [
        ("panes", pa.string()), ("start_ms", pa.int64()), ("key", pa.string()),
        ("cell", pa.binary()),
    ]
)  # fmt: skip
_LATE: Final = pa.schema(
    [
        ("panes", pa.string()), ("shard", pa.int32()), ("offset", pa.int64()),
        ("sub", pa.int32()), ("event_at", _TS), ("watermark_at", _TS),
    ]
)  # fmt: skip
_cells: Final = msgspec.msgpack.Decoder(Cell)


class DeclaredStore:
    """The declared windows of one store, in memory beside the file."""

    def __init__(self) -> None:
        self.windows = DeclaredWindows()
        self.late: Counter[str] = Counter()
        self.final: Counter[str] = Counter()
        self.newest: dict[str, tuple[Result, ...]] = {}
        """Newest first, by window; whole ones are put in, so that others may read meanwhile."""
        self._followed: dict[Shard, int] = {}
        self._new_starts: list[tuple[int, str, int, int]] = []

    @property
    def plan(self) -> WindowPlan:
        """The present plan; number 0 is the one without windows, before any."""
        return self.windows.plan

    def load(self, con: Connection, watermarks: Watermarks) -> None:
        """Read what the store holds."""
        last = con.execute("SELECT plan FROM window_plans ORDER BY number DESC LIMIT 1").fetchone()
        if last is not None:
            self.windows.follow(msgspec.json.decode(last[0], type=WindowPlan), watermarks)
        rows = con.execute("SELECT panes, start_ms, key, cell FROM panes").fetchall()
        for panes, start, key, cell in rows:
            self.windows.load((panes, start, key), _cells.decode(cell))
        tentative = con.execute(
            "SELECT name, generation, epoch_ms(start_at), key FROM window_results "
            "WHERE NOT is_final"
        )
        self.windows.load_tentative(tentative.fetchall())
        followed = con.execute(
            "SELECT stream, shard, max(number) FROM window_starts GROUP BY stream, shard"
        )
        self._followed = {(stream, shard): n for stream, shard, n in followed.fetchall()}
        late = con.execute("SELECT panes, count(*) FROM window_late GROUP BY panes").fetchall()
        self.late.update(dict(late))
        final = con.execute(
            "SELECT name, count(*) FROM window_results WHERE is_final GROUP BY name"
        ).fetchall()
        self.final.update(dict(final))

    def follow(self, con: Connection, make: Make, watermarks: Watermarks, now_ms: int) -> bool:
        """Go by the plan that `make` gives for a number and the plan before; whether it is new.

        Inside the caller's transaction.
        """
        before = self.plan
        plan = make(before.number + 1, before)
        if before.number and _same(plan, before):
            return False
        con.execute(
            "INSERT INTO window_plans VALUES (?, make_timestamp_ms(?), ?, ?)",
            [plan.number, now_ms, _json(watermarks), _json(plan)],
        )
        self.windows.follow(plan, watermarks)
        con.execute(
            "DELETE FROM panes WHERE NOT list_contains(?, panes)", [[s.id for s in plan.sets]]
        )
        con.execute(
            "DELETE FROM window_results WHERE NOT is_final "
            "AND NOT list_contains(?, name || ' ' || generation)",
            [[f"{w.name} {w.generation}" for w in plan.windows]],
        )
        return True

    def refusal(self, handover: Handover) -> str:
        """Why what a handover has for these windows cannot be stored, "" when it can."""
        for part in handover.ranges:
            if handover.plan < self._followed.get((part.stream, part.shard), 0):
                return f"{part.stream}/{part.shard} goes by newer windows since"
        return self.windows.refusal(handover.sets)

    def merge(self, handover: Handover) -> None:
        """Count an accepted handover."""
        for part in handover.ranges:
            shard = (part.stream, part.shard)
            for number in range(self._followed.get(shard, 0) + 1, handover.plan + 1):
                self._new_starts.append((number, *shard, part.first))
                self._followed[shard] = number
        self.windows.merge(handover.sets)

    def show(
        self, finals: Sequence[Result], scores: Mapping[ResultEnd, Mapping[str, Scalar]]
    ) -> None:
        """Keep new final results for the screen, each with its scores among its values."""
        for result in finals:
            more = scores.get((result.window, result.generation, result.key, result.end_ms), {})
            shown = msgspec.structs.replace(result, values={**result.values, **more})
            before = self.newest.get(result.window, ())
            self.newest[result.window] = (shown, *before[: NEWEST - 1])

    def write(
        self, con: Connection, accepted: Sequence[Handover], watermarks: Watermarks
    ) -> Sequence[Result]:
        """Store what changed, inside the caller's transaction; returns the new final results."""
        changes = self.windows.changes(watermarks)
        for start in self._new_starts:
            con.execute("INSERT INTO window_starts VALUES (?, ?, ?, ?)", start)
        self._new_starts.clear()
        late = [msgspec.structs.astuple(row) for handover in accepted for row in handover.set_late]
        if late:
            writes.insert(con, "window_late", tables.table(_LATE, late))
        self.late.update(row[0] for row in late)
        _write(con, changes)
        done = sorted((r for r in changes.results if r.is_final), key=lambda r: (r.end_ms, r.n))
        for result in done:
            self.final[result.window] += 1
        return done


def _same(plan: WindowPlan, before: WindowPlan) -> bool:
    """Whether only the number differs."""
    return msgspec.structs.replace(plan, number=before.number) == before


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _write(con: Connection, changes: Changes) -> None:
    if changes.stale:
        _delete_results(con, changes.stale)
    if changes.results:
        rows = [
            (r.window, r.generation, r.start_ms, r.end_ms, r.key, r.n, _json(r.values), r.is_final)
            for r in changes.results
        ]
        writes.insert(con, "window_results", tables.table(_RESULTS, rows), "INSERT OR REPLACE")
    if changes.panes:
        encode = msgspec.msgpack.encode
        cells = [(*key, encode(cell)) for key, cell in changes.panes]
        writes.insert(con, "panes", tables.table(_PANES, cells), "INSERT OR REPLACE")
    if changes.used_up:
        _delete_panes(con, changes.used_up)


def _delete_results(con: Connection, ids: Sequence[ResultKey]) -> None:
    schema = pa.schema([_RESULTS.field(name) for name in ("name", "generation")])
    schema = schema.append(pa.field("start_at", _TS)).append(pa.field("key", pa.string()))
    con.register("gone", tables.table(schema, ids))
    con.execute(
        "DELETE FROM window_results r USING gone g WHERE r.name = g.name AND "
        "r.generation = g.generation AND r.start_at = g.start_at AND r.key = g.key"
    )
    con.unregister("gone")


def _delete_panes(con: Connection, keys: Sequence[PaneKey]) -> None:
    schema = pa.schema([_PANES.field(i) for i in range(3)])
    con.register("gone", tables.table(schema, keys))
    con.execute(
        "DELETE FROM panes p USING gone g "
        "WHERE p.panes = g.panes AND p.start_ms = g.start_ms AND p.key = g.key"
    )
    con.unregister("gone")
