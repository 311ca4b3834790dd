"""Old scores and changes of alarms, deleted by age as raw events are."""

from __future__ import annotations

import duckdb

Connection = duckdb.DuckDBPyConnection

_MEASURED = "source IS NOT NULL AND source LIKE 'metric %'"
"""Scores by the wall clock; the others are by event time, which may be far from it."""


def retain_scores(con: Connection, keep_ms: int) -> tuple[int, int]:
    """Delete scores and changes older than this, by the newest of their clock; how many of each.

    Inside the caller's transaction. What a model was judged by since its last dump stays: it is
    made of both.
    """
    events = con.execute(
        f"DELETE FROM anomaly WHERE NOT ({_MEASURED}) AND window_end < (SELECT max(window_end) "  # noqa: S608
        f"FROM anomaly WHERE NOT ({_MEASURED})) - to_milliseconds(?)",
        [keep_ms],
    ).fetchone()
    measured = con.execute(
        f"DELETE FROM anomaly a WHERE {_MEASURED} AND window_end < (SELECT max(window_end) "  # noqa: S608
        f"FROM anomaly WHERE {_MEASURED}) - to_milliseconds(?) AND NOT EXISTS "
        "(FROM detector_models m WHERE m.detector = a.detector AND m.key = a.key "
        "AND epoch_ms(a.window_end) > m.last_ms)",
        [keep_ms],
    ).fetchone()
    changes = con.execute(
        "DELETE FROM alarm_history h WHERE happened_at < (SELECT max(happened_at) "
        "FROM alarm_history o WHERE o.clock = h.clock) - to_milliseconds(?)",
        [keep_ms],
    ).fetchone()
    return sum(row[0] for row in (events, measured) if row), changes[0] if changes else 0
