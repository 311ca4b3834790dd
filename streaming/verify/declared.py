"""The declared windows held against the log: plain SQL over the records, then row by row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import duckdb
import pyarrow as pa

from streaming.shards.log_place import SUB_BITS
from streaming.verify.declared_image import DeclaredImage, LateRecord, Row
from streaming.verify.events import Event
from streaming.verify.report import Tally
from streaming.verify.tolerance import DISTINCT_ERROR, EXACT_DISTINCT, QUANTILE_ERROR
from streaming.verify.window_sql import window_query
from streaming.windows.plan import EXCLUSIVE, PaneSet, Window, WindowPlan, fields_of
from streaming.windows.values import Value

_CHUNK: Final = 50_000
_ITEMS: Final = "items"
_LOWEST: Final = "lowest_price"
_EVERYTHING: Final = 2**62


class DeclaredCheck:
    """Collects the records' fields, then compares."""

    def __init__(self, image: DeclaredImage) -> None:
        self._image = image
        self._fields: dict[str, list[str]] = {}
        for plan in image.plans:
            for panes in plan.sets:
                wanted = {table.field for table in plan.references} | fields_of(panes) | {"id"}
                joined = {column for table in plan.references for column in table.columns}
                known = self._fields.setdefault(panes.stream, [])
                known += sorted(wanted - joined - {""} - set(known))
        self._rows: dict[str, list[tuple[Any, ...]]] = {stream: [] for stream in self._fields}
        self._con = duckdb.connect(config={"threads": "1"}) if self._fields else None
        self._made: set[str] = set()
        self._watermarks: Mapping[str, int | None] = {}
        self._skip_to_ms: Mapping[str, int] = {}
        self._tally = Tally()

    def take(self, stream: str, shard: int, place: int, event: Event) -> None:
        """One record that is no dead letter."""
        fields = self._fields.get(stream)
        if fields is None:
            return
        rows = self._rows[stream]
        rows.append((shard, place, event.ts, *(_field(event.fields, name) for name in fields)))
        if len(rows) >= _CHUNK:
            self._flush(stream)

    def _flush(self, stream: str) -> None:
        assert self._con is not None  # noqa: S101
        rows, names = self._rows[stream], ["shard", "place", "ts", *self._fields[stream]]
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in names]
        kinds = [pa.int64()] * 3 + [_kind(name) for name in names[3:]]
        table = pa.table({n: pa.array(c, k) for n, c, k in zip(names, columns, kinds, strict=True)})
        self._con.register("incoming", table)
        how = "INSERT INTO" if stream in self._made else "CREATE TABLE"
        body = "FROM incoming" if stream in self._made else "AS FROM incoming"
        self._con.execute(f"{how} all_{stream} {body}")
        self._con.unregister("incoming")
        self._made.add(stream)
        rows.clear()

    def compare(
        self, watermarks: Mapping[str, int | None], skip_to_ms: Mapping[str, int], tally: Tally
    ) -> None:
        """Compare every final result, and every late record, with the log."""
        for stream in self._fields:
            self._flush(stream)
        self._watermarks, self._skip_to_ms, self._tally = watermarks, skip_to_ms, tally
        done: set[tuple[str, int]] = set()
        for plan in self._image.plans:
            for window in plan.windows:
                if (window.name, window.generation) in done:
                    continue
                done.add((window.name, window.generation))
                panes = next(each for each in plan.sets if each.id == window.panes)
                self._window(plan, window, panes)
        self._late()
        if self._con is not None:
            self._con.close()

    def _window(self, plan: WindowPlan, window: Window, panes: PaneSet) -> None:
        assert self._con is not None  # noqa: S101
        stored = self._image.final.get((window.name, window.generation), {})
        skip = self._skip_to_ms.get(panes.stream)
        if skip is not None and window.kind in EXCLUSIVE:
            skip = _EVERYTHING  # where one begins depends on those before it
        without = self._without(window)
        self._choose(window, panes, without)
        marks = self._watermarks if without is None else self._image.watermarks[without]
        mark = marks.get(panes.stream)
        mark = -_EVERYTHING if mark is None else mark
        horizon = (mark - panes.lateness_ms) // panes.pane_ms * panes.pane_ms
        query = window_query(window, panes, plan.references, horizon)
        truth = {
            (start, key): (end, n, dict(zip((v.name for v in window.values), vals, strict=True)))
            for start, end, key, n, final, *vals in self._con.execute(query).fetchall()
            if final
        }
        for id_ in truth.keys() | stored.keys():
            if skip is not None and id_[0] <= skip:
                self._tally.windows_skipped += 1
                continue
            self._tally.windows_checked += 1
            self._row(window, id_, truth.get(id_), stored.get(id_))

    def _choose(self, window: Window, panes: PaneSet, without: int | None) -> None:
        """The view `events`: this window's records, without those that are late for it."""
        assert self._con is not None  # noqa: S101
        late = [(row.shard, row.place) for row in self._image.late if row.panes == panes.id]
        self._con.register("too_late", _places(late))
        tests = [
            f"(shard = {shard} AND place >= {begin} AND place < {end})"
            for shard, begin, end in self._spans(window, panes.stream, without)
        ]
        self._con.execute(
            f"CREATE OR REPLACE TEMP VIEW events AS FROM all_{panes.stream} e "
            f"WHERE ({' OR '.join(tests) or 'false'}) AND NOT EXISTS (FROM too_late t "
            "WHERE t.shard = e.shard AND t.place = e.place)"
        )

    def _without(self, window: Window) -> int | None:
        """The number of the first plan that has this window no more."""
        for plan in self._image.plans:
            if plan.number > window.generation:
                names = {(w.name, w.generation) for w in plan.windows}
                if (window.name, window.generation) not in names:
                    return plan.number
        return None

    def _spans(
        self, window: Window, stream: str, without: int | None
    ) -> Iterable[tuple[int, int, int]]:
        """Shard and first and last place of the records that the window is of."""
        ends = self._image.starts.get(without, {}) if without is not None else {}
        for (name, shard), first in self._image.starts.get(window.generation, {}).items():
            if name == stream:
                end = ends.get((name, shard), _EVERYTHING >> SUB_BITS)
                yield shard, first << SUB_BITS, end << SUB_BITS

    def _row(
        self, window: Window, id_: tuple[int, str], truth: Row | None, stored: Row | None
    ) -> None:
        where = f"{window.name} (set {window.generation}) from {id_[0]} ms, key {id_[1]!r}"
        if truth is None or stored is None:
            kind = "extra_window" if truth is None else "missing_window"
            self._tally.add_wrong(kind, where, "no row" if truth is None else f"n {truth[1]}",
                            "no row" if stored is None else f"n {stored[1]}")  # fmt: skip
            return
        wrong = [
            value.name
            for value in window.values
            if not _agrees(value, truth[2][value.name], stored[2])
        ]
        if wrong or truth[:2] != stored[:2]:
            self._tally.add_wrong(
                "declared_window", where,
                f"end {truth[0]}, n {truth[1]}, {_some(truth[2], wrong)}",
                f"end {stored[0]}, n {stored[1]}, {_some(stored[2], wrong)}",
            )  # fmt: skip

    def _late(self) -> None:
        """Each late record must be in the log as it is told, once, and late for its panes."""
        assert self._con is not None or not self._image.late  # noqa: S101
        sets = {panes.id: panes for plan in self._image.plans for panes in plan.sets}
        seen: set[tuple[str, int, int]] = set()
        for id_, rows in groupby(sorted(self._image.late), key=attrgetter("panes")):
            panes = sets.get(id_)
            if panes is None:
                self._tally.add_wrong("late_record", f"panes {id_!r}", "no such panes", "rows")
                continue
            told = list(rows)
            times = self._times_of(panes.stream, told)
            for row in told:
                where = f"{panes.stream}/{row.shard} offset {row.place >> SUB_BITS}"
                at = times.get((row.shard, row.place))
                closes = panes.closes(row.event_ms)
                if row[:3] in seen:
                    self._tally.add_duplicates(1, "stored_twice", where, "one row", "window_late")
                elif at is None and panes.stream not in self._skip_to_ms:
                    self._tally.add_wrong("no_such_record", where, "no record", "a late row")
                elif at is not None and at != row.event_ms:
                    self._tally.add_wrong("late_record", where, f"time {at}", row.event_ms)
                elif row.watermark_ms < closes:
                    late = f"late from watermark {closes} on"
                    self._tally.add_wrong("not_late", where, late, f"watermark {row.watermark_ms}")
                seen.add(row[:3])

    def _times_of(
        self, stream: str, rows: Sequence[LateRecord]
    ) -> dict[tuple[int, int], int]:  # fmt: skip
        """Event times of these records, as far as the log has them."""
        assert self._con is not None  # noqa: S101
        self._con.register("told", _places([(row.shard, row.place) for row in rows]))
        found = self._con.execute(
            f"SELECT shard, place, ts FROM all_{stream} SEMI JOIN told USING (shard, place)"  # noqa: S608
        ).fetchall()
        self._con.unregister("told")
        return {(shard, place): ts for shard, place, ts in found}


