"""What a consumer has read and not yet handed over, shard by shard."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

import msgspec

from generators.wire import CLICKS, ORDERS
from streaming.consumer.batches import FetchedBatch
from streaming.consumer.unpacking import take_apart
from streaming.lab.messages import (
    DeadRow,
    Handover,
    LateRow,
    OrderRun,
    Position,
    Range,
    RawRow,
    SetLateRow,
)
from streaming.store.ledger import Shard
from streaming.windows.columns import NEVER, PaneColumns
from streaming.windows.panes import StreamPanes
from streaming.windows.part import sub_of
from streaming.windows.plan import WindowPlan


class _Reading(msgspec.Struct):
    """One shard since the last claim; `first` starts the next range, `next` is the next record."""

    first: int
    next: int
    watermark_ms: int
    floor_ms: int
    records: int = 0
    bytes: int = 0


class Collector:
    """Turns batches into handovers. Knows nothing of Kafka's group nor of the engine.

    `now_ms` tells event time, against which events are believed or not.
    """

    def __init__(
        self,
        streams: Collection[str],
        lateness_ms: int,
        *,
        store_clicks: bool,
        now_ms: Callable[[], int] = lambda: int(time.time() * 1000),
    ) -> None:
        self._now_ms = now_ms
        self._panes: dict[str, StreamPanes] = {}
        self._plan = 0
        self._set_late: list[SetLateRow] = []
        self._columns = {stream: PaneColumns(stream, lateness_ms) for stream in streams}
        self._kept_raw = {ORDERS, CLICKS} if store_clicks else {ORDERS}
        self._shards: dict[Shard, _Reading] = {}
        self._late: list[LateRow] = []
        self._dead: list[DeadRow] = []
        self._raw: list[RawRow] = []
        self._sent: Counter[int] = Counter()
        self._order: list[OrderRun] = []

    @property
    def shards(self) -> tuple[Shard, ...]:
        """The shards that are read."""
        return tuple(self._shards)

    @property
    def plan(self) -> int:
        """The number of the windows' plan that it goes by."""
        return self._plan

    @property
    def records(self) -> int:
        """Records collected and not yet in a handover."""
        return sum(columns.count for columns in self._columns.values())

    def begin(self, positions: Collection[Position]) -> None:
        """Forget everything and read these shards from where the store stands."""
        self.end()
        for p in positions:
            self._shards[p.stream, p.shard] = _Reading(
                p.next,
                p.next,
                NEVER if p.watermark_ms is None else p.watermark_ms,
                NEVER if p.floor_ms is None else p.floor_ms,
            )

    def end(self) -> None:
        """Forget everything, shards included."""
        self.drop()
        self._shards.clear()

    def drop(self) -> None:
        """Forget the records that were not handed over; they will be read again."""
        for columns in self._columns.values():
            columns.clear()
        self._late, self._dead, self._raw = [], [], []
        self._sent.clear()
        self._order = []
        for panes in self._panes.values():
            panes.clear()
        self._set_late = []

    def follow(self, plan: WindowPlan) -> None:
        """Go by these windows from now on; what is collected is forgotten (hand it over first)."""
        self.drop()
        if plan.number == self._plan:
            return
        self._plan = plan.number
        self._panes = {stream: StreamPanes(stream, plan) for stream in self._columns}

    def absorb(self, stream: str, batch: FetchedBatch) -> int | None:
        """Take a batch. Returns the offset to seek to when it is not the expected one."""
        reading = self._shards.get((stream, batch.partition))
        if reading is None:
            return None
        if batch.first != reading.next:
            return reading.next
        records, dropped = take_apart(stream, batch.partition, batch.records)
        done = self._columns[stream].add(
            batch.partition,
            records,
            reading.watermark_ms,
            reading.floor_ms,
            self._now_ms(),
        )
        if self._plan:
            self._set_late += self._panes[stream].add(
                batch.partition,
                done.events,
                done.records,
                max(reading.watermark_ms, reading.floor_ms),
            )
        self._late += done.late
        self._dead += done.dead + dropped
        self._keep_raw(stream, batch.partition, records, done.dead)
        if done.order is not None:
            self._order.append(done.order)
        self._sent.update(record.timestamp // 10 * 10 for record in records)
        reading.next = batch.next
        reading.watermark_ms = done.watermark_ms
        reading.records += len(records) + len(dropped)
        reading.bytes += batch.bytes
        return None

    def _keep_raw(
        self, stream: str, shard: int, records: Sequence[Any], dead: list[DeadRow]
    ) -> None:
        if stream in self._kept_raw:
            bad = {(row.offset, row.sub) for row in dead}
            self._raw += [
                RawRow(stream, shard, record.offset, record.value, sub_of(record))
                for record in records
                if not bad or (record.offset, sub_of(record)) not in bad
            ]

    def hand_over(self, claim: int, seq: int) -> Handover | None:
        """Everything since the last one; None when nothing was read."""
        moved = {shard: r for shard, r in self._shards.items() if r.next > r.first}
        if not moved:
            return None
        handover = Handover(
            claim=claim,
            seq=seq,
            ranges=tuple(_range(shard, reading) for shard, reading in moved.items()),
            panes=[row for columns in self._columns.values() for row in columns.fold()],
            late=self._late,
            dead=self._dead,
            raw=self._raw,
            sent_ms=list(self._sent.items()),
            order=tuple(self._order),
            plan=self._plan,
            sets=[row for panes in self._panes.values() for row in panes.fold()],
            set_late=self._set_late,
        )
        for reading in moved.values():
            reading.first, reading.records, reading.bytes = reading.next, 0, 0
        self.drop()
        return handover


def _range(shard: Shard, reading: _Reading) -> Range:
    mark = None if reading.watermark_ms == NEVER else reading.watermark_ms
    return Range(*shard, reading.first, reading.next, mark, reading.records, reading.bytes)
