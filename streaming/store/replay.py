"""What a series was judged by, again from the store: so a model is its last dump and this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import duckdb
import msgspec

from streaming.anomaly.bank import Place, Series
from streaming.windows.points import Track

Connection = duckdb.DuckDBPyConnection


class _Line(msgspec.Struct):
    quantity: int


class _Order(msgspec.Struct):
    ts: int
    total_cents: int
    lines: list[_Line]


_order: Final = msgspec.json.Decoder(_Order)


def order_values(value: bytes) -> tuple[int, dict[str, object]]:
    """An order's event time (ms) and the numbers of it that can be judged."""
    order = _order.decode(value)
    return order.ts, record_values(order.total_cents, sum(line.quantity for line in order.lines))


def record_values(total_cents: int, items: int) -> dict[str, object]:
    """The numbers of an order that can be judged; see `RECORD_FIELDS`."""
    per_item = total_cents / items if items else None
    return {"total_cents": total_cents, "items": items, "per_item": per_item}


def judged_since(con: Connection, series: Series, begin: Place) -> Iterator[list[float | None]]:
    """The rows of every point after `begin` up to the series' place, as its model saw them."""
    if series.detecting.metric:
        return _measured(con, series, begin)
    known = _records if series.detecting.stream else _windows
    return map(series.detecting.row, known(con, series, begin))


def _records(con: Connection, series: Series, begin: Place) -> Iterator[Mapping[str, object]]:
    end = series.place
    rows = con.execute(
        "SELECT total_cents, items FROM events_orders WHERE shard = ? "
        'AND ("offset" > ? OR ("offset" = ? AND sub > ?)) '
        'AND ("offset" < ? OR ("offset" = ? AND sub <= ?)) ORDER BY "offset", sub',
        [
            int(series.key), begin.offset, begin.offset, begin.sub, end.offset, end.offset, end.sub
        ],
    ).fetchall()  # fmt: skip
    yield from (record_values(*row) for row in rows)


def _windows(con: Connection, series: Series, begin: Place) -> Iterator[Mapping[str, object]]:
    """Silent windows included: they have no result."""
    detecting, end = series.detecting, series.place
    if end.last_ms is None:
        return
    rows = con.execute(
        "SELECT epoch_ms(end_at), vals FROM window_results WHERE name = ? AND generation = ? "
        "AND key = ? AND is_final AND end_at > make_timestamp_ms(?) "
        "AND end_at <= make_timestamp_ms(?) ORDER BY end_at",
        [
            detecting.window, detecting.generation, series.key,
            -(2**50) if begin.last_ms is None else begin.last_ms, end.last_ms,
        ],
    ).fetchall()  # fmt: skip
    track = Track(begin.last_ms, begin.silent)
    for end_ms, vals in rows:
        yield from ({} for _, asleep in track.until(end_ms, detecting.step_ms) if not asleep)
        track.arrive(end_ms)
        yield msgspec.json.decode(vals)
    yield from ({} for _, asleep in track.until(end.last_ms + 1, detecting.step_ms) if not asleep)


def _measured(con: Connection, series: Series, begin: Place) -> Iterator[list[float | None]]:
    """Measurements are nowhere else than beside their scores."""
    detecting = series.detecting
    rows = con.execute(
        "SELECT vals FROM anomaly WHERE detector = ? AND key = ? AND source = ? "
        "AND window_end > make_timestamp_ms(?) AND window_end <= make_timestamp_ms(?) "
        "ORDER BY window_end",
        [
            detecting.name, series.key, detecting.source,
            -(2**50) if begin.last_ms is None else begin.last_ms, series.place.last_ms or 0,
        ],
    ).fetchall()  # fmt: skip
    for (vals,) in rows:
        known = msgspec.json.decode(vals, type=dict[str, float | None])
        yield [known.get(column.name) for column in detecting.columns]
