"""Turns record batches into pane aggregates, column by column.

Per record there is one msgspec struct with the fields used; everything else happens on arrays. A
record ends in exactly one of three places: its pane, the late rows, or the dead rows. Which one
depends only on the shard's own records before it and on what is already final, so that any
batching gives the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from streaming.lab.messages import DeadRow, LateRow, OrderRun, PaneRow
from streaming.windows import sketches
from streaming.windows.dead import check_size, dead_row, why_dead
from streaming.windows.part import sub_of
from streaming.windows.records import DECODERS, MAX_VALUE_BYTES, Counted
from streaming.windows.spec import ALL_KEY, MAX_FUTURE_MS, MAX_PAST_MS, PANE_MS

NEVER: Final = -(2**62)
"""A watermark before any event."""

_CODES_LIMIT: Final = 200_000
_NARROW: Final = 2**16
"""Below this many groups they fit in 16 bits, which numpy sorts eight times as fast."""

_ts, _type = attrgetter("ts"), attrgetter("type")
_category, _country = attrgetter("category"), attrgetter("country")
_customer, _value = attrgetter("customer_id"), attrgetter("value")
_seq, _offset, _headers = attrgetter("seq"), attrgetter("offset"), attrgetter("headers")

Ints = npt.NDArray[np.int64]


class _Codes(dict[str, int]):
    """Small integers for texts, in order of first appearance."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __missing__(self, name: str) -> int:
        code = len(self.names)
        self[name] = code
        self.names.append(name)
        return code


