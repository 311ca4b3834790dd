"""The views `w_NAME`: the results of each declared window as a table of its own in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb

from streaming.anomaly.functions import ScoreColumn
from streaming.declarations.specification import scoring
from streaming.windows.plan import Window, WindowPlan

Connection = duckdb.DuckDBPyConnection
Scores = Mapping[str, Sequence[ScoreColumn]]
"""Columns of scores by the names of their detectors."""


def make_views(con: Connection, plan: WindowPlan, scores: Scores) -> None:
    """Make the view of each window anew, with its scores as columns."""
    for window in plan.windows:
        prefix = scoring(window.name, "")
        mine = {name: cols for name, cols in scores.items() if name.startswith(prefix)}
        con.execute(f"CREATE OR REPLACE VIEW w_{window.name} AS {_query(window, mine)}")


def _query(window: Window, scores: Scores) -> str:
    columns = [_value(value.function, value.name) for value in window.values]
    joins = ""
    for i, (detector, mine) in enumerate(scores.items()):
        columns += [_score(f"s{i}.{column.source}", column) for column in mine]
        joins += (
            f" LEFT JOIN anomaly s{i} ON s{i}.detector = '{detector}' AND s{i}.key = r.key "
            f"AND s{i}.window_end = r.end_at AND s{i}.generation = r.generation AND r.is_final"
        )
    return (
        f"SELECT r.generation, r.start_at, r.end_at, r.key, r.n, {', '.join(columns)}, "  # noqa: S608
        f"r.is_final FROM window_results r{joins} WHERE r.name = '{window.name}'"
    )


def _score(there: str, column: ScoreColumn) -> str:
    """A column of scores; texts that nobody asked for are NULL."""
    value = there if column.source == "anomaly_score" else f"nullif({there}, '')"
    return f"{value} AS {column.name}"


def _value(function: str, name: str) -> str:
    text = f"json_extract_string(r.vals, '$.{name}')"
    if function in ("first", "last"):
        return f"{text} AS {name}"
    whole = function in ("count", "sum", "min", "max")
    return f"{text}::{'BIGINT' if whole else 'DOUBLE'} AS {name}"
