"""The queries that were run, kept between starts: one JSON string a line, the newest last."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Final

from streaming.store.jail import MAX_SQL_CHARS

KEPT: Final = 200
FILE: Final = "sql-history.jsonl"
_MOST_BYTES: Final = 8 * 1024 * 1024


class History:
    """Goes through earlier queries as a shell does; what was being typed comes after the newest."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._queries: list[str] = []
        self._place: int | None = None
        self._draft = ""

    def load(self) -> None:
        """Read the file; what is no query in it is passed over. Blocks."""
        try:
            with self._path.open("rb") as file:
                lines = file.read(_MOST_BYTES).splitlines()
        except OSError:
            return
        found = [query for line in lines if (query := _query(line))]
        self._queries = [*found, *self._queries][-KEPT:]
        if len(lines) > 2 * KEPT:
            self._shorten(found[-KEPT:])

    def _shorten(self, queries: list[str]) -> None:
        draft = self._path.with_suffix(".new")
        try:
            with _private(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as file:
                file.writelines(json.dumps(query).encode() + b"\n" for query in queries)
            draft.replace(self._path)
        except OSError:
            return

    def add(self, query: str) -> bool:
        """Remember a query; False when it was the last one anyway."""
        self._place = None
        if self._queries and self._queries[-1] == query:
            return False
        self._queries = [*self._queries, query][-KEPT:]
        return True

    def save(self, query: str) -> str:
        """Write it behind the others; returns why that failed, "" if it did not. Blocks."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _private(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as file:
                file.write(json.dumps(query).encode() + b"\n")
        except OSError as error:
            return f"the history cannot be written: {error.strerror or error}"
        return ""

    def step(self, step: int, typed: str) -> str | None:
        """The query before (-1) or after (1) the one shown; None where there is no other."""
        place = len(self._queries) if self._place is None else self._place
        if self._place is None:
            self._draft = typed
        place += step
        if not 0 <= place <= len(self._queries):
            return None
        if place == len(self._queries):
            if self._place is None:
                return None
            self._place = None
            return self._draft
        self._place = place
        return self._queries[place]

    def leave(self) -> None:
        """Somebody typed: the next step begins at the newest query."""
        self._place = None


def _query(line: bytes) -> str:
    try:
        query = json.loads(line)
    except ValueError:
        return ""
    return query if isinstance(query, str) and len(query) <= MAX_SQL_CHARS else ""


def _private(path: Path, flags: int) -> IO[bytes]:
    """Open for this user alone: queries may say what somebody looks for."""
    return os.fdopen(os.open(path, flags, 0o600), "wb")
