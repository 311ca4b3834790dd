"""Takes the log's records one by one: where each must be in the store, and its columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from streaming.shards.log_place import offset_of, place_of
from streaming.verify.declared import DeclaredCheck
from streaming.verify.events import Event, parse_event
from streaming.verify.image import DeadRow, LateRow, StoreImage
from streaming.verify.log import LogRecord, Range, Shard
from streaming.verify.places import parts, where
from streaming.verify.report import Tally
from streaming.verify.shards import Span, misplaced
from streaming.windows.spec import MAX_FUTURE_MS, MAX_PAST_MS, PANE_MS

Ints = npt.NDArray[np.int64]

EVENT_TIME: Final = "event_time"
PAST_SLACK_MS: Final = 10 * 60 * 1000
FUTURE_SLACK_MS: Final = 4 * 60 * 1000
"""How far the clock that judged an event time may have been from the record's own and from the
dead letter's. Less for the future, or every live record would pass as one from the future."""

_LABEL: Final = ("label", b"duplicate")


class Codes(dict[str, int]):
    """Small numbers for texts."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code


class Columns:
    """One stream's countable records (windowed or late), column by column."""

    def __init__(self) -> None:
        self.types, self.categories, self.countries = Codes(), Codes(), Codes()
        self.customers = Codes()
        self._shard, self._place, self._ts = array("q"), array("q"), array("q")
        self._value, self._id, self._order = array("q"), array("q"), array("q")
        self._type, self._category, self._country = array("q"), array("q"), array("q")
        self._customer, self._flags = array("q"), array("b")

    def append(self, shard: int, place: int, event: Event, late: bool, planted: bool) -> None:
        """Add one record; `planted`: the producer labelled it as a duplicate."""
        self._shard.append(shard)
        self._place.append(place)
        self._ts.append(event.ts)
        self._value.append(event.value)
        self._id.append(hash(event.id))
        self._order.append(hash(event.order_id))
        self._type.append(self.types[event.type])
        self._category.append(self.categories[event.category])
        self._country.append(self.countries[event.country])
        self._customer.append(self.customers[event.customer_id])
        self._flags.append(late + 2 * planted)

    def __len__(self) -> int:
        return len(self._ts)

    def column(self, name: str) -> Ints:
        """A column as numbers, without copying (no more appends while it is in use)."""
        return np.frombuffer(getattr(self, f"_{name}"), dtype=np.int64)

    @property
    def late(self) -> npt.NDArray[np.bool_]:
        """Which records the store lists as late."""
        return (np.frombuffer(self._flags, dtype=np.int8) & 1).astype(np.bool_)

    @property
    def planted(self) -> npt.NDArray[np.bool_]:
        """Which records the producer labelled as duplicates."""
        return (np.frombuffer(self._flags, dtype=np.int8) & 2).astype(np.bool_)


