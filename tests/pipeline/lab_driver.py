"""Drives real labs in tests: real processes, real broker, conditions instead of sleeps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import psutil

from kafka_cluster import KafkaCluster
from streaming.lab.client import LocalLab
from streaming.lab.commands import Command, Drain, Reply, StopTraffic, Summary, Verify
from streaming.lab.link import LabError, LinkLost
from streaming.lab.settings import LabSettings
from streaming.lab.snapshot import LabSnapshot
from streaming.verify import VerifyReport

WAIT_S = 60.0
Condition = Callable[[LabSnapshot], Any]


@dataclass(frozen=True)
class Where:
    """How a lab is told to use one of the brokers: its settings, and the same as arguments."""

    kind: str
    settings: dict[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    cluster: KafkaCluster | None = None


class DrivenLab:
    """A lab under test, with its newest snapshot."""

    def __init__(self, root: Path, **settings: Any) -> None:
        defaults: dict[str, Any] = {"rate": 2000, "shards": 4, "consumers": 2}
        self.link = LocalLab(LabSettings(**{**defaults, **settings}), root)
        self.root = root
        self.latest: LabSnapshot | None = None
        self.losses: list[str] = []
        self.error: LabError | None = None
        self._changed = asyncio.Condition()
        self._watching: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.link.open()
        self._watching = asyncio.create_task(self._watch())

    async def _watch(self) -> None:
        try:
            async for news in self.link.snapshots():
                if isinstance(news, LinkLost):
                    self.losses.append(news.reason)
                    self.latest = None  # of an engine that is gone: it fulfils no condition
                else:
                    self.latest = news
                async with self._changed:
                    self._changed.notify_all()
        except LabError as error:
            self.error = error
            async with self._changed:
                self._changed.notify_all()

    async def until(self, condition: Condition, what: str = "") -> LabSnapshot:
        """The first snapshot that fulfils the condition."""

        def fulfilled() -> bool:
            if self.error is not None:
                raise self.error
            return self.latest is not None and bool(condition(self.latest))

        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(fulfilled), WAIT_S)
            except TimeoutError:
                raise AssertionError(f"not within {WAIT_S:g} s: {what}; {self.latest}") from None
        assert self.latest is not None
        return self.latest

    async def until_failed(self) -> LabError:
        async with self._changed:
            await asyncio.wait_for(self._changed.wait_for(lambda: self.error is not None), WAIT_S)
        assert self.error is not None
        return self.error

    async def stored(self, records: int) -> LabSnapshot:
        return await self.until(lambda s: s.store.stored >= records, f"{records} stored")

    async def do(self, command: Command) -> Reply:
        reply = await self.link.send(command)
        assert reply.ok, reply.text
        return reply

    async def finish(self) -> VerifyReport:
        """End the traffic, let the store catch up, and hold it against the log."""
        await self.do(StopTraffic())
        await self.do(Drain(60))
        reply = await self.link.send(Verify())
        assert reply.data, reply.text
        return msgspec.json.decode(reply.data, type=VerifyReport)

    async def summary(self) -> dict[str, Any]:
        return json.loads((await self.do(Summary())).data)

    def engine_pid(self) -> int:
        assert self.link._process is not None
        return self.link._process.pid

    def pid_of(self, name: str) -> int:
        assert self.latest is not None
        pid = next(c.pid for c in self.latest.consumers if c.name == name)
        assert pid is not None
        return pid

    async def stop(self) -> None:
        await self.link.close()
        if self._watching is not None:
            self._watching.cancel()


@contextlib.asynccontextmanager
async def lab(root: Path, **settings: Any) -> AsyncIterator[DrivenLab]:
    """A running lab; afterwards nothing of it is left."""
    driven = DrivenLab(root, **settings)
    await driven.start()
    family = None
    try:
        yield driven
    finally:
        with contextlib.suppress(psutil.Error):
            family = psutil.Process(driven.engine_pid()).children(recursive=True)
        await driven.stop()
        assert not alive(family or []), "processes were left behind"
        for log in (root / "logs").glob("c-*.log"):
            assert "reading record by record" not in log.read_text(), "the slow way of reading"


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended after a while (a zombie has)."""
    return psutil.wait_procs(processes, timeout=15)[1]


def assert_exact(report: VerifyReport) -> None:
    """Nothing lost, nothing doubled, nothing wrong, and something was compared."""
    assert report.ok, report.findings
    assert (report.lost, report.duplicates, report.wrong) == (0, 0, 0)
    assert report.beyond_store == 0
    assert report.windows_checked > 0


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tui.cli", *arguments]


def run_cli(
    *arguments: str, cwd: Path, timeout: float = 90, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line in a folder of its own, with its own data home."""
    return subprocess.run(
        command(*arguments),
        cwd=cwd,
        env=cli_env(cwd),
        capture_output=True,
        text=True,
        timeout=timeout,
        input=stdin if stdin is not None else "",
        check=False,
    )


def cli_env(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "XDG_DATA_HOME": str(home / "data-home"),
        "XDG_CONFIG_HOME": str(home / "config-home"),
        "DASPREP_SCREEN_TOUR_HIDDEN": "yes",
        "HOME": str(home),
    }


@contextlib.contextmanager
def background(*arguments: str, cwd: Path) -> Iterator[subprocess.Popen[str]]:
    """A command line that runs on; killed at the end if it still does."""
    with (cwd / "out.txt").open("w") as out, (cwd / "err.txt").open("w") as err:
        process = subprocess.Popen(
            command(*arguments),
            cwd=cwd, env=cli_env(cwd), stdin=subprocess.DEVNULL, stdout=out, stderr=err, text=True,
        )  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
