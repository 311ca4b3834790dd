"""Which tables and views a store has, and their columns: what can be completed in a query."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

from streaming.store.jail import Leash, run_sql

MOST_COLUMNS: Final = 3000

_QUERY: Final = """
SELECT c.table_name, v.view_name IS NOT NULL, c.column_name, c.data_type
FROM duckdb_columns() c LEFT JOIN duckdb_views() v
    ON v.view_oid = c.table_oid AND NOT v.internal
WHERE NOT c.internal ORDER BY c.table_name, c.column_index
"""


class Table(msgspec.Struct, frozen=True):
    """A table, or a view such as those of the declared windows; columns with their types."""

    name: str
    columns: tuple[tuple[str, str], ...]
    is_view: bool = False


class Catalogue(msgspec.Struct, frozen=True):
    """All tables by name. Names of declared windows come from people: they may be any text."""

    tables: tuple[Table, ...] = ()

    def table(self, name: str) -> Table | None:
        """The table of this name, in capitals or not, as DuckDB takes it."""
        return next((t for t in self.tables if t.name.lower() == name.lower()), None)


def read_catalogue(db_path: Path, leash: Leash | None = None) -> Catalogue | None:
    """The catalogue of a database file, read in the jail; None when it cannot be read."""
    result = run_sql(db_path, _QUERY, max_rows=MOST_COLUMNS, leash=leash)
    if result.error is not None:
        return None
    found: dict[str, tuple[bool, list[tuple[str, str]]]] = {}
    for name, is_view, column, kind in result.rows:
        columns = found.setdefault(name or "", (is_view == "true", []))[1]
        columns.append((column or "", kind or ""))
    return Catalogue(
        tuple(Table(name, tuple(cols), is_view) for name, (is_view, cols) in found.items())
    )
