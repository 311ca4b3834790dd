"""Everything the comparison needs of a store, fetched in one read transaction."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple, TypeAlias

import duckdb

from generators.wire import CLICKS, ORDERS
from streaming.shards.log_place import SUB_BITS
from streaming.verify.declared_image import DeclaredImage, read_declared
from streaming.verify.log import Shard, VerifyError
from streaming.verify.shards import Spans, read_spans

GroupName: TypeAlias = tuple[str, int, str]
"""Stream, window size in seconds, dimension."""

_CHUNK: Final = 10_000


class Progress(NamedTuple):
    """A shard's row of `offsets`; `watermark_ms` is the highest event time the store saw."""

    next_offset: int
    acked_end: int
    watermark_ms: int | None


class LateRow(NamedTuple):
    """A stored late event; times are event times in ms (not whole ones stay fractions)."""

    event_ms: float
    watermark_ms: float
    type: str
    category: str
    country: str
    customer_id: str
    value: int


class DeadRow(NamedTuple):
    """A stored dead letter without its bytes; `size` is the value's true length."""

    reason: str
    size: int
    stored_at_ms: float


def _longs() -> array[int]:
    return array("q")


def _doubles() -> array[float]:
    return array("d")


@dataclass(slots=True)
class WindowColumns:
    """The stored rows of one stream, size and dimension, column by column."""

    keys: list[str] = field(default_factory=list)
    start_us: array[int] = field(default_factory=_longs)
    n: array[int] = field(default_factory=_longs)
    total: array[int] = field(default_factory=_longs)
    lowest: array[int] = field(default_factory=_longs)
    highest: array[int] = field(default_factory=_longs)
    distinct: array[float] = field(default_factory=_doubles)
    p50: array[float] = field(default_factory=_doubles)
    p90: array[float] = field(default_factory=_doubles)
    p99: array[float] = field(default_factory=_doubles)
    is_final: array[int] = field(default_factory=_longs)


@dataclass(slots=True)
class RawColumns:
    """The stored raw events of one table; texts as this process's hashes, to stay small."""

    shard: array[int] = field(default_factory=_longs)
    place: array[int] = field(default_factory=_longs)
    event_us: array[int] = field(default_factory=_longs)
    id_hash: array[int] = field(default_factory=_longs)
    order_hash: array[int] = field(default_factory=_longs)
    value: array[int] = field(default_factory=_longs)


@dataclass(slots=True)
class StoreImage:
    """The store at one moment.

    Late events and dead letters by shard and place (see `places`); a row stored again is in
    `repeated` as (table, shard, place).
    """

    meta: dict[str, str] = field(default_factory=dict)
    offsets: dict[Shard, Progress] = field(default_factory=dict)
    watermarks: dict[str, int] = field(default_factory=dict)
    windows: dict[GroupName, WindowColumns] = field(default_factory=dict)
    late: dict[Shard, dict[int, LateRow]] = field(default_factory=dict)
    dead: dict[Shard, dict[int, DeadRow]] = field(default_factory=dict)
    repeated: list[tuple[str, Shard, int]] = field(default_factory=list)
    raw: dict[str, RawColumns] = field(default_factory=dict)
    declared: DeclaredImage = field(default_factory=DeclaredImage)
    spans: Spans = field(default_factory=dict)

    @property
    def lateness_ms(self) -> int:
        """How long after its end a window takes records."""
        try:
            return int(self.meta["lateness_ms"])
        except (KeyError, ValueError) as error:
            raise VerifyError(
                "The store does not say its allowed lateness (meta 'lateness_ms'): it was not "
                "written by a lab of this version."
            ) from error

    def retained_from_ms(self, stream: str) -> int:
        """Raw events before this event time may have been deleted."""
        return int(self.meta.get(f"{stream}_retained_from_ms") or 0)


_PLACE: Final = f'"offset" * {1 << SUB_BITS} + sub'

_RAW: Final = {
    ORDERS: f"""SELECT shard, {_PLACE}, epoch_us(event_at), event_id, order_id, total_cents
               FROM events_orders""",  # noqa: S608
    CLICKS: f"""SELECT shard, {_PLACE}, epoch_us(event_at), event_id, '', load_ms
               FROM events_clicks""",  # noqa: S608
}


