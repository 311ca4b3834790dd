"""Rows as Arrow tables, the fast way into DuckDB (row-by-row upserts are forty times slower)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

from generators.wire import CLICKS, ORDERS, Click, Order
from streaming.lab.messages import DeadRow, LateRow, RawRow
from streaming.store.epochs import Epochs
from streaming.windows.state import WindowRow

_TS: Final = pa.timestamp("ms")
_TEXT, _INT, _BIG, _REAL, _BYTES, _BOOL = (
    pa.string(), pa.int32(), pa.int64(), pa.float64(), pa.binary(), pa.bool_(),
)  # fmt: skip

WINDOWS: Final = pa.schema(
    [
        ("stream", _TEXT), ("size_s", _INT), ("start_at", _TS), ("dim", _TEXT), ("key", _TEXT),
        ("n", _BIG), ("total", _BIG), ("lowest", _BIG), ("highest", _BIG),
        ("distinct_customers", _REAL), ("p50", _REAL), ("p90", _REAL), ("p99", _REAL),
        ("is_final", _BOOL), ("hll", _BYTES), ("buckets", _BYTES),
    ]
)  # fmt: skip
OFFSETS: Final = pa.schema(
    [
        ("stream", _TEXT), ("shard", _INT), ("first", _BIG), ("next_offset", _BIG),
        ("acked_end", _BIG), ("watermark_ms", _BIG), ("records", _BIG), ("bytes", _BIG),
    ]
)  # fmt: skip
LATE: Final = pa.schema(
    [
        ("stream", _TEXT), ("shard", _INT), ("offset", _BIG), ("event_at", _TS),
        ("watermark_at", _TS), ("type", _TEXT), ("category", _TEXT), ("country", _TEXT),
        ("customer_id", _TEXT), ("value", _BIG), ("sub", _INT),
    ]
)  # fmt: skip
DEAD: Final = pa.schema(
    [
        ("stream", _TEXT), ("shard", _INT), ("offset", _BIG), ("reason", _TEXT),
        ("detail", _TEXT), ("key", _BYTES), ("value", _BYTES), ("size", _BIG),
        ("stored_at", _TS), ("sub", _INT),
    ]
)  # fmt: skip
ORDER_ROWS: Final = pa.schema(
    [
        ("event_id", _TEXT), ("event_at", _TS), ("shard", _INT), ("offset", _BIG),
        ("seq", _BIG), ("type", _TEXT), ("order_id", _TEXT), ("checkout_id", _TEXT),
        ("customer_id", _TEXT), ("session_id", _TEXT), ("product_id", _TEXT),
        ("category", _TEXT), ("country", _TEXT), ("city", _TEXT), ("device", _TEXT),
        ("campaign", _TEXT), ("payment", _TEXT), ("items", _BIG), ("total_cents", _BIG),
        ("epoch", _INT), ("sub", _INT),
    ]
)  # fmt: skip
CLICK_ROWS: Final = pa.schema(
    [
        ("event_id", _TEXT), ("event_at", _TS), ("shard", _INT), ("offset", _BIG),
        ("seq", _BIG), ("type", _TEXT), ("customer_id", _TEXT), ("session_id", _TEXT),
        ("product_id", _TEXT), ("category", _TEXT), ("country", _TEXT), ("device", _TEXT),
        ("campaign", _TEXT), ("page", _TEXT), ("load_ms", _BIG), ("epoch", _INT),
        ("sub", _INT),
    ]
)  # fmt: skip

_order: Final = msgspec.json.Decoder(Order)
_click: Final = msgspec.json.Decoder(Click)


def table(schema: Any, rows: Sequence[Sequence[Any]]) -> Any:
    """An Arrow table of these rows."""
    columns = zip(*rows, strict=True) if rows else [[] for _ in schema]
    arrays = [
        pa.array(list(column), type=field.type)
        for column, field in zip(columns, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


def window_table(rows: Sequence[WindowRow]) -> Any:
    """The table `windows` of these rows."""
    return table(
        WINDOWS,
        [
            (
                r.stream, r.size_s, r.start_ms, r.dim, r.key, r.n, r.total, r.lowest, r.highest,
                r.distinct_customers, r.p50, r.p90, r.p99, r.is_final, r.hll, r.buckets,
            )
            for r in rows
        ],
    )  # fmt: skip


def late_table(rows: Iterable[LateRow]) -> Any:
    """The table `late_events` of these rows."""
    return table(LATE, [msgspec.structs.astuple(row) for row in rows])


def dead_table(rows: Iterable[DeadRow], now_ms: int) -> Any:
    """The table `dead_letters` of these rows."""
    return table(DEAD, [(*msgspec.structs.astuple(row)[:-1], now_ms, row.sub) for row in rows])


def raw_tables(rows: Iterable[RawRow], epochs: Epochs) -> tuple[Any, Any]:
    """The tables of orders and of clicks among these records (all of them counted already)."""
    orders: list[tuple[Any, ...]] = []
    clicks: list[tuple[Any, ...]] = []
    for row in rows:
        epoch = epochs.at(row.stream, row.shard, row.offset)
        if row.stream == ORDERS:
            orders.append(_order_row(row, _order.decode(row.value), epoch))
        elif row.stream == CLICKS:
            clicks.append(_click_row(row, _click.decode(row.value), epoch))
    return table(ORDER_ROWS, orders), table(CLICK_ROWS, clicks)


def _order_row(row: RawRow, o: Order, epoch: int) -> tuple[Any, ...]:
    return (
        o.id, o.ts, row.shard, row.offset, o.seq, o.type, o.order_id, o.checkout_id,
        o.customer_id, o.session_id, o.product_id, o.category, o.country, o.city, o.device,
        o.campaign, o.payment, sum(line.quantity for line in o.lines), o.total_cents,
        epoch, row.sub,
    )  # fmt: skip


def _click_row(row: RawRow, c: Click, epoch: int) -> tuple[Any, ...]:
    return (
        c.id, c.ts, row.shard, row.offset, c.seq, c.type, c.customer_id, c.session_id,
        c.product_id, c.category, c.country, c.device, c.campaign, c.page, c.load_ms, epoch,
        row.sub,
    )  # fmt: skip
