"""The database file: opened and checked, its settings, the lab's own rows, copies of it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import duckdb

from streaming.store.retention import retain_scores
from streaming.store.schema import META, SCHEMA_VERSION

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


class StoreFile:
    """One DuckDB file and the one connection that writes to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._con = _open(path)
        self._failed = False
        self._copying = threading.Lock()

    # --- care -------------------------------------------------------------------------------

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

    # --- the lab's own rows -----------------------------------------------------------------

    def _count(self, what: str) -> int:
        row = self._con.execute(f"SELECT count(*) FROM {what}").fetchone()  # noqa: S608
        return int(row[0]) if row else 0

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

    def retain(self, keep_ms: int, keep_rows: int) -> list[str]:
        """Delete what is too old, or too much, and tell of it, a line each. Raises StoreFailed."""
        gone = self.retain_orders(keep_ms, keep_rows)
        with self._or_fail(), self._transaction():
            scores, changes = retain_scores(self._con, keep_ms)
        counted = {"raw events": gone, "scores": scores, "changes of alarms": changes}
        return [f"{count} old {what} were deleted" for what, count in counted.items() if count]

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

    # --- the file as a whole ----------------------------------------------------------------

    def copy_to(self, path: Path, con: duckdb.DuckDBPyConnection | None = None) -> None:
        """Write a consistent copy that other processes may open.

        With a connection of its own (see `reader`) this runs in any thread, and transactions go on
        meanwhile; one copy at a time. What is there of a copy that failed is removed.
        """
        con = con or self._con
        with self._copying:
            self._remove(path)
            name = con.execute("SELECT current_database()").fetchone()
            source = str(name[0]).replace('"', '""') if name else ""
            quoted = str(path).replace("'", "''")
            con.execute(f"ATTACH '{quoted}' AS copy")
            done = False
            try:
                con.execute(f'COPY FROM DATABASE "{source}" TO copy')
                done = True
            finally:
                con.execute("DETACH copy")
                if not done:
                    self._remove(path)

    @staticmethod
    def _remove(path: Path) -> None:
        """Remove a copy and its log, which would be replayed into the next one."""
        for part in (path, path.with_name(path.name + ".wal")):
            part.unlink(missing_ok=True)

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
        raise StoreError(unreadable(error, path)) from error
    except duckdb.Error as error:
        raise StoreError(unreadable(error, path)) from error
    con.execute("SET enable_progress_bar = false")
    con.execute("SET python_enable_replacements = false")
    return con


def unreadable(error: Exception, path: Path) -> str:
    """What to say of a file that cannot be read."""
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