def read_store(con: duckdb.DuckDBPyConnection) -> StoreImage:
    """Fetch a store's image through a connection or cursor that has no transaction open.

    Everything comes from one read transaction, which is over when this returns: an open reader
    keeps the writer from checkpointing. Raises VerifyError when the tables are not a lab's.
    """
    image = StoreImage()
    try:
        con.execute("BEGIN TRANSACTION READ ONLY")
        try:
            _read_progress(con, image)
            _read_windows(con, image)
            _read_aside(con, image)
            image.declared = read_declared(con)
            image.spans = read_spans(con)
            for stream, query in _RAW.items():
                if stream == ORDERS or image.meta.get("store_clicks") == "true":
                    image.raw[stream] = _read_raw(con, query)
        finally:
            con.execute("ROLLBACK")
    except duckdb.Error as error:
        raise VerifyError(f"The store cannot be read: {error}") from error
    return image


def _rows(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[list[tuple[Any, ...]]]:
    result = con.execute(query)
    while chunk := result.fetchmany(_CHUNK):
        yield chunk


def _read_progress(con: duckdb.DuckDBPyConnection, image: StoreImage) -> None:
    for chunk in _rows(con, "SELECT name, value FROM meta"):
        image.meta.update(chunk)
    query = "SELECT stream, shard, next_offset, acked_end, watermark_ms FROM offsets"
    for chunk in _rows(con, query):
        image.offsets.update(((s, n), Progress(*rest)) for s, n, *rest in chunk)
    for chunk in _rows(con, "SELECT stream, watermark_ms FROM watermarks"):
        image.watermarks.update(chunk)


def _read_windows(con: duckdb.DuckDBPyConnection, image: StoreImage) -> None:
    query = """
        SELECT stream, size_s, dim, key, epoch_us(start_at), n, total, lowest, highest,
               distinct_customers, p50, p90, p99, is_final::BIGINT
        FROM windows
    """
    for chunk in _rows(con, query):
        for stream, size_s, dim, key, *numbers in chunk:
            name = (stream, size_s, dim)
            group = image.windows.get(name)
            if group is None:
                group = image.windows[name] = WindowColumns()
            group.keys.append(sys.intern(key))
            columns: tuple[array[Any], ...] = (
                group.start_us, group.n, group.total, group.lowest, group.highest,
                group.distinct, group.p50, group.p90, group.p99, group.is_final,
            )  # fmt: skip
            for column, number in zip(columns, numbers, strict=True):
                column.append(number)


def _read_aside(con: duckdb.DuckDBPyConnection, image: StoreImage) -> None:
    query = f"""
        SELECT stream, shard, {_PLACE}, epoch_us(event_at) / 1000, epoch_us(watermark_at) / 1000,
               type, category, country, customer_id, value
        FROM late_events
    """  # noqa: S608
    for chunk in _rows(con, query):
        for stream, shard, place, *rest in chunk:
            late = image.late.setdefault((stream, shard), {})
            if place in late:
                image.repeated.append(("late_events", (stream, shard), place))
            late[place] = LateRow(*rest)
    query = (
        f"SELECT stream, shard, {_PLACE}, reason, size, epoch_ms(stored_at) "  # noqa: S608
        "FROM dead_letters"
    )
    for chunk in _rows(con, query):
        for stream, shard, place, *rest in chunk:
            dead = image.dead.setdefault((stream, shard), {})
            if place in dead:
                image.repeated.append(("dead_letters", (stream, shard), place))
            dead[place] = DeadRow(*rest)


def _read_raw(con: duckdb.DuckDBPyConnection, query: str) -> RawColumns:
    raw = RawColumns()
    for chunk in _rows(con, query):
        shards, places, times, ids, orders, values = zip(*chunk, strict=True)
        raw.shard.extend(shards)
        raw.place.extend(places)
        raw.event_us.extend(times)
        raw.id_hash.extend(map(hash, ids))
        raw.order_hash.extend(map(hash, orders))
        raw.value.extend(values)
    return raw
