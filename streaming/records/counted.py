"""What the store has of one record: whether it is there, what counted it, which alarms went off.

Read in one transaction of a connection of its own, so that offsets and windows fit together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import duckdb
import msgspec

from streaming.alarms.plan import Alarming
from streaming.anomaly.plan import Detecting
from streaming.records.views import AlarmOver, CountedRow, Fate
from streaming.store.alarms import EVENTS
from streaming.verify.log import LogRecord
from streaming.windows.fields import TEXTS
from streaming.windows.plan import PaneSet, Window, WindowPlan
from streaming.windows.records import Counted
from streaming.windows.spec import ALL_KEY, DIMS, SIZES_S

Connection = duckdb.DuckDBPyConnection

MOST_WINDOWS: Final = 8
"""Rows of one declared window that are told of: a sliding one may have many around an event."""

MOST_ALARMS: Final = 20
OVERVIEW: Final = "overview"
ALARM: Final = "ALARM"


class Kept(msgspec.Struct):
    """What the store says of a record. `reason` is a dead letter's or says why it is late."""

    stored_offset: int | None
    fate: Fate | None
    reason: str = ""
    counted: list[CountedRow] = []
    more_windows: int = 0
    alarms: list[AlarmOver] = []


def look_up(
    con: Connection,
    record: LogRecord,
    sub: int,
    event: Counted | None,
    watching: tuple[Sequence[Detecting], Sequence[Alarming]],
) -> Kept:
    """Everything about one record; `watching` are the detectors and alarms there are."""
    con.execute("BEGIN")
    try:
        kept = _fate(con, record, sub, event)
        if event is not None and kept.fate in ("counted", "late"):
            _overview(con, record, event, kept)
            plan = _plan_at(con, record)
            for window in plan.windows:
                panes = next(each for each in plan.sets if each.id == window.panes)
                if panes.stream == record.stream:
                    _declared(con, record, sub, event, window, panes, plan, kept)
            kept.alarms = _alarms(con, kept, *watching)
        return kept
    finally:
        con.execute("ROLLBACK")


def _fate(con: Connection, record: LogRecord, sub: int, event: Counted | None) -> Kept:
    row = con.execute(
        "SELECT next_offset FROM offsets WHERE stream = ? AND shard = ?",
        [record.stream, record.shard],
    ).fetchone()
    stored = None if row is None else int(row[0])
    if stored is None or record.offset >= stored:
        return Kept(stored, "waiting")
    place = [record.stream, record.shard, record.offset, sub]
    dead = con.execute(
        "SELECT reason, detail FROM dead_letters "
        'WHERE stream = ? AND shard = ? AND "offset" = ? AND sub = ?',
        place,
    ).fetchone()
    if dead is not None:
        return Kept(stored, "dead", f"{dead[0]}: {dead[1]}")
    late = con.execute(
        "SELECT epoch_ms(watermark_at) FROM late_events "
        'WHERE stream = ? AND shard = ? AND "offset" = ? AND sub = ?',
        place,
    ).fetchone()
    if late is not None:
        return Kept(stored, "late", str(late[0]))
    return Kept(stored, "counted" if event is not None else None)


def _overview(con: Connection, record: LogRecord, event: Counted, kept: Kept) -> None:
    """The windows that every lab has, by each of their dimensions."""
    keys = dict(zip(DIMS, (ALL_KEY, event.type, event.category, event.country), strict=True))
    for size_s in SIZES_S:
        size_ms = size_s * 1000
        start = event.ts // size_ms * size_ms
        rows = con.execute(
            "SELECT dim, key, n, is_final FROM windows "
            "WHERE stream = ? AND size_s = ? AND start_at = make_timestamp_ms(?)",
            [record.stream, size_s, start],
        ).fetchall()
        found = {(dim, key): (n, final) for dim, key, n, final in rows}
        for dim, key in keys.items():
            n, final = found.get((dim, key), (None, False))
            state = "late" if kept.fate == "late" else "final" if final else "open"
            kept.counted.append(
                CountedRow(
                    f"{OVERVIEW} {size_s}s", "" if dim == "all" else dim, key, start,
                    start + size_ms, n, state,  # type: ignore[arg-type]
                )
            )  # fmt: skip


def _plan_at(con: Connection, record: LogRecord) -> WindowPlan:
    """The declared windows that held where the record is; none where that is not known."""
    row = con.execute(
        "SELECT p.plan FROM window_plans p JOIN window_starts s ON s.number = p.number "
        "WHERE s.stream = ? AND s.shard = ? AND s.first_offset <= ? ORDER BY p.number DESC LIMIT 1",
        [record.stream, record.shard, record.offset],
    ).fetchone()
    return WindowPlan(0) if row is None else msgspec.json.decode(row[0], type=WindowPlan)


