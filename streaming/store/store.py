"""The DuckDB store and its one writer.

`merge` is the only way in: it takes what consumers handed over, decides what is accepted, and
moves windows, raw events, late records, dead letters and offsets in one transaction. Anything
that fails inside it ends the process (see StoreFailed): memory and file would disagree, and a
restart from the file is always right.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import duckdb
import msgspec

from streaming.lab.messages import Ack, Handover, PaneRow, Position, ProducerStats
from streaming.store import tables
from streaming.store.ledger import Ledger, Progress, Shard
from streaming.store.schema import META, SCHEMA_VERSION, TABLES
from streaming.windows.spec import PANE_S
from streaming.windows.state import StreamWindows, WindowRow

log: Final = logging.getLogger(__name__)

_CONFIG: Final = {
    "memory_limit": "512MB",
    "threads": "1",
    "checkpoint_threshold": "16MB",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


class StoreError(Exception):
    """The store cannot be opened; the text says what, why and what to do."""


class StoreFailed(Exception):
    """A transaction failed. The process must end; what is in the file is consistent."""


class Merged(msgspec.Struct, frozen=True):
    """What one transaction did: an answer per handover, and its duration in milliseconds."""

    acks: tuple[Ack, ...]
    stored: int
    millis: float


class Counters(msgspec.Struct):
    """Rows and records so far, over the store's whole life."""

    stored: int = 0
    windows_open: int = 0
    windows_final: int = 0
    late: int = 0
    dead_letters: int = 0
    refused: int = 0
    merges: int = 0


