"""Turns record batches into pane aggregates, column by column.

Per record there is one msgspec struct with the fields used; everything else happens on arrays. A
record ends in exactly one of three places: its pane, the late rows, or the dead rows. Which one
depends only on the shard's own records before it and on what is already final, so that any
batching gives the same result.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from streaming.lab.messages import DeadRow, LateRow, PaneRow
from streaming.windows import sketches
from streaming.windows.records import DECODERS, MAX_VALUE_BYTES, Counted
from streaming.windows.spec import ALL_KEY, MAX_FUTURE_MS, MAX_PAST_MS, PANE_MS

NEVER: Final = -(2**62)
"""A watermark before any event."""

DEAD_KEEP_BYTES: Final = 64 * 1024
_CODES_LIMIT: Final = 200_000

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

    def encode(self, names: Iterable[str], count: int) -> Ints:
        return np.fromiter(map(self.__getitem__, names), dtype=np.int64, count=count)


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
    """What one batch did: the shard's new watermark and the records that are in no pane."""

    watermark_ms: int
    late: list[LateRow]
    dead: list[DeadRow]


class PaneColumns:
    """Collects one stream's records until `fold` turns them into pane rows."""

    def __init__(self, stream: str, lateness_ms: int) -> None:
        self.stream = stream
        self.count = 0
        self._lateness_ms = lateness_ms
        self._decode: Callable[[bytes], Counted] = DECODERS[stream].decode
        self._types, self._categories, self._countries = _Codes(), _Codes(), _Codes()
        self._customers = _CustomerCodes()
        self._parts: list[tuple[Ints, ...]] = []

    def add(
        self, shard: int, records: Sequence[Any], watermark_ms: int, floor_ms: int, now_ms: int
    ) -> Absorbed:
        """Absorb one batch of `shard`, whose records so far reached `watermark_ms`.

        `floor_ms`: windows up to here are final whatever this shard saw. `now_ms` bounds what
        event times are believed.
        """
        events, kept, dead = self._decode_all(shard, records)
        times = np.fromiter((e.ts for e in events), dtype=np.int64, count=len(events))
        believed = (times >= now_ms - MAX_PAST_MS) & (times <= now_ms + MAX_FUTURE_MS)
        if not believed.all():
            for i in np.flatnonzero(~believed).tolist():
                detail = f"event time {times[i]} ms is outside the accepted range"
                dead.append(self._dead(shard, kept[i], "event_time", detail))
            chosen = np.flatnonzero(believed).tolist()
            events = [events[i] for i in chosen]
            kept = [kept[i] for i in chosen]
            times = times[believed]
        if not events:
            return Absorbed(watermark_ms, [], dead)
        seen = np.maximum.accumulate(np.concatenate(([max(watermark_ms, floor_ms)], times)))
        closes = (times // PANE_MS + 1) * PANE_MS + self._lateness_ms
        is_late = closes <= seen[:-1]
        late: list[LateRow] = []
        if is_late.any():
            late = [
                self._late(shard, kept[i], events[i], int(seen[i]))
                for i in np.flatnonzero(is_late).tolist()
            ]
            on_time = [events[i] for i in np.flatnonzero(~is_late).tolist()]
            self._append(on_time, times[~is_late])
        else:
            self._append(events, times)
        return Absorbed(max(watermark_ms, int(times.max())), late, dead)

    def _decode_all(
        self, shard: int, records: Sequence[Any]
    ) -> tuple[list[Counted], Sequence[Any], list[DeadRow]]:
        decode = self._decode
        try:
            events = [decode(record.value) for record in records]
            if max(map(len, (record.value for record in records)), default=0) <= MAX_VALUE_BYTES:
                return events, records, []
        except Exception:  # noqa: S110 - a record may raise anything; the slow way finds which
            pass
        events, kept, dead = [], [], []
        for record in records:
            try:
                _check_size(record.value)
                events.append(decode(record.value))
                kept.append(record)
            except Exception as error:  # one bad record must not stop its shard
                reason, detail = _why(error)
                dead.append(self._dead(shard, record, reason, detail))
        return events, kept, dead

    def _append(self, events: Sequence[Counted], times: Ints) -> None:
        n = len(events)
        if not n:
            return
        self._parts.append(
            (
                times,
                self._types.encode((e.type for e in events), n),
                self._categories.encode((e.category for e in events), n),
                self._countries.encode((e.country for e in events), n),
                self._customers.encode((e.customer_id for e in events), n),
                np.fromiter((e.value for e in events), dtype=np.int64, count=n),
            )
        )
        self.count += n

    def fold(self) -> list[PaneRow]:
        """The rows of everything collected since the last fold; starts afresh."""
        if not self._parts:
            return []
        columns = [np.concatenate(column) for column in zip(*self._parts, strict=True)]
        times, types, categories, countries, customers, values = columns
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
        self._parts.clear()
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
        order = np.argsort(groups, kind="stable")
        sorted_groups = groups[order]
        starts = np.flatnonzero(np.diff(sorted_groups, prepend=sorted_groups[0] - 1))
        sorted_values = values[order]
        sorted_customers = customers[order]
        totals = np.add.reduceat(sorted_values, starts).tolist()
        lowest = np.minimum.reduceat(sorted_values, starts).tolist()
        highest = np.maximum.reduceat(sorted_values, starts).tolist()
        ends = np.append(starts[1:], len(order)).tolist()
        numbers = self._customers.numbers
        rows = []
        for i, (start, end) in enumerate(zip(starts.tolist(), ends, strict=True)):
            group = int(sorted_groups[start])
            distinct = np.unique(sorted_customers[start:end]).tolist()
            rows.append(
                PaneRow(
                    self.stream,
                    group // width * PANE_MS,
                    dim,
                    names[group % width],
                    end - start,
                    totals[i],
                    lowest[i],
                    highest[i],
                    sketches.distinct_of([numbers[code] for code in distinct]),
                    sketches.quantiles_of(sorted_values[start:end]),
                )
            )
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
        )

    def _dead(self, shard: int, record: Any, reason: str, detail: str) -> DeadRow:
        value, key = record.value, record.key
        return DeadRow(
            self.stream,
            shard,
            record.offset,
            reason,
            detail[:500],
            key[:DEAD_KEEP_BYTES] if key is not None else None,
            value[:DEAD_KEEP_BYTES] if value is not None else None,
            len(value) if value is not None else 0,
        )


class _TooLarge(Exception):
    pass


def _check_size(value: bytes | None) -> None:
    if value is None:
        raise _TooLarge("the record has no value")
    if len(value) > MAX_VALUE_BYTES:
        raise _TooLarge(f"{len(value)} bytes are over the limit of {MAX_VALUE_BYTES}")


def _why(error: Exception) -> tuple[str, str]:
    """A dead letter's reason (a short fixed word) and detail."""
    if isinstance(error, _TooLarge):
        return ("null_value" if "no value" in str(error) else "too_large"), str(error)
    if isinstance(error, msgspec.ValidationError):
        return "schema", str(error)
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError):
        return "not_json", str(error)
    return "undecodable", f"{type(error).__name__}: {error}"
