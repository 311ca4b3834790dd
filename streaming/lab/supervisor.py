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
    wanted: bool = True
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
        """Run `python -m module CONFIG` and run it again when it dies.

        `config` is asked anew for each start, `pause_s` how long to wait before the next one.
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
        while child.wanted:
            text = msgspec.json.encode(await config()).decode()
            started = time.monotonic()
            child.process = await platform.spawn(
                module, [text], log=self._logs / f"{child.name}.log"
            )
            code = await child.process.wait()
            if not child.wanted:
                return
            self.on_death(child.name)
            quick = 0 if time.monotonic() - started > _STEADY_S else quick + 1
            pause = max(pause_s(), min(_MAX_BACKOFF_S, 0.25 * 2**quick) if quick > 1 else 0)
            self.journal.add("warn", "died", f"{child.name} {_how(code)}")
            await asyncio.sleep(pause)
            child.restarts += 1
            if child.wanted:
                self.journal.add("info", "restart", f"{child.name} starts again")

    def kill(self, name: str) -> bool:
        """SIGKILL; false when there is no such process."""
        child = self.children.get(name)
        if child is None or child.pid is None:
            return False
        platform.kill_hard(child.pid)
        return True

    async def stop(self, *names: str) -> None:
        """End these children (all when none is named), cleanly or not."""
        chosen = [c for c in self.children.values() if not names or c.name in names]
        for child in chosen:
            child.wanted = False
        await asyncio.gather(
            *(end(c.process, _STOP_WAIT_S) for c in chosen if c.process and c.pid is not None)
        )
        for child in chosen:
            if child.keeper is not None:
                child.keeper.cancel()


def _how(code: int) -> str:
    return f"was killed (signal {-code})" if code < 0 else f"ended with code {code}"
