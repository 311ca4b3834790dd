"""The store and its one writer.

`merge` is the only way in: it takes what consumers handed over, decides what is accepted, and
moves windows, raw events, late records, dead letters and offsets in one transaction. Anything
that fails inside it ends the process (see StoreFailed): memory and file would disagree, and a
restart from the file is always right.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import duckdb
import msgspec
import numpy as np

from streaming.alarms.book import Change
from streaming.declarations.specification import Declarations
from streaming.lab.messages import Ack, Handover, PaneRow, Position
from streaming.lab.producer_messages import ProducerStats
from streaming.scoring import AlarmScores, read, score
from streaming.shards.order import OrderBook
from streaming.shards.plan import StreamPlan
from streaming.store import writes
from streaming.store.analysis import Analysis
from streaming.store.declared import DeclaredStore, Make
from streaming.store.epochs import Epoch, Epochs, Measured
from streaming.store.file import StoreError, StoreFailed, StoreFile, unreadable
from streaming.store.ledger import Ledger, Progress, Shard
from streaming.store.result_views import make_views
from streaming.store.schema import TABLES
from streaming.store.writes import JournalRow
from streaming.windows.spec import PANE_S
from streaming.windows.state import StreamWindows, WindowRow

_DECLARED: Final = "declared"

__all__ = ["Counters", "Merged", "Store", "StoreError", "StoreFailed"]


class Merged(msgspec.Struct, frozen=True):
    """What one transaction did: an answer per handover, and its duration in milliseconds."""

    acks: tuple[Ack, ...]
    stored: int
    millis: float
    changes: tuple[Change, ...] = ()
    """Of alarms by event time."""


class Counters(msgspec.Struct):
    """Rows and records so far, over the store's whole life."""

    stored: int = 0
    windows_open: int = 0
    windows_final: int = 0
    late: int = 0
    dead_letters: int = 0
    refused: int = 0
    merges: int = 0


