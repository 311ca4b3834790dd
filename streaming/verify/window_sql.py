"""Declared windows computed a second way: plain SQL over the events, without panes.

Nothing here knows how consumers and the engine do it. A query is over a table `events` of one
stream, with a column for each field and `ts` (event time in ms), and returns, per window and key:
start, end, key, n, whether it is final, and then the values. Distinct counts and quantiles are
exact.
"""
# ruff: noqa: S608 - names and texts are quoted, and the database is this process's own memory

from __future__ import annotations

from streaming.windows.plan import Joined, PaneSet, Window
from streaming.windows.values import Measure, Value


def window_query(
    window: Window, panes: PaneSet, references: tuple[Joined, ...], horizon_ms: int
) -> str:
    """The query of one window. Final is what ends at or before `horizon_ms`."""
    aggregates = ", ".join(_aggregate(value) for value in window.values)
    placed = {
        "tumbling": _by_the_clock,
        "hopping": _by_the_clock,
        "sliding": _sliding,
        "stagger": _stagger,
        "session": _session,
    }[window.kind](window, panes)
    inner = f"""
        SELECT start_ms, any_value(end_ms) AS end_ms, key, count(*) AS n,
               any_value(final_at) <= {horizon_ms} AS is_final, {aggregates}
        FROM placed GROUP BY start_ms, key
    """
    ratios = ", ".join(
        f"{_name(v.of[0])} / nullif({_name(v.of[1])}, 0)::DOUBLE AS {_name(v.name)}"
        if v.function == "ratio"
        else _name(v.name)
        for v in window.values
    )
    return f"""
        WITH RECURSIVE keyed AS (
            SELECT *, {_key(panes)} AS key, ts // {panes.pane_ms} * {panes.pane_ms} AS pane
            FROM {_joined(references)}
        ), {placed}, grouped AS ({inner})
        SELECT start_ms, end_ms, key, n, is_final, {ratios} FROM grouped
    """


def _joined(references: tuple[Joined, ...]) -> str:
    """The events with the columns of their reference tables, "" where these have no row."""
    text = "events"
    for i, table in enumerate(references):
        columns = ", ".join(f"coalesce(r{i}.{_name(c)}, '') AS {_name(c)}" for c in table.columns)
        rows = ", ".join(
            "(" + ", ".join(_text(cell) for cell in (key, *row)) + ")"
            for key, row in table.rows.items()
        )
        names = ", ".join(map(_name, ("k", *table.columns)))
        text = (
            f"(SELECT e{i}.*, {columns} FROM {text} e{i} LEFT JOIN (VALUES {rows}) r{i}({names}) "
            f"ON e{i}.{_name(table.field)} = r{i}.k)"
        )
    return text


def _key(panes: PaneSet) -> str:
    parts = [_text(panes.literals[0])]
    for field, literal in zip(panes.fields, panes.literals[1:], strict=True):
        parts += [_name(field), _text(literal)]
    return " || ".join(parts)


def _by_the_clock(window: Window, panes: PaneSet) -> str:
    size, slide = window.size_ms, window.slide_ms
    most = -(-size // slide)
    return f"""placed AS (
        SELECT keyed.*, ts // {slide} * {slide} - k * {slide} AS start_ms,
               start_ms + {size} AS end_ms, end_ms AS final_at
        FROM keyed, range({most}) AS hops(k) WHERE start_ms + {size} > ts
    )"""


def _sliding(window: Window, panes: PaneSet) -> str:
    return f"""ends AS (
        SELECT DISTINCT key AS ends_key, pane + {panes.pane_ms} AS end_ms FROM keyed
    ), placed AS (
        SELECT keyed.*, end_ms - {window.size_ms} AS start_ms, end_ms, end_ms AS final_at
        FROM keyed JOIN ends
          ON key = ends_key AND ts < end_ms AND ts >= end_ms - {window.size_ms}
    )"""


def _stagger(window: Window, panes: PaneSet) -> str:
    return f"""runs AS (SELECT *, 0 AS run FROM keyed), {_greedy(window.size_ms)}, placed AS (
        SELECT runs.*, o.opened AS start_ms, start_ms + {window.size_ms} AS end_ms,
               end_ms AS final_at
        FROM runs ASOF JOIN opens o ON runs.key = o.key AND runs.run = o.run AND pane >= o.opened
    )"""


def _session(window: Window, panes: PaneSet) -> str:
    """Runs without a gap, each cut where it becomes too long.

    The sum is over equal times together: which of them the gap is before, is left to chance.
    """
    return f"""gaps AS (
        SELECT *, coalesce(ts - lag(ts) OVER (PARTITION BY key ORDER BY ts) > {window.gap_ms},
                           false) AS begins
        FROM keyed
    ), runs AS (
        SELECT * EXCLUDE begins,
               sum(begins::INT) OVER (PARTITION BY key ORDER BY ts)::BIGINT AS run
        FROM gaps
    ), {_greedy(window.longest_ms)}, cut AS (
        SELECT runs.*, o.opened FROM runs
        ASOF JOIN opens o ON runs.key = o.key AND runs.run = o.run AND pane >= o.opened
    ), placed AS (
        SELECT *, min(ts) OVER (PARTITION BY key, run, opened) AS start_ms,
               max(ts) OVER (PARTITION BY key, run, opened) + {window.gap_ms} AS end_ms,
               least(end_ms + 1, opened + {window.longest_ms}) AS final_at
        FROM cut
    )"""


def _greedy(size_ms: int) -> str:
    """`opens`: per key and run, the first pane, then the first one at least `size_ms` later."""
    return f"""opens AS (
        SELECT key, run, min(pane) AS opened FROM runs GROUP BY key, run
        UNION ALL
        SELECT o.key, o.run, p.pane FROM opens o
        JOIN LATERAL (
            SELECT min(pane) AS pane FROM runs
            WHERE runs.key = o.key AND runs.run = o.run AND runs.pane >= o.opened + {size_ms}
        ) p ON p.pane IS NOT NULL
    )"""


def _aggregate(value: Value) -> str:
    if value.function == "ratio":
        return "NULL"
    measure = value.measures[0]
    text = _call(value, measure)
    return f"{text} AS {_name(value.name)}"


def _call(value: Value, measure: Measure) -> str:
    field = _name(measure.field) if measure.field else "*"
    tests = " AND ".join(f"{_name(f)} = {_text(t)}" for f, t in measure.where)
    passing = f" FILTER (WHERE {tests})" if tests else ""
    match value.function:
        case "count":
            return f"count(*){passing}"
        case "sum":
            return f"coalesce(sum({field}){passing}, 0)"
        case "avg":
            return f"sum({field}){passing}::DOUBLE / nullif(count(*){passing}, 0)"
        case "distinct":
            return f"count(DISTINCT {field}){passing}"
        case "quantile":
            values = f"list_sort(list({field}){passing})"
            millionths = round(value.part * 1_000_000)
            return f"{values}[(count(*){passing} * {millionths} + 999999) // 1000000]"
        case "first":
            return f"min_by({field}, row(ts, id)){passing}"
        case "last":
            return f"max_by({field}, row(ts, id)){passing}"
    return f"{value.function}({field}){passing}"


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
