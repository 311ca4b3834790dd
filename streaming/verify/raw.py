"""Raw events (orders always, clicks when they are kept) held against the log's columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from streaming.shards.log_place import PLACE_BITS, offset_of
from streaming.verify.collect import Columns
from streaming.verify.image import RawColumns, StoreImage
from streaming.verify.log import Range, Shard
from streaming.verify.places import where
from streaming.verify.report import Tally

Ints = npt.NDArray[np.int64]


def compare_raw(
    image: StoreImage, columns: Mapping[str, Columns], bounds: Mapping[Shard, Range], tally: Tally
) -> None:
    """Every valid record of a kept stream must be stored exactly once and equal, late or not."""
    for stream, stored in image.raw.items():
        _compare(image, stream, stored, columns.get(stream) or Columns(), bounds, tally)


def _compare(
    image: StoreImage,
    stream: str,
    stored: RawColumns,
    columns: Columns,
    bounds: Mapping[Shard, Range],
    tally: Tally,
) -> None:
    told = _places(columns.column("shard"), columns.column("place"))
    held = _places(_numbers(stored.shard), _numbers(stored.place))
    order = np.argsort(told, kind="stable")
    told = told[order]
    places, first, counts = np.unique(held, return_index=True, return_counts=True)
    for i in np.flatnonzero(counts > 1).tolist():
        again = int(counts[i]) - 1
        spot = _where(stream, int(places[i]))
        tally.add_duplicates(again, f"{stream}_twice", spot, "one row", f"{counts[i]} rows")
    at = np.searchsorted(told, places)
    found = np.zeros(len(places), dtype=np.bool_)
    inside = at < len(told)
    found[inside] = told[at[inside]] == places[inside]
    for place in places[~found].tolist():
        if _checkable(image, stream, place, bounds):
            tally.add_wrong(f"{stream}_extra", _where(stream, place), "no such event", "a row")
    required = columns.column("ts")[order] >= image.retained_from_ms(stream)
    for place in told[required & ~np.isin(told, places)].tolist():
        tally.add_wrong(f"{stream}_missing", _where(stream, place), "an event", "no row")
    rows, records = first[found], order[at[found]]
    pairs = {
        "event id": (_numbers(stored.id_hash), columns.column("id")),
        "order id": (_numbers(stored.order_hash), columns.column("order")),
        "value": (_numbers(stored.value), columns.column("value")),
        "event time": (_numbers(stored.event_us), columns.column("ts") * 1000),
    }
    differs = {name: mine[rows] != theirs[records] for name, (mine, theirs) in pairs.items()}
    for i in np.flatnonzero(np.logical_or.reduce(list(differs.values()))).tolist():
        fields = [name for name, wrong in differs.items() if wrong[i]]
        spot = _where(stream, int(places[found][i]))
        numbers = [f for f in fields if f in ("value", "event time")]
        tally.add_wrong(
            f"{stream}_differs",
            f"{spot} ({', '.join(fields)})",
            ", ".join(f"{f} {pairs[f][1][records[i]]}" for f in numbers) or "the record's",
            ", ".join(f"{f} {pairs[f][0][rows[i]]}" for f in numbers) or "another",
        )


def _checkable(image: StoreImage, stream: str, place: int, bounds: Mapping[Shard, Range]) -> bool:
    """Whether the log still has the place where this row claims to come from."""
    shard, inside = divmod(place, 1 << PLACE_BITS)
    offset = offset_of(inside)
    begin, end = bounds.get((stream, shard), (0, 0))
    progress = image.offsets.get((stream, shard))
    if progress is None or offset >= progress.next_offset:
        return True
    return begin <= offset < end


def _places(shard: Ints, place: Ints) -> Ints:
    return (shard << PLACE_BITS) + place


def _numbers(column: object) -> Ints:
    return np.array(column, dtype=np.int64)


def _where(stream: str, place: int) -> str:
    shard, inside = divmod(place, 1 << PLACE_BITS)
    return where((stream, shard), inside)
