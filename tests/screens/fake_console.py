"""A console that asks nobody: results made by hand, and threads that wait until they are told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from streaming.lab.commands import Command, CopyStore, Reply
from streaming.store.catalogue import Catalogue, Table
from streaming.store.exported import Exported, ExportError
from streaming.store.jail import CANCELLED, Leash, SqlResult
from tests.screens.fake_link import FakeLink
from tui.console.asking import PAGE_ROWS

CATALOGUE = Catalogue(
    (
        Table("dead_letters", (("reason", "VARCHAR"), ("offset", "BIGINT"))),
        Table("windows", (("stream", "VARCHAR"), ("start_at", "TIMESTAMP"), ("n", "BIGINT"))),
        Table("w_visits", (("key", "VARCHAR"), ("clicks", "BIGINT")), is_view=True),
    )
)
COLUMNS = ("start_at", "key", "n", "share", "why")
TYPES = ("TIMESTAMP", "VARCHAR", "BIGINT", "DOUBLE", "VARCHAR")
TOTAL = 1234


def rows(offset: int, count: int) -> tuple[tuple[str | None, ...], ...]:
    words = ("", None, "ordinary", "a long reason that goes on and on beyond its column's width")
    return tuple(
        (f"2026-09-24 12:{i // 60 % 60:02}:{i % 60:02}", f"key-{i % 7}", str(i * 37),
         f"{i / 8:.3f}", words[i % len(words)])
        for i in range(offset, offset + count)
    )  # fmt: skip


class FakeAsker:
    """Answers at once, or when `may_answer` is set; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, int]] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.result: SqlResult | None = None
        self.total: int | None = TOTAL
        self.error = ""

    def page(self, db: Path, sql: str, offset: int, leash: Leash) -> SqlResult:
        self.asked.append((db.name, sql, offset))
        while not self.may_answer.wait(0.01):
            if leash.cancelled:
                return SqlResult(error=CANCELLED)
        if self.result is not None:
            return self.result
        count = min(PAGE_ROWS, TOTAL - offset)
        return SqlResult(COLUMNS, TYPES, rows(offset, count), offset + count < TOTAL, 0.42)

    def count(self, db: Path, sql: str, leash: Leash) -> int | None:
        return self.total

    def catalogue(self, db: Path) -> Catalogue | None:
        return CATALOGUE

    def export(
        self, db: Path, sql: str, target: Path, replace: bool, leash: Leash,
        progress: Callable[[int], None],
    ) -> Exported:  # fmt: skip
        progress(700)
        while not self.may_answer.wait(0.01):
            if leash.cancelled:
                raise ExportError(CANCELLED)
        if self.error:
            raise ExportError(self.error)
        target.write_text("written")
        return Exported(target, TOTAL, 7)


class CopyLink(FakeLink):
    """Makes a file whenever a copy of the store is asked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.refuse = ""
        self.copies = 0

    async def send(self, command: Command) -> Reply:
        if not isinstance(command, CopyStore):
            return await super().send(command)
        self.sent.append(command)
        if self.refuse:
            return Reply(False, self.refuse)
        self.copies += 1
        path = self.folder / f"copy-{self.copies}.duckdb"
        path.write_bytes(b"x" * 6_300_000)
        return Reply(True, "copied", str(path))

    @property
    def left(self) -> list[str]:
        """The copies that nobody has removed."""
        return sorted(path.name for path in self.folder.glob("copy-*"))


def give(monkeypatch: Any, asker: Any) -> None:
    """Let every console ask this one."""
    monkeypatch.setattr("tui.screens.console.ConsoleScreen.ASKER", lambda: asker)