class Collector:
    """Judges every record below the store's next offset; call `finish` after the last one."""

    def __init__(
        self,
        image: StoreImage,
        bounds: Mapping[Shard, Range],
        ranges: Mapping[Shard, Range],
        tally: Tally,
    ) -> None:
        self._image = image
        self._bounds, self._ranges = bounds, ranges
        self._tally = tally
        self._lateness_ms = image.lateness_ms
        self._expected = {shard: start for shard, (start, _) in ranges.items()}
        self._seen: dict[str, set[tuple[Shard, int]]] = {
            "late_events": set(),
            "dead_letters": set(),
        }
        self.columns: dict[str, Columns] = {stream: Columns() for stream, _ in ranges}
        self.first_counted_ms: dict[Shard, int] = {}
        self.declared = DeclaredCheck(image.declared)

    def feed(self, records: Sequence[LogRecord]) -> None:
        """Take the next records of a shard."""
        if not records:
            return
        shard = (records[0].stream, records[0].shard)
        late, dead = self._image.late.get(shard, {}), self._image.dead.get(shard, {})
        spans = self._image.spans.get(shard, ())
        for whole in records:
            self._in_order(shard, whole.offset)
            for number, (place, record, dropped) in enumerate(parts(whole)):
                if spans and not number:  # a pack goes where its first record belongs
                    self._in_its_shard(record, place, spans)
                self._take(shard, place, record, dropped, late.get(place), dead.get(place))

    def _take(
        self,
        shard: Shard,
        place: int,
        record: LogRecord,
        dropped: bool,
        late_row: LateRow | None,
        letter: DeadRow | None,
    ) -> None:
        """Judge one record by the rows the store has of it."""
        self._tally.records += 1
        event = None if dropped else parse_event(record.stream, record.value)
        if late_row is not None:
            self._seen["late_events"].add((shard, place))
        if letter is not None:
            self._take_dead(record, place, event, letter)
            if late_row is not None:
                self._tally.add_duplicates(
                    1, "late_and_dead", where(shard, place), "one table", "both"
                )
            return
        if event is None:
            stored = "a late event" if late_row is not None else "no dead letter"
            self._tally.add_wrong("invalid_record", where(shard, place), "a dead letter", stored)
            return
        if late_row is not None:
            self._take_late(record, place, event, late_row)
        elif shard not in self.first_counted_ms:
            self.first_counted_ms[shard] = event.ts
        self.declared.take(record.stream, record.shard, place, event)
        planted = bool(record.headers) and _is_planted(record.headers)
        self._tally.planted_duplicates += planted
        self.columns[record.stream].append(
            record.shard, place, event, late_row is not None, planted
        )

    def _in_its_shard(self, record: LogRecord, place: int, spans: Sequence[Span]) -> None:
        if (found := misplaced(record, spans)) is not None:
            self._tally.add_wrong(
                "wrong_shard", where((record.stream, record.shard), place), *found
            )

    def _in_order(self, shard: Shard, offset: int) -> None:
        expected = self._expected[shard]
        if offset < expected:
            at = where(shard, place_of(offset))
            self._tally.add_wrong("log_order", at, f"offset {expected}", offset)
        elif offset > expected:
            self._gap(shard, expected, offset)
        self._expected[shard] = max(expected, offset + 1)

    def _gap(self, shard: Shard, first: int, end: int) -> None:
        """No fault by itself: transactions leave markers and aborted records behind."""
        at = f"{shard[0]}/{shard[1]} offsets {first} to {end - 1}"
        self._tally.note("log_gap", at, "no records (transaction markers?)", "-")

    def _take_dead(
        self, record: LogRecord, place: int, event: Event | None, letter: DeadRow
    ) -> None:
        shard = (record.stream, record.shard)
        at = where(shard, place)
        self._seen["dead_letters"].add((shard, place))
        self._tally.dead += 1
        size = len(record.value or b"")
        if event is not None and not _time_refused(event.ts, record.timestamp_ms, letter):
            self._tally.add_wrong("valid_dead_letter", at, "a valid event", letter.reason)
        elif letter.size != size:
            self._tally.add_wrong("dead_letter", at, f"{size} bytes", f"{letter.size} bytes")

    def _take_late(self, record: LogRecord, place: int, event: Event, row: LateRow) -> None:
        at = where((record.stream, record.shard), place)
        self._tally.late += 1
        told = LateRow(
            event.ts,
            row.watermark_ms,
            event.type,
            event.category,
            event.country,
            event.customer_id,
            event.value,
        )
        closes = (event.ts // PANE_MS + 1) * PANE_MS + self._lateness_ms
        if row != told:
            self._tally.add_wrong("late_event", at, tuple(told), tuple(row))
        elif row.watermark_ms < closes:
            self._tally.add_wrong(
                "not_late",
                at,
                f"late from watermark {closes} on",
                f"watermark {row.watermark_ms:.0f}",
            )

    def finish(self) -> None:
        """What only shows at the end: rows without a record, and rows stored twice."""
        for shard, expected in self._expected.items():
            if expected < self._ranges[shard][1]:
                self._gap(shard, expected, self._ranges[shard][1])
        self._without_record("late_events", self._image.late)
        self._without_record("dead_letters", self._image.dead)
        for table, shard, place in self._image.repeated:
            self._tally.add_duplicates(1, "stored_twice", where(shard, place), "one row", table)
        for stream, columns in self.columns.items():
            late = int(columns.late.sum())
            self._tally.windowed += len(columns) - late
            self._repeated_ids(stream, columns)

    def _without_record(self, table: str, rows: Mapping[Shard, Iterable[int]]) -> None:
        for shard, places in rows.items():
            begin, end = self._bounds.get(shard, (0, 0))
            progress = self._image.offsets.get(shard)
            next_offset = progress.next_offset if progress else 0
            for place in places:
                offset = offset_of(place)
                if (shard, place) in self._seen[table] or offset < begin:
                    continue
                at = f"{table} {where(shard, place)}"
                if offset >= next_offset:
                    self._tally.add_wrong(
                        "beyond_progress", at, f"nothing from offset {next_offset} on", "a row"
                    )
                elif offset < end:
                    self._tally.add_wrong("no_such_record", at, "no record", "a row")

    def _repeated_ids(self, stream: str, columns: Columns) -> None:
        rows = np.flatnonzero(~columns.planted)
        ids = columns.column("id")[rows]
        order = np.argsort(ids, kind="stable")
        again = order[1:][ids[order[1:]] == ids[order[:-1]]]
        for i in rows[np.sort(again)].tolist():
            at = where((stream, int(columns.column("shard")[i])), int(columns.column("place")[i]))
            self._tally.add_duplicates(
                1, "repeated_id", at, "an event id of its own", "an id seen before"
            )


def _is_planted(headers: Iterable[tuple[str, bytes]]) -> bool:
    return any((name, value) == _LABEL for name, value in headers)


def _time_refused(ts: int, timestamp_ms: int, letter: DeadRow) -> bool:
    """Whether the event time may have been outside the accepted range when it was judged."""
    if letter.reason != EVENT_TIME:
        return False
    earliest = min(float(timestamp_ms), letter.stored_at_ms)
    latest = max(float(timestamp_ms), letter.stored_at_ms)
    return (
        ts < latest - MAX_PAST_MS + PAST_SLACK_MS or ts > earliest + MAX_FUTURE_MS - FUTURE_SLACK_MS
    )