class _CustomerCodes(_Codes):
    """Customers carry a stable 62-bit number too, which the distinct sketch hashes cheaply."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[int] = []

    def __missing__(self, name: str) -> int:
        code = super().__missing__(name)
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        self.numbers.append(int.from_bytes(digest, "big") >> 2)
        return code


class Absorbed(msgspec.Struct, gc=False):
    """What one batch did: the shard's new watermark and the records that are in no pane.

    `order` is for counting inversions, None when there is nothing to judge. `events` are those that
    are not dead, late ones too, with their `records`.
    """

    watermark_ms: int
    late: list[LateRow]
    dead: list[DeadRow]
    order: OrderRun | None = None
    events: Sequence[Counted] = ()
    records: Sequence[Any] = ()


class PaneColumns:
    """Collects one stream's records until `fold` turns them into pane rows."""

    def __init__(self, stream: str, lateness_ms: int) -> None:
        self.stream = stream
        self.count = 0
        self._lateness_ms = lateness_ms
        self._decode: Callable[[bytes], Counted] = DECODERS[stream].decode
        self._types, self._categories, self._countries = _Codes(), _Codes(), _Codes()
        self._customers = _CustomerCodes()
        # One list per column: times, types, categories, countries, customers, values. Batches are
        # often of a few records, and a list grows at a fraction of the cost of a new array.
        self._columns: tuple[list[int], ...] = ([], [], [], [], [], [])

    def add(
        self, shard: int, records: Sequence[Any], watermark_ms: int, floor_ms: int, now_ms: int
    ) -> Absorbed:
        """Absorb one batch of `shard`, whose records so far reached `watermark_ms`.

        `floor_ms`: windows up to here are final whatever this shard saw. `now_ms` bounds what
        event times are believed.
        """
        events, kept, dead = self._decode_all(shard, records)
        if not events:
            return Absorbed(watermark_ms, [], dead)
        times = list(map(_ts, events))
        if min(times) < now_ms - MAX_PAST_MS or max(times) > now_ms + MAX_FUTURE_MS:
            events, kept, times = self._believed(shard, events, kept, dead, now_ms)
        if not events:
            return Absorbed(watermark_ms, [], dead)
        codes = self._codes(events)
        run = self._order(shard, events, kept, codes)
        reached, highest = max(watermark_ms, floor_ms), max(times)
        if self._closes(min(times)) > max(reached, highest):
            self._append(events, codes)  # not even the oldest comes after the close of its window
            return Absorbed(max(watermark_ms, highest), [], dead, run, events, kept)
        on_time: list[Counted] = []
        late: list[LateRow] = []
        for record, event in zip(kept, events, strict=True):
            if self._closes(event.ts) <= reached:
                late.append(self._late(shard, record, event, reached))
            else:
                on_time.append(event)
            reached = max(reached, event.ts)
        self._append(on_time, codes if not late else self._codes(on_time))
        return Absorbed(max(watermark_ms, highest), late, dead, run, events, kept)

    def _order(
        self,
        shard: int,
        events: Sequence[Counted],
        records: Sequence[Any],
        codes: Sequence[int],
    ) -> OrderRun | None:
        """Who each record is of and its number, without those that were planted."""
        if any(map(_headers, records)):
            plain = [row for row in zip(events, records, codes, strict=True) if not row[1].headers]
            if not plain:
                return None
            events, records, codes = zip(*plain, strict=True)
        numbers = self._customers.numbers
        return OrderRun(
            self.stream,
            shard,
            np.fromiter(map(_offset, records), np.int64, len(records)).tobytes(),
            np.fromiter([numbers[code] for code in codes], np.int64, len(records)).tobytes(),
            np.fromiter(map(_seq, events), np.int64, len(records)).tobytes(),
        )

    def _closes(self, event_ms: int) -> int:
        """The watermark that makes the pane of this event time final."""
        return (event_ms // PANE_MS + 1) * PANE_MS + self._lateness_ms

    def _believed(
        self,
        shard: int,
        events: Sequence[Counted],
        records: Sequence[Any],
        dead: list[DeadRow],
        now_ms: int,
    ) -> tuple[list[Counted], Sequence[Any], list[int]]:
        """Events with their records and times, without those whose time cannot be (now dead)."""
        chosen = []
        for i, event in enumerate(events):
            if now_ms - MAX_PAST_MS <= event.ts <= now_ms + MAX_FUTURE_MS:
                chosen.append(i)
            else:
                detail = f"event time {event.ts} ms is outside the accepted range"
                dead.append(
                    dead_row(
                        self.stream, shard, records[i], "event_time", detail, sub_of(records[i])
                    )
                )
        kept = [events[i] for i in chosen]
        return kept, [records[i] for i in chosen], [event.ts for event in kept]

    def _decode_all(
        self, shard: int, records: Sequence[Any]
    ) -> tuple[list[Counted], Sequence[Any], list[DeadRow]]:
        decode = self._decode
        try:
            values = [record.value for record in records]
            events = list(map(decode, values))
            if max(map(len, values), default=0) <= MAX_VALUE_BYTES:
                return events, records, []
        except Exception:  # noqa: S110 - a record may raise anything; the slow way finds which
            pass
        events, kept, dead = [], [], []
        for record in records:
            try:
                check_size(record.value)
                events.append(decode(record.value))
                kept.append(record)
            except Exception as error:  # one bad record must not stop its shard
                dead.append(dead_row(self.stream, shard, record, *why_dead(error), sub_of(record)))
        return events, kept, dead

    def _codes(self, events: Sequence[Counted]) -> list[int]:
        """The customers of these events."""
        return list(map(self._customers.__getitem__, map(_customer, events)))

    def _append(self, events: Sequence[Counted], codes: Sequence[int]) -> None:
        times, types, categories, countries, customers, values = self._columns
        times += map(_ts, events)
        types += map(self._types.__getitem__, map(_type, events))
        categories += map(self._categories.__getitem__, map(_category, events))
        countries += map(self._countries.__getitem__, map(_country, events))
        customers += codes
        values += map(_value, events)
        self.count += len(events)

    def fold(self) -> list[PaneRow]:
        """The rows of everything collected since the last fold; starts afresh."""
        if not self.count:
            return []
        columns = [np.array(column, dtype=np.int64) for column in self._columns]
        order = _stable_order(columns[4])  # by customer: equal ones are neighbours in every group
        times, types, categories, countries, customers, values = (c[order] for c in columns)
        panes = times // PANE_MS
        rows = self._group("all", panes, np.zeros_like(panes), [ALL_KEY], customers, values)
        rows += self._group("type", panes, types, self._types.names, customers, values)
        rows += self._group(
            "category", panes, categories, self._categories.names, customers, values
        )
        rows += self._group("country", panes, countries, self._countries.names, customers, values)
        self.clear()
        return rows

    def clear(self) -> None:
        """Forget what was collected (it will be read again)."""
        for column in self._columns:
            column.clear()
        self.count = 0
        if len(self._customers) > _CODES_LIMIT:
            self._customers = _CustomerCodes()
        for name in ("_types", "_categories", "_countries"):
            if len(getattr(self, name)) > _CODES_LIMIT:
                setattr(self, name, _Codes())

    def _group(
        self, dim: str, panes: Ints, codes: Ints, names: list[str], customers: Ints, values: Ints
    ) -> list[PaneRow]:
        width = len(names)
        groups = panes * width + codes
        order = _stable_order(groups)
        groups, customers, values = groups[order], customers[order], values[order]
        begins = np.diff(groups, prepend=groups[0] - 1) != 0
        starts = np.flatnonzero(begins)
        ends = np.append(starts[1:], len(order))
        totals = np.add.reduceat(values, starts).tolist()
        lowest = np.minimum.reduceat(values, starts).tolist()
        highest = np.maximum.reduceat(values, starts).tolist()
        # The customers of a group are sorted: each is new where it differs from the one before.
        is_new = begins | (np.diff(customers, prepend=-1) != 0)
        numbers = list(map(self._customers.numbers.__getitem__, customers[is_new].tolist()))
        upto = np.cumsum(is_new)[ends - 1].tolist()
        rows = []
        first = 0
        for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            pane, code = divmod(int(groups[start]), width)
            rows.append(
                PaneRow(
                    self.stream,
                    pane * PANE_MS,
                    dim,
                    names[code],
                    end - start,
                    totals[i],
                    lowest[i],
                    highest[i],
                    sketches.distinct_of(numbers[first : upto[i]]),
                    sketches.quantiles_of(values[start:end]),
                )
            )
            first = upto[i]
        return rows

    def _late(self, shard: int, record: Any, event: Counted, watermark_ms: int) -> LateRow:
        return LateRow(
            self.stream,
            shard,
            record.offset,
            event.ts,
            watermark_ms,
            event.type,
            event.category,
            event.country,
            event.customer_id,
            event.value,
            sub_of(record),
        )


def _stable_order(keys: Ints) -> Ints:
    """Indices that sort the keys, equal ones in their order."""
    lowest = keys.min()
    if keys.max() - lowest < _NARROW:
        return np.argsort((keys - lowest).astype(np.uint16), kind="stable")
    return np.argsort(keys, kind="stable")
