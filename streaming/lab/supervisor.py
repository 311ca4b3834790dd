"""Starts the generator and the consumers, notices when one dies, and starts it again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from streaming import platform
from streaming.broker.backend import end
from streaming.lab.journal import Journal

_STOP_WAIT_S: Final = 4.0
_MAX_BACKOFF_S: Final = 5.0
_STEADY_S: Final = 20.0
"""A process that ran this long starts again without a longer and longer pause."""


@dataclass(slots=True)
class Child:
    """One process and how it fares."""

    name: str
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        if self.process is None or self.process.returncode is not None:
            return None
        return self.process.pid


class Supervisor:
    """Keeps children running until `stop`."""

    def __init__(self, logs: Path, journal: Journal) -> None:
        self._logs = logs
        self.journal = journal
        self.children: dict[str, Child] = {}
        self.on_death: Callable[[str], None] = lambda name: None

    def keep(
        self,
        name: str,
        module: str,
        config: Callable[[], Awaitable[msgspec.Struct]],
        pause_s: Callable[[], float],
    ) -> Child:
        """Run `python -m module` and run it again when it dies.

        `config`, which the process reads from its pipe, is asked anew for each start, `pause_s` how
        long to wait before the next one.
        """
        child = self.children[name] = Child(name)
        child.keeper = asyncio.create_task(self._keep(child, module, config, pause_s))
        return child

    async def _keep(
        self,
        child: Child,
        module: str,
        config: Callable[[], Awaitable[msgspec.Struct]],
        pause_s: Callable[[], float],
    ) -> None:
        quick = 0
        while True:
            started = time.monotonic()
            how = await self._run(child, module, config)
            self.on_death(child.name)
            quick = 0 if time.monotonic() - started > _STEADY_S else quick + 1
            self.journal.add("warn", "died", f"{child.name} {how}")
            await asyncio.sleep(max(pause_s(), _backoff(quick)))
            child.restarts += 1
            self.journal.add("info", "restart", f"{child.name} starts again")

    async def _run(
        self, child: Child, module: str, config: Callable[[], Awaitable[msgspec.Struct]]
    ) -> str:
        """Run it once; returns how it ended."""
        try:
            told = msgspec.json.encode(await config())
            log = self._logs / f"{child.name}.log"
            child.process = await platform.spawn(module, [child.name], log=log, config=told)
        except Exception as error:  # the next attempt may find it mended
            return f"could not be started: {type(error).__name__}: {error}"
        return _how(await child.process.wait())

    def kill(self, name: str) -> bool:
        """SIGKILL; false when there is no such process."""
        child = self.children.get(name)
        if child is None or child.pid is None:
            return False
        platform.kill_hard(child.pid)
        return True

    async def dismiss(self, *names: str) -> None:
        """End these children for good: they are forgotten."""
        await self.stop(*names)
        for name in names:
            self.children.pop(name, None)

    async def stop(self, *names: str) -> None:
        """End these children (all when none is named), cleanly or not."""
        chosen = [c for c in self.children.values() if not names or c.name in names]
        # The keepers first: one that is about to start its child must not do so behind our back.
        keepers = [c.keeper for c in chosen if c.keeper is not None]
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        await asyncio.gather(
            *(end(c.process, _STOP_WAIT_S) for c in chosen if c.process and c.pid is not None)
        )


def _backoff(quick: int) -> float:
    """Seconds to wait after so many quick deaths in a row; the first one costs nothing."""
    return min(_MAX_BACKOFF_S, 0.25 * 2 ** min(quick, 10)) if quick > 1 else 0.0


def _how(code: int) -> str:
    return f"was killed (signal {-code})" if code < 0 else f"ended with code {code}"