def _places(places: Sequence[tuple[int, int]]) -> Any:
    return pa.table(
        {
            "shard": pa.array([shard for shard, _ in places], pa.int64()),
            "place": pa.array([place for _, place in places], pa.int64()),
        }
    )


def _field(fields: Mapping[str, Any], name: str) -> Any:
    if name == _ITEMS:
        return min(2**36, sum(line["quantity"] for line in fields["lines"]))
    if name == _LOWEST:
        return min(2**36, *(line["price_cents"] for line in fields["lines"]))
    return fields[name]


def _kind(name: str) -> Any:
    numbers = ("load_ms", "total_cents", "size", _ITEMS, _LOWEST)
    return pa.int64() if name in numbers else pa.string()


def _agrees(value: Value, exact: Any, values: Mapping[str, Any]) -> bool:
    """Whether a stored value of these is right. A ratio must be that of its stored parts."""
    stored = values.get(value.name)
    if value.function == "ratio":
        over, under = (values.get(name) for name in value.of)
        exact = over / under if over is not None and under else None
    if exact is None or stored is None:
        return exact is None and stored is None
    match value.function:
        case "distinct":
            allowed = 1.0 if exact < EXACT_DISTINCT else DISTINCT_ERROR * exact
        case "quantile":
            allowed = QUANTILE_ERROR * exact
        case "avg" | "ratio":
            allowed = 1e-9 * max(1.0, abs(exact))
        case _:
            return bool(stored == exact)
    return bool(abs(stored - exact) <= allowed)


def _some(values: Mapping[str, Any], names: Iterable[str]) -> str:
    return ", ".join(f"{name} {values.get(name)}" for name in names)
