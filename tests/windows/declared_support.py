"""Declared windows over events made by hand, and the same by plain SQL."""

import json
from types import SimpleNamespace

import duckdb
import pyarrow as pa

from streaming.verify.window_sql import window_query
from streaming.windows.declared import DeclaredWindows
from streaming.windows.fields import NUMBERS, TEXTS
from streaming.windows.panes import StreamPanes
from streaming.windows.planning import make_plan
from streaming.windows.records import DECODERS
from streaming.windows.specification import Checked, WindowSpec
from tests.windows.window_support import NOW, click

BEGIN = NOW // 60_000 * 60_000
NEVER = -(2**62)
VALUES = {
    "clicks": "count()",
    "views": "count() where type = view",
    "total": "sum(load_ms)",
    "view_total": "sum(load_ms) where type = view and device = mobile",
    "least": "min(load_ms)",
    "most": "max(load_ms) where type = view",
    "mean": "avg(load_ms) where type = land",
    "people": "distinct(customer_id)",
    "p90": "quantile(load_ms, 0.9)",
    "opened": "first(page)",
    "closed": "last(load_ms) where type = view",
    "share": "ratio(views, clicks)",
}
KINDS = {
    "tumbling": {"size": "10s"},
    "hopping": {"size": "30s", "slide": "10s"},
    "uneven": {"kind": "hopping", "size": "5s", "slide": "2s"},
    "sliding": {"size": "5s"},
    "stagger": {"size": "7s"},
    "session": {"gap": "4s", "longest": "20s"},
}


def spec(name, group_by="country", **more):
    fields = {"name": name, "stream": "clicks", "kind": name, "group_by": group_by}
    fields["values"] = VALUES
    return WindowSpec(**{**fields, **more})


def plan_of(*specs, number=1, lateness_ms=3_000, before=None):
    checked = Checked(windows=specs)
    return make_plan(number, checked, ("clicks", "orders"), lateness_ms, 7, before)


def every_kind(group_by="country", **more):
    return plan_of(*(spec(name, group_by, **{**how, **more}) for name, how in KINDS.items()))


def event(number, at_ms, **more):
    return click(BEGIN + at_ms, id=f"e{number:04}", **more)


class Run:
    """One shard after the other through consumers' panes and the engine's windows.

    The stream's watermark is the lowest of the shards', as the engine takes it.
    """

    def __init__(self, plan, shards=1):
        self.plan = plan
        self.state = DeclaredWindows()
        self.state.follow(plan, {"clicks": None})
        self.marks = dict.fromkeys(range(shards), NEVER)
        self.told = dict(self.marks)
        self.panes = {shard: StreamPanes("clicks", plan) for shard in self.marks}
        self.results, self.late, self.stored = {}, [], {}
        self.offsets = dict.fromkeys(self.marks, 0)

    def read(self, shard, events):
        decode = DECODERS["clicks"].decode
        decoded = [decode(json.dumps(e).encode()) for e in events]
        records = [SimpleNamespace(offset=self.offsets[shard] + i) for i in range(len(events))]
        self.offsets[shard] += len(events)
        self.late += self.panes[shard].add(shard, decoded, records, self.marks[shard])
        self.marks[shard] = max([self.marks[shard], *(e["ts"] for e in events)])

    def hand_over(self, shard):
        rows = self.panes[shard].fold()
        assert self.state.refusal(rows) == ""
        self.state.merge(rows)
        self.told[shard] = self.marks[shard]

    def store(self):
        """As the store does after merges."""
        lowest = min(self.told.values())
        changes = self.state.changes({"clicks": None if lowest == NEVER else lowest})
        for stale in changes.stale:
            del self.results[stale]
        for result in changes.results:
            there = self.results.get(result.id)
            assert there is None or not there.is_final
            self.results[result.id] = result
        for key, cell in changes.panes:
            self.stored[key] = cell
        for key in changes.used_up:
            self.stored.pop(key, None)

    def restart(self):
        """A new engine from what is stored."""
        self.state = DeclaredWindows()
        lowest = min(self.told.values())
        self.state.follow(self.plan, {"clicks": None if lowest == NEVER else lowest})
        for key, cell in self.stored.items():
            self.state.load(key, cell)
        self.state.load_tentative(r.id for r in self.results.values() if not r.is_final)

    def finals(self):
        return {id_: (r.end_ms, r.n, r.values) for id_, r in self.results.items() if r.is_final}


def by_sql(plan, events, late, watermark_ms):
    """Final windows of the plan by SQL; `events` without those that are late for their set."""
    found, con = {}, duckdb.connect(config={"threads": "1"})
    for window in plan.windows:
        panes = next(s for s in plan.sets if s.id == window.panes)
        out = {row.offset for row in late if row.set == panes.id}
        kept = [e for i, e in enumerate(events) if i not in out]
        texts = list(TEXTS["clicks"])
        columns = {f: pa.array([e[f] for e in kept], pa.string()) for f in texts}
        numbers = {f: pa.array([e[f] for e in kept], pa.int64()) for f in NUMBERS["clicks"]}
        columns |= numbers | {"ts": pa.array([e["ts"] for e in kept], pa.int64())}
        con.register("events", pa.table(columns))
        horizon = (watermark_ms - panes.lateness_ms) // panes.pane_ms * panes.pane_ms
        for row in con.execute(window_query(window, panes, plan.references, horizon)).fetchall():
            start, end, key, n, final, *values = row
            if final:
                names = [v.name for v in window.values]
                found[window.name, window.generation, start, key] = (
                    end, n, dict(zip(names, values, strict=True))
                )  # fmt: skip
        con.unregister("events")
    con.close()
    return found


def assert_same(ours, sql):
    assert set(ours) == set(sql)
    for id_, (end, n, values) in ours.items():
        assert (end, n) == sql[id_][:2]
        for name, value in values.items():
            exact = sql[id_][2][name]
            if name == "p90":
                assert abs(value - exact) <= 0.0101 * exact
            elif name == "people":
                assert round(value) == exact
            elif isinstance(value, float):
                assert abs(value - float(exact)) <= 1e-9 * abs(value)
            else:
                assert value == exact, (id_, name)