class Store:
    """Opens (or makes) the database file and merges into it. Not thread-safe: one writer."""

    def __init__(self, path: Path, streams: Sequence[str], lateness_ms: int) -> None:
        self.path = path
        self._con = _open(path)
        self.ledger = Ledger()
        self.counters = Counters()
        self.windows: dict[str, StreamWindows] = {}
        self._failed = False
        try:
            self._check_version()
            self._con.execute(TABLES)
            self.lateness_ms = int(self.meta_default("lateness_ms", str(lateness_ms)))
            self._load(streams)
        except duckdb.Error as error:
            self._con.close()
            raise StoreError(_unreadable(error, path)) from error
        except BaseException:
            self._con.close()
            raise

    # --- opening ----------------------------------------------------------------------------

    def _check_version(self) -> None:
        """Look before anything is written: another version's file stays as it is."""
        self._con.execute(META)
        version = self.meta_default("schema_version", str(SCHEMA_VERSION))
        if version != str(SCHEMA_VERSION):
            raise StoreError(
                f"{self.path} was written by another version of dasprep-tui "
                f"(tables {version}, this one knows {SCHEMA_VERSION}). "
                "Use that version, or choose another folder with --data-dir."
            )

    def meta_default(self, name: str, value: str) -> str:
        """The stored setting, which wins over `value` (kept when there is none yet)."""
        self._con.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", [name, value])
        row = self._con.execute("SELECT value FROM meta WHERE name = ?", [name]).fetchone()
        return str(row[0]) if row else value

    def set_meta(self, name: str, value: str) -> None:
        """Keep a setting beside the data."""
        self._con.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, value])

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
            SELECT stream, epoch_ms(start_at), dim, key, n, total, lowest, highest, hll, kll
            FROM windows
            WHERE stream = ? AND size_s = ?
              AND (epoch_ms(start_at) // 60000 + 1) * 60000 > ?
            """,
            [stream, PANE_S, final_before],
        ).fetchall()
        return [PaneRow(*row) for row in rows]

    def _count(self, what: str) -> int:
        row = self._con.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608
        return int(row[0]) if row else 0

    # --- merging ----------------------------------------------------------------------------

    def merge(
        self,
        handovers: Sequence[tuple[str, Handover]],
        idle: Collection[Shard],
        producer: tuple[int, ProducerStats] | None = None,
        journal: Sequence[tuple[int, int, str, str, str]] = (),
    ) -> Merged:
        """Store what is acceptable of `handovers` (consumer name, handover) in one transaction.

        `idle` shards do not hold the watermark back. `producer` is (incarnation, its latest
        numbers); `journal` rows are (seq, at_ms, level, kind, text). Raises StoreFailed.
        """
        with self._or_fail():
            return self._merge(handovers, idle, producer, journal)

    @contextlib.contextmanager
    def _or_fail(self) -> Iterator[None]:
        """Whatever fails, memory may be ahead of the file: nothing may be written after it."""
        if self._failed:
            raise StoreFailed(f"The store {self.path} failed before; start again from its file.")
        try:
            yield
        except Exception as error:
            self._failed = True
            raise StoreFailed(_explain(error, self.path)) from error

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._con.execute("BEGIN")
        try:
            yield
            self._con.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                self._con.execute("ROLLBACK")
            raise

    def _merge(
        self,
        handovers: Sequence[tuple[str, Handover]],
        idle: Collection[Shard],
        producer: tuple[int, ProducerStats] | None,
        journal: Sequence[tuple[int, int, str, str, str]],
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
        rows = [row for windows in self.windows.values() for row in windows.changes()]
        with self._transaction():
            self._write_offsets(before)
            self._write_windows(rows)
            self._write_rows(accepted)
            self._write_lab(producer, journal)
        stored = sum(part.records for handover in accepted for part in handover.ranges)
        self.counters.stored += stored
        self.counters.refused += len(handovers) - len(accepted)
        self.counters.merges += 1
        millis = (time.perf_counter() - started) * 1000
        return Merged(tuple(acks), stored, millis)

    def _admit(self, handover: Handover) -> Ack:
        refusal = self.ledger.check(handover)
        reason, stale = (refusal.reason, refusal.stale) if refusal else ("", False)
        if refusal is None:
            for row in handover.panes:
                if self.windows[row.stream].is_final(row.start_ms):
                    reason = f"{row.stream}: a window of this handover is final already"
                    break
        if reason:
            return Ack(handover.seq, False, reason, stale)
        self.ledger.advance(handover)
        for stream, windows in self.windows.items():
            windows.merge(row for row in handover.panes if row.stream == stream)
        return Ack(handover.seq, True)

    def position(self, stream: str, shard: int) -> Position:
        """Where the reading of a shard has to go on."""
        return self.ledger.position(stream, shard, self.windows[stream].watermark_ms)

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
            self._write_offsets(before)
        return gone

    def _advance_watermarks(self, idle: Collection[Shard]) -> None:
        for stream, windows in self.windows.items():
            mark = self.lowest_watermark(stream, idle)
            if mark is not None:
                windows.advance(mark)

    def _write_offsets(self, before: dict[Shard, int]) -> None:
        """Compare and set: the file's offsets must be where memory believes they are."""
        rows = [
            (s, n, before.get((s, n), 0), p.next_offset, p.acked_end, p.watermark_ms, p.records,
             p.bytes)
            for (s, n), p in self.ledger.progress.items()
        ]  # fmt: skip
        if not rows:
            return
        moved = tables.table(tables.OFFSETS, rows)
        self._con.register("moved", moved)
        self._con.execute(
            "INSERT INTO offsets SELECT stream, shard, first, 0, NULL, 0, 0 FROM moved "
            "WHERE NOT EXISTS (FROM offsets o WHERE o.stream = moved.stream "
            "AND o.shard = moved.shard)"
        )
        changed = self._con.execute(
            "UPDATE offsets SET next_offset = m.next_offset, acked_end = m.acked_end, "
            "watermark_ms = m.watermark_ms, records = m.records, bytes = m.bytes FROM moved m "
            "WHERE offsets.stream = m.stream AND offsets.shard = m.shard "
            "AND offsets.next_offset = m.first"
        ).fetchone()
        self._con.unregister("moved")
        if changed is None or changed[0] != len(rows):
            raise duckdb.Error("the stored offsets are not where this engine left them")
        self._write_watermarks()

    def _write_watermarks(self) -> None:
        for stream, windows in self.windows.items():
            if windows.watermark_ms is not None:
                self._con.execute(
                    "INSERT OR REPLACE INTO watermarks VALUES (?, ?)",
                    [stream, windows.watermark_ms],
                )

    def _write_windows(self, rows: list[WindowRow]) -> None:
        if rows:
            self._insert("windows", tables.window_table(rows), "INSERT OR REPLACE")
        c = self.counters
        c.windows_final += sum(row.is_final for row in rows)
        c.windows_open = sum(
            len(groups)
            for windows in self.windows.values()
            for start, groups in windows.panes.items()
            if not windows.is_final(start)
        )

    def _write_rows(self, accepted: Sequence[Handover]) -> None:
        late = [row for handover in accepted for row in handover.late]
        dead = [row for handover in accepted for row in handover.dead]
        raw = [row for handover in accepted for row in handover.raw]
        if late:
            self._insert("late_events", tables.late_table(late))
        if dead:
            self._insert("dead_letters", tables.dead_table(dead, int(time.time() * 1000)))
        if raw:
            orders, clicks = tables.raw_tables(raw)
            self._insert("events_orders", orders)
            self._insert("events_clicks", clicks)
        self.counters.late += len(late)
        self.counters.dead_letters += len(dead)

    def _write_lab(
        self,
        producer: tuple[int, ProducerStats] | None,
        journal: Sequence[tuple[int, int, str, str, str]],
    ) -> None:
        if producer is not None:
            number, stats = producer
            self._con.execute(
                "UPDATE producers SET produced = ?, acked = ? WHERE incarnation = ?",
                [stats.produced, stats.acked, number],
            )
            self._con.execute("DELETE FROM ground_truth WHERE incarnation = ?", [number])
            for t in stats.truth:
                self._con.execute(
                    "INSERT INTO ground_truth VALUES "
                    "(?, ?, make_timestamp_ms(?), make_timestamp_ms(?), ?, ?, ?)",
                    [number, t.kind, t.start_ms, t.end_ms, t.intensity, t.target, t.records],
                )
        for seq, at_ms, level, kind, text in journal:
            self._con.execute(
                "INSERT INTO journal VALUES (?, make_timestamp_ms(?), ?, ?, ?)",
                [seq, at_ms, level, kind, text],
            )

    def _insert(self, name: str, rows: Any, verb: str = "INSERT") -> None:
        if not rows.num_rows:
            return
        self._con.register("incoming", rows)
        self._con.execute(f"{verb} INTO {name} SELECT * FROM incoming")  # noqa: S608
        self._con.unregister("incoming")

    # --- the lab's own rows -----------------------------------------------------------------

    def new_incarnation(self, now_ms: int) -> int:
        """Register a start of the generators; returns its number, 0 for the first."""
        number = self._count("producers")
        self._con.execute(
            "INSERT INTO producers VALUES (?, make_timestamp_ms(?), 0, 0)", [number, now_ms]
        )
        return number

    def produced_before(self, incarnation: int) -> tuple[int, int]:
        """Records produced and acknowledged by earlier starts of the generators."""
        row = self._con.execute(
            "SELECT coalesce(sum(produced), 0)::BIGINT, coalesce(sum(acked), 0)::BIGINT "
            "FROM producers WHERE incarnation < ?",
            [incarnation],
        ).fetchone()
        return (int(row[0]), int(row[1])) if row else (0, 0)

    def last_journal(self, count: int) -> list[tuple[int, int, str, str, str]]:
        """The newest journal rows, oldest first."""
        rows = self._con.execute(
            "SELECT seq, epoch_ms(happened_at), level, kind, text FROM journal "
            "ORDER BY seq DESC LIMIT ?",
            [count],
        ).fetchall()
        return [(int(s), int(a), str(lv), str(k), str(t)) for s, a, lv, k, t in reversed(rows)]

    def retain_orders(self, keep_ms: int, keep_rows: int) -> int:
        """Delete raw events beyond their age (by the newest event) or number; returns how many.

        What was deleted is remembered in `meta`, so that `verify` asks only for what is kept.
        Raises StoreFailed.
        """
        with self._or_fail(), self._transaction():
            return self._retain(keep_ms, keep_rows)

    def _retain(self, keep_ms: int, keep_rows: int) -> int:
        deleted = 0
        for name in ("orders", "clicks"):
            row = self._con.execute(
                f"SELECT count(*), epoch_ms(max(event_at)) FROM events_{name}"  # noqa: S608
            ).fetchone()
            if row is None or row[0] == 0:
                continue
            cut = row[1] - keep_ms
            if row[0] > keep_rows:
                nth = self._con.execute(
                    f"SELECT epoch_ms(event_at) FROM events_{name} "  # noqa: S608
                    "ORDER BY event_at DESC OFFSET ? LIMIT 1",
                    [keep_rows],
                ).fetchone()
                cut = max(cut, nth[0] + 1 if nth else cut)
            gone = self._con.execute(
                f"DELETE FROM events_{name} WHERE event_at < make_timestamp_ms(?)",  # noqa: S608
                [cut],
            ).fetchone()
            if gone and gone[0]:
                deleted += int(gone[0])
                # An earlier, stricter limit has deleted more than this one: it still holds.
                earlier = self.meta_default(f"{name}_retained_from_ms", str(cut))
                self.set_meta(f"{name}_retained_from_ms", str(max(cut, int(earlier))))
        return deleted

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy that other processes may open."""
        path.unlink(missing_ok=True)
        # A copy that was cut short leaves its log, which would be replayed into this one.
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
        quoted = str(path).replace("'", "''")
        name = self._con.execute("SELECT current_database()").fetchone()
        source = str(name[0]).replace('"', '""') if name else ""
        self._con.execute(f"ATTACH '{quoted}' AS copy")
        try:
            self._con.execute(f'COPY FROM DATABASE "{source}" TO copy')
        finally:
            self._con.execute("DETACH copy")

    def reader(self) -> duckdb.DuckDBPyConnection:
        """A second connection to the same database, for short reads."""
        return self._con.cursor()

    def size_bytes(self) -> int:
        """Size of the file and its write-ahead log."""
        total = 0
        for path in (self.path, self.path.with_name(self.path.name + ".wal")):
            if path.exists():
                total += path.stat().st_size
        return total

    def close(self) -> None:
        """Checkpoint and close."""
        self._con.close()


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        con = duckdb.connect(str(path), config=dict(_CONFIG))
    except duckdb.IOException as error:
        text = str(error)
        if "Could not set lock" in text:
            raise StoreError(
                f"The store {path} is in use by another process ({text.splitlines()[0]}). "
                "End that process, or choose another folder with --data-dir."
            ) from error
        if _is_full(error):
            raise StoreError(_explain(error, path)) from error
        raise StoreError(_unreadable(error, path)) from error
    except duckdb.Error as error:
        raise StoreError(_unreadable(error, path)) from error
    con.execute("SET enable_progress_bar = false")
    con.execute("SET python_enable_replacements = false")
    return con


def _unreadable(error: Exception, path: Path) -> str:
    return (
        f"The store {path} cannot be read: {_first_line(error)} "
        "Move the file away (the log is kept and will be read again) or choose another "
        "folder with --data-dir."
    )


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _is_full(error: Exception) -> bool:
    return "No space left" in str(error) or "not enough space" in str(error).lower()


def _explain(error: Exception, path: Path) -> str:
    text = _first_line(error)
    if not isinstance(error, duckdb.Error):
        text = f"{type(error).__name__}: {text}"
    if _is_full(error):
        return (
            f"The disk of {path.parent} is full, so the store could not be written ({text}). "
            "Nothing was acknowledged that is not stored. Free some space and start again."
        )
    return f"The store {path} could not be written: {text}"
