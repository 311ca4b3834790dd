"""What the console asks of a copy of the store; every query runs in the locked-down process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from streaming.store.catalogue import Catalogue, read_catalogue
from streaming.store.exported import Exported, format_of
from streaming.store.jail import (
    MEMORY_MB,
    TIMEOUT_S,
    Leash,
    SqlResult,
    count_sql,
    run_sql,
)

PAGE_ROWS: Final = 200
"""Rows of a page: what is fetched and held at once."""

LIMITS: Final = f"limits: {TIMEOUT_S:g} s, {MEMORY_MB} MiB, {PAGE_ROWS} rows a page"


class Asker(Protocol):
    """The ways to ask. All block, none raises for what a query does but `export` (ExportError)."""

    def page(self, db: Path, sql: str, offset: int, leash: Leash) -> SqlResult:
        """At most `PAGE_ROWS` rows, from the one at `offset` on."""
        ...

    def count(self, db: Path, sql: str, leash: Leash) -> int | None:
        """How many rows there are; None when that takes too long."""
        ...

    def catalogue(self, db: Path) -> Catalogue | None:
        """Tables and columns; None when they cannot be read."""
        ...

    def export(
        self,
        db: Path,
        sql: str,
        target: Path,
        replace: bool,
        leash: Leash,
        progress: Callable[[int], None],
    ) -> Exported:
        """Write all rows to a file."""
        ...


class JailAsker:
    """Asks in the jail."""

    def page(self, db: Path, sql: str, offset: int, leash: Leash) -> SqlResult:
        """At most `PAGE_ROWS` rows, from the one at `offset` on."""
        return run_sql(db, sql, max_rows=PAGE_ROWS, offset=offset, leash=leash)

    def count(self, db: Path, sql: str, leash: Leash) -> int | None:
        """How many rows there are; None when that takes too long."""
        return count_sql(db, sql, leash=leash)

    def catalogue(self, db: Path) -> Catalogue | None:
        """Tables and columns; None when they cannot be read."""
        return read_catalogue(db)

    def export(
        self,
        db: Path,
        sql: str,
        target: Path,
        replace: bool,
        leash: Leash,
        progress: Callable[[int], None],
    ) -> Exported:
        """Write all rows to a file."""
        from streaming.store.export import export

        kind = format_of(target)
        return export(db, sql, target, kind=kind, replace=replace, leash=leash, progress=progress)