class Store(StoreFile):
    """Opens (or makes) the database file and merges into it. Not thread-safe: one writer."""

    def __init__(self, path: Path, streams: Sequence[str], lateness_ms: int) -> None:
        super().__init__(path)
        self.ledger = Ledger()
        self.counters = Counters()
        self.windows: dict[str, StreamWindows] = {}
        self.declared = DeclaredStore()
        self.remarks: list[str] = []
        """What the engine has to tell people, oldest first; whoever tells it takes it out."""
        self.analysis = Analysis(self.remarks.append)
        self.epochs = Epochs()
        self._books: dict[str, OrderBook] = {}
        try:
            self._check_version()
            self._con.execute(TABLES)
            self.lateness_ms = int(self.meta_default("lateness_ms", str(lateness_ms)))
            self._load(streams)
        except duckdb.Error as error:
            self._con.close()
            raise StoreError(unreadable(error, path)) from error
        except BaseException:
            self._con.close()
            raise

    def _watermark(self, stream: str) -> int | None:
        row = self._con.execute(
            "SELECT watermark_ms FROM watermarks WHERE stream = ?", [stream]
        ).fetchone()
        return int(row[0]) if row else None

    def _load(self, streams: Sequence[str]) -> None:
        for stream in streams:
            mark = self._watermark(stream)
            self.windows[stream] = StreamWindows(stream, self.lateness_ms, mark)
        rows = self._con.execute(
            "SELECT stream, shard, next_offset, acked_end, watermark_ms, records, bytes "
            "FROM offsets"
        ).fetchall()
        for stream, shard, *rest in rows:
            self.ledger.progress[stream, shard] = Progress(*rest)
        for stream, windows in self.windows.items():
            for row in self._open_panes(stream, windows.watermark_ms):
                windows.load(row)
        self.declared.load(self._con, self._watermarks())
        self.analysis.load(self._con, self.declared.plan, self.declarations())
        self.epochs.load(self._con)
        c = self.counters
        c.stored = sum(p.records for p in self.ledger.progress.values())
        c.windows_final = self._count("windows WHERE is_final")
        c.windows_open = self._count("windows WHERE NOT is_final")
        c.late, c.dead_letters = self._count("late_events"), self._count("dead_letters")

    def _open_panes(self, stream: str, watermark_ms: int | None) -> list[PaneRow]:
        """Panes whose 1 min window is not final: the only ones that may still be needed."""
        final_before = -(2**62) if watermark_ms is None else watermark_ms - self.lateness_ms
        rows = self._con.execute(
            """
            SELECT stream, epoch_ms(start_at), dim, key, n, total, lowest, highest, hll, buckets
            FROM windows
            WHERE stream = ? AND size_s = ?
              AND (epoch_ms(start_at) // 60000 + 1) * 60000 > ?
            """,
            [stream, PANE_S, final_before],
        ).fetchall()
        return [PaneRow(*row) for row in rows]

    # --- merging ----------------------------------------------------------------------------

    def merge(
        self,
        handovers: Sequence[tuple[str, Handover]],
        idle: Collection[Shard],
        producer: tuple[int, ProducerStats] | None = None,
        journal: Sequence[JournalRow] = (),
    ) -> Merged:
        """Store what is acceptable of `handovers` (consumer name, handover) in one transaction.

        `idle` shards do not hold the watermark back. `producer` is (incarnation, its latest
        numbers); `journal` rows are (seq, at_ms, level, kind, text). Raises StoreFailed.
        """
        with self._or_fail():
            return self._merge(handovers, idle, producer, journal)

    def _merge(
        self,
        handovers: Sequence[tuple[str, Handover]],
        idle: Collection[Shard],
        producer: tuple[int, ProducerStats] | None,
        journal: Sequence[JournalRow],
    ) -> Merged:
        started = time.perf_counter()
        accepted: list[Handover] = []
        acks: list[Ack] = []
        before = {shard: p.next_offset for shard, p in self.ledger.progress.items()}
        for _, handover in handovers:
            ack = self._admit(handover)
            acks.append(ack)
            if ack.ok:
                accepted.append(handover)
        if producer is not None:
            for acked in producer[1].acked_ends:
                progress = self.ledger.shard(acked.stream, acked.shard)
                progress.acked_end = max(progress.acked_end, acked.end)
        self._advance_watermarks(idle)
        self._judge(accepted)
        rows = [row for windows in self.windows.values() for row in windows.changes()]
        with self._transaction():
            self._write_progress(before)
            writes.write_windows(self._con, rows)
            late, dead = writes.write_records(self._con, accepted, self.epochs)
            finals = self.declared.write(self._con, accepted, self._watermarks())
            changes = self.analysis.write(self._con, self.declared, finals, accepted)
            self.epochs.write(self._con)
            if producer is not None:
                writes.write_generator(self._con, *producer)
            writes.write_journal(self._con, journal)
        self._count_windows(rows)
        stored = sum(part.records for handover in accepted for part in handover.ranges)
        self.counters.stored += stored
        self.counters.late += late
        self.counters.dead_letters += dead
        self.counters.refused += len(handovers) - len(accepted)
        self.counters.merges += 1
        millis = (time.perf_counter() - started) * 1000
        return Merged(tuple(acks), stored, millis, tuple(changes))

    def _admit(self, handover: Handover) -> Ack:
        refusal = self.ledger.check(handover)
        reason, stale = (refusal.reason, refusal.stale) if refusal else ("", False)
        if refusal is None:
            reason = self.declared.refusal(handover)
            for row in handover.panes:
                if self.windows[row.stream].is_final(row.start_ms):
                    reason = f"{row.stream}: a window of this handover is final already"
                    break
        if reason:
            return Ack(handover.seq, False, reason, stale)
        self.ledger.advance(handover)
        for stream, windows in self.windows.items():
            windows.merge(row for row in handover.panes if row.stream == stream)
        self.declared.merge(handover)
        return Ack(handover.seq, True)

    def _judge(self, accepted: Sequence[Handover]) -> None:
        """Count, per epoch, the records that come after a later one of their customer."""
        for handover in accepted:
            for run in handover.order:
                book = self._books.setdefault(run.stream, OrderBook())
                customers, sequences, offsets = (
                    np.frombuffer(column, dtype=np.int64)
                    for column in (run.customers, run.sequences, run.offsets)
                )
                for offset in offsets[book.inverted(customers, sequences)].tolist():
                    self.epochs.count_inversion(run.stream, run.shard, offset)

    def declare(self, make: Make, declared: Declarations, now_ms: int) -> bool:
        """Go by other windows, detectors and alarms from here on; whether anything is new.

        `make` makes the plan of the windows: see `DeclaredStore.follow`. Raises StoreFailed.
        """
        with self._or_fail(), self._transaction():
            new = self.declared.follow(self._con, make, self._watermarks(), now_ms)
            new = self.analysis.follow(self._con, self.declared.plan, declared) or new
            make_views(self._con, self.declared.plan, declared.score_columns())
            self._con.execute(
                "INSERT OR REPLACE INTO meta VALUES (?, ?)", [_DECLARED, declared.model_dump_json()]
            )
            return new

    def acknowledge(self, alarm: str, key: str | None) -> list[str]:
        """Say that somebody knows of an alarm; which were in ALARM. Raises StoreFailed."""
        book, ids = self.analysis.alarms.find(alarm, key)
        return self._people([id_ for id_ in ids if book.acknowledge(id_, "somebody")])

    def suppress(self, alarm: str, key: str | None, until_ms: int) -> list[str]:
        """No actions of an alarm until then; which there are. Raises StoreFailed."""
        book, ids = self.analysis.alarms.find(alarm, key)
        for id_ in ids:
            book.suppress(id_, until_ms)
        return self._people(ids)

    def _people(self, ids: Sequence[tuple[str, str]]) -> list[str]:
        if ids:
            with self._or_fail(), self._transaction():
                self.analysis.alarms.save(self._con)
        return [" ".join(id_).strip() for id_ in ids]

    def alarm_scores(self) -> AlarmScores:
        """How good the alarms by event time were, by what was planted."""
        return score(*read(self._con))

    def declarations(self) -> Declarations:
        """What the lab declares, as it was last said."""
        row = self._con.execute("SELECT value FROM meta WHERE name = ?", [_DECLARED]).fetchone()
        return Declarations.model_validate_json(row[0]) if row else Declarations()

    def _watermarks(self) -> dict[str, int | None]:
        return {stream: windows.watermark_ms for stream, windows in self.windows.items()}

    def begin_epoch(self, epoch: Epoch, measured: Measured | None) -> None:
        """A stream has another plan from here on; see `Epochs.begin`. Raises StoreFailed."""
        with self._or_fail(), self._transaction():
            self.epochs.begin(self._con, epoch, measured)

    def replan(self, plan: StreamPlan) -> None:
        """Keep a plan whose records find the same shards as before. Raises StoreFailed."""
        with self._or_fail(), self._transaction():
            self.epochs.replan(self._con, plan)

    def position(self, stream: str, shard: int) -> Position:
        """Where the reading of a shard has to go on."""
        return self.ledger.position(stream, shard, self.windows[stream].watermark_ms)

    def newest_event_ms(self) -> int | None:
        """The latest event time of any stored record."""
        marks = [p.watermark_ms for p in self.ledger.progress.values()]
        return max((mark for mark in marks if mark is not None), default=None)

    def lowest_watermark(self, stream: str, idle: Collection[Shard]) -> int | None:
        """The minimum over the stream's shards that are not idle; None when it is unknown."""
        marks = [
            progress.watermark_ms
            for (name, shard), progress in self.ledger.progress.items()
            if name == stream and (name, shard) not in idle
        ]
        if not marks or any(mark is None for mark in marks):
            return None
        return min(mark for mark in marks if mark is not None)

    def watermark_moves(self, idle: Collection[Shard]) -> bool:
        """Whether a merge without handovers would close windows or move a watermark."""
        for stream, windows in self.windows.items():
            mark = self.lowest_watermark(stream, idle)
            if mark is not None and mark > (windows.watermark_ms or -(2**62)):
                return True
        return False

    def skip_to(self, stream: str, shard: int, offset: int) -> int:
        """Go on at `offset`: what is before it is no longer in the log. Returns how many are gone.

        Memory and file move together; a range from the old place is refused from now on. Raises
        StoreFailed.
        """
        progress = self.ledger.shard(stream, shard)
        gone = offset - progress.next_offset
        if gone <= 0:
            return 0
        before = {key: p.next_offset for key, p in self.ledger.progress.items()}
        with self._or_fail(), self._transaction():
            progress.next_offset = offset
            self._write_progress(before)
        return gone

    def _advance_watermarks(self, idle: Collection[Shard]) -> None:
        for stream, windows in self.windows.items():
            mark = self.lowest_watermark(stream, idle)
            if mark is not None:
                windows.advance(mark)

    def _write_progress(self, before: dict[Shard, int]) -> None:
        writes.write_offsets(self._con, self.ledger.progress, before)
        writes.write_watermarks(self._con, self.windows.values())

    def _count_windows(self, rows: Sequence[WindowRow]) -> None:
        self.counters.windows_final += sum(row.is_final for row in rows)
        self.counters.windows_open = sum(
            len(groups)
            for windows in self.windows.values()
            for start, groups in windows.panes.items()
            if not windows.is_final(start)
        )