def _declared(
    con: Connection, record: LogRecord, sub: int, event: Counted,
    window: Window, panes: PaneSet, plan: WindowPlan, kept: Kept,
) -> None:  # fmt: skip
    key = key_of(event, record.stream, panes, plan)
    late = con.execute(
        'SELECT 1 FROM window_late WHERE panes = ? AND shard = ? AND "offset" = ? AND sub = ?',
        [panes.id, record.shard, record.offset, sub],
    ).fetchone()
    by = ", ".join(panes.fields)
    if late is not None:
        kept.counted.append(CountedRow(window.name, by, key, None, None, None, "late"))
        return
    rows = con.execute(
        "SELECT epoch_ms(start_at), epoch_ms(end_at), n, is_final FROM window_results "
        "WHERE name = ? AND generation = ? AND key = ? "
        "AND start_at <= make_timestamp_ms(?) AND end_at > make_timestamp_ms(?) ORDER BY start_at",
        [window.name, window.generation, key, event.ts, event.ts],
    ).fetchall()
    for start, end, n, final in rows[:MOST_WINDOWS]:
        state = "final" if final else "open"
        kept.counted.append(CountedRow(window.name, by, key, start, end, n, state))  # type: ignore[arg-type]
    kept.more_windows += max(0, len(rows) - MOST_WINDOWS)
    if not rows:
        start_ms = end_ms = None
        if window.kind == "tumbling":
            start_ms = event.ts // window.size_ms * window.size_ms
            end_ms = start_ms + window.size_ms
        kept.counted.append(CountedRow(window.name, by, key, start_ms, end_ms, None, "open"))


def key_of(event: Counted, stream: str, panes: PaneSet, plan: WindowPlan) -> str:
    """The key of an event in a set of panes, reference tables looked up as consumers do."""
    texts = [panes.literals[0]]
    for name, literal in zip(panes.fields, panes.literals[1:], strict=True):
        texts += (_text(event, stream, name, plan), literal)
    return "".join(texts)


def _text(event: Counted, stream: str, name: str, plan: WindowPlan) -> str:
    for table in plan.references:
        if name in table.columns and table.field in TEXTS[stream]:
            row = table.rows.get(TEXTS[stream][table.field](event))
            return "" if row is None else row[table.columns.index(name)]
    return str(TEXTS[stream][name](event))


def _alarms(
    con: Connection, kept: Kept, detectors: Sequence[Detecting], alarms: Sequence[Alarming]
) -> list[AlarmOver]:
    """Alarms on these windows, or on detectors of theirs, in ALARM at some time of them."""
    found: dict[tuple[str, str, int], AlarmOver] = {}
    for row in kept.counted:
        if row.window.startswith(OVERVIEW) or row.start_ms is None or row.end_ms is None:
            continue
        watched = {("window", row.window): row.window}
        watched |= {("detector", d.name): d.name for d in detectors if d.window == row.window}
        for alarming in alarms:
            for each in alarming.inputs:
                for kind, name in watched:
                    if not alarming.on_events or each.kind != kind or each.name not in (name, "*"):
                        continue
                    key = f"{name} {row.key}".strip() if each.name == "*" else row.key
                    if alarming.key is not None and alarming.key != row.key:
                        continue
                    for over in _over(con, alarming.name, key, row.start_ms, row.end_ms, name):
                        found[over.alarm, over.key, over.since_ms] = over
    return sorted(found.values(), key=lambda over: over.since_ms)[:MOST_ALARMS]


def _over(
    con: Connection, alarm: str, key: str, start_ms: int, end_ms: int, watches: str
) -> list[AlarmOver]:
    """The times of ALARM that touch [start, end]; a window's own datapoint comes at its end."""
    changes = con.execute(
        "SELECT epoch_ms(happened_at), after, reason FROM alarm_history "
        "WHERE alarm = ? AND key = ? AND clock = ? ORDER BY rowid",
        [alarm, key, EVENTS],
    ).fetchall()
    found = []
    for number, (at, after, reason) in enumerate(changes):
        until = changes[number + 1][0] if number + 1 < len(changes) else None
        if after == ALARM and at <= end_ms and (until is None or until > start_ms):
            found.append(AlarmOver(alarm, key, watches, at, until, reason))
    return found
