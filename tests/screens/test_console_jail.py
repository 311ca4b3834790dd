"""The console with its real jail: what is refused, what is killed, and what is written."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest

from streaming.lab.commands import Command, CopyStore, Reply
from streaming.store import jail
from tests.screens.conftest import Hand, Runner
from tests.screens.fake_link import FakeLink
from tests.screens.test_console import console, exported, quiet, run

WRITING = (
    "INSERT INTO t VALUES (1)",
    "WITH x AS (INSERT INTO t VALUES (9) RETURNING *) SELECT * FROM x",
    "DROP TABLE t",
    "ATTACH '@/other.duckdb'",
    "COPY t TO '@/out.csv'",
    "WITH x AS (COPY (SELECT 1) TO '@/out.csv') SELECT * FROM x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "SELECT * FROM read_csv('@/secret.csv')",
    "SELECT * FROM '@/secret.csv'",
    "SELECT 1; DROP TABLE t",
)
ENDLESS = "SELECT count(*) FROM range(100000000000) r(i) WHERE hash(i) = 1"


class StoreLink(FakeLink):
    """Copies a small store."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    async def send(self, command: Command) -> Reply:
        if not isinstance(command, CopyStore):
            return await super().send(command)
        path = self.folder / "copy.duckdb"
        with duckdb.connect(str(path), config={"threads": "1"}) as con:
            con.execute("CREATE OR REPLACE TABLE t AS SELECT i FROM range(500) r(i)")
        return Reply(True, "copied", str(path))


async def opened(hand: Hand) -> None:
    await hand.pilot.press("6")
    await hand.until(lambda: console(hand) is not None)
    await quiet(hand)


async def test_what_writes_or_reaches_out_is_refused(lab: Runner, tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("password\nhunter2\n")

    def state() -> dict[str, str]:
        files = [path for path in tmp_path.iterdir() if path.is_file()]
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    async with lab(link=StoreLink(tmp_path)) as hand:
        await opened(hand)
        assert [table.name for table in console(hand).desk.catalogue.tables] == ["t"]
        before = state()
        for sql in WRITING:
            await run(hand, sql.replace("@", str(tmp_path)))
            assert console(hand).desk.error, sql
            assert console(hand).desk.page is None and "hunter2" not in hand.text
            assert state() == before, sql
        await run(hand, "FROM t ORDER BY i")
        await hand.sees("rows 1-200 of 500 · page 1 of 3")
    assert sorted(state()) == ["secret.csv"], "the copy is gone too"


async def test_escape_kills_the_process(
    lab: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    children: list[Any] = []

    class Told(jail.Leash):
        def hold(self, child: Any) -> None:
            super().hold(child)
            children.append(child)

    monkeypatch.setattr("tui.console.desk.Leash", Told)
    async with lab(link=StoreLink(tmp_path)) as hand:
        await opened(hand)
        children.clear()
        console(hand).editor.put(ENDLESS)
        await hand.pilot.press("f5")
        await hand.until(lambda: children)
        assert psutil.pid_exists(children[0].pid)
        await hand.pilot.press("escape")
        await hand.sees("▲ The query was cancelled.")
        assert children[0].returncode == -9 and not psutil.pid_exists(children[0].pid)
        # Closing does the same.
        console(hand).editor.put(ENDLESS)
        await hand.pilot.press("f5")
        await hand.until(lambda: len(children) == 2)
        console(hand).dismiss()
        await hand.until(lambda: children[1].returncode == -9)


async def test_a_result_is_written_and_read_back(lab: Runner, tmp_path: Path) -> None:
    async with lab(link=StoreLink(tmp_path), size=(200, 40)) as hand:
        await opened(hand)
        await run(hand, "SELECT i, i * 1.5 AS more FROM t")
        for name in ("out.csv", "out.parquet"):
            await exported(hand, str(tmp_path / name))
            await hand.until(lambda: "500 rows" in console(hand).desk.said)
            with duckdb.connect() as con:
                found = con.execute(f"SELECT count(*), sum(more) FROM '{tmp_path / name}'")
                assert found.fetchall() == [(500, 187125)]
