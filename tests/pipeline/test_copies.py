"""Copies of a running lab's store: they can be read, and go with whoever asked for them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import duckdb

from streaming.lab.commands import CopyStore
from tests.pipeline.lab_driver import lab, run_cli

ASKER = """
import asyncio, sys
from pathlib import Path
from streaming.lab.client import AttachedLab
from streaming.lab.commands import CopyStore

async def main():
    joined = AttachedLab(Path(sys.argv[1]))
    await joined.open()
    print((await joined.send(CopyStore())).data, flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def gone(path: Path) -> None:
    async with asyncio.timeout(20):
        while path.exists():
            await asyncio.sleep(0.01)


async def test_copies_are_whole_and_go_with_who_asked(tmp_path: Path) -> None:
    async with lab(tmp_path / "lab", rate=1000) as driven:
        await driven.stored(500)
        mine = Path((await driven.do(CopyStore())).data)
        with duckdb.connect(str(mine), read_only=True) as con:
            stored = con.execute("SELECT sum(next_offset) FROM offsets").fetchone()[0]
        asker = await asyncio.to_thread(
            subprocess.Popen,
            [sys.executable, "-c", ASKER, str(tmp_path / "lab")],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            theirs = Path((await asyncio.to_thread(asker.stdout.readline)).strip())
            assert theirs.exists() and theirs != mine
        finally:
            asker.kill()
            asker.wait()
            asker.stdout.close()
        await gone(theirs)
        assert mine.exists(), "another's stays"
        done = await asyncio.to_thread(
            run_cli, "sql", "--data-dir", "lab", "--format", "parquet", "--out", "offsets.parquet",
            "FROM offsets", cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0 and "rows" in done.stderr and done.stdout == ""
        with duckdb.connect() as con:
            file = tmp_path / "offsets.parquet"
            later = con.execute(f"SELECT sum(next_offset) FROM '{file}'").fetchone()[0]
        assert later >= stored >= 500
        assert list(mine.parent.glob("copy-*")) == [mine]
        again = await asyncio.to_thread(
            run_cli, "sql", "--data-dir", "lab", "--format", "parquet", "--out", "offsets.parquet",
            "FROM offsets", cwd=tmp_path,
        )  # fmt: skip
        assert again.returncode == 1 and "exists already" in again.stderr
    assert not mine.exists()
