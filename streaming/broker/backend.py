"""How the lab gets a Kafka: its own embedded broker as a child process, or somebody else's."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, Protocol

from streaming import platform
from streaming.broker.check import check
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.broker.orders import AtWork, Orders
from streaming.lab.snapshot import BrokerState

log: Final = logging.getLogger(__name__)

_READY_WAIT_S: Final = 20.0
_STOP_WAIT_S: Final = 4.0
_TRIES: Final = 10
_TRY_AGAIN_S: Final = 0.3
_IN_USE: Final = "in use by process"


class Backend(Protocol):
    """A Kafka the lab can use. `state` is what is known of it, `since` when that began (ms)."""

    kind: Literal["embedded", "external"]
    label: str
    connection: Connection
    state: BrokerState
    since_at_ms: int
    restarts: int

    @property
    def pid(self) -> int | None:
        """The process id when it is our own process and runs."""

    async def start(self) -> None:
        """Make it usable. Raises BrokerError."""

    async def stop(self) -> None:
        """Let go of it."""


class External:
    """A cluster that others run. Whether it answers is found out by the log watch."""

    kind: Literal["embedded", "external"] = "external"
    pid: int | None = None
    restarts = 0

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.label = "Kafka at " + connection.bootstrap
        self.state: BrokerState = "starting"
        self.since_at_ms = int(time.time() * 1000)

    async def start(self) -> None:
        """Check that it answers and lets the lab in. Raises BrokerError."""
        await check(self.connection)

    async def stop(self) -> None:
        """Nothing to do: it is not ours."""


class Embedded:
    """The embedded broker as a child process, restarted on its own data when it dies."""

    kind: Literal["embedded", "external"] = "embedded"
    label = "embedded broker (not Apache Kafka)"

    def __init__(
        self, data: Path, logfile: Path, on_change: Callable[[BrokerState, str], None]
    ) -> None:
        self._data = data
        self._logfile = logfile
        self._on_change = on_change
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._orders: Orders | None = None
        self.planted: dict[str, AtWork] = {}
        """Faults by their names in `mischief`; they end with the process."""

        self._port = 0
        self.connection = Connection("")
        self.state: BrokerState = "starting"
        self.since_at_ms = int(time.time() * 1000)
        self.restarts = 0
        self.failed: BrokerError | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        alive = self._process is not None and self._process.returncode is None
        return self._process.pid if alive and self._process else None

    async def start(self) -> None:
        """Start it and keep it running. Raises BrokerError.

        The broker of a lab that was killed may need a moment to notice and let its data go.
        """
        for left in reversed(range(_TRIES)):
            try:
                await self._launch()
                break
            except BrokerError as error:
                if _IN_USE not in str(error) or not left:
                    raise
                await asyncio.sleep(_TRY_AGAIN_S)
        self._keeper = asyncio.create_task(self._keep())

    async def _launch(self) -> None:
        self._data.mkdir(parents=True, exist_ok=True)
        process = await platform.spawn(
            "streaming.broker.embedded",
            ["--port", str(self._port), "--data", str(self._data), "--control"],
            log=self._logfile,
            stdout=subprocess.PIPE,
        )
        self._process = process
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _READY_WAIT_S)
            ready = json.loads(line)
        except (TimeoutError, ValueError) as error:
            if process.returncode is None:
                process.kill()
            await process.wait()
            raise BrokerError(
                f"The embedded broker did not start: {_last_line(self._logfile)}"
            ) from error
        self._orders = Orders(process)
        self.planted.clear()
        self._port = int(ready["port"])
        self.connection = Connection(f"{ready['host']}:{ready['port']}")
        self._set("up", "")

    async def _keep(self) -> None:
        while True:
            if self._process is None:
                return
            code = await self._process.wait()
            self.restarts += 1
            self._set("restarting", f"it ended with code {code}")
            for attempt in range(10):
                try:
                    await self._launch()
                    break
                except BrokerError as error:
                    log.warning("%s", error)
                    self.failed = error
                    await asyncio.sleep(min(0.2 * 2**attempt, 3))
            else:
                self._set("down", str(self.failed))
                return

    @property
    def orders(self) -> Orders:
        """The running broker's control channel, for faults. Raises BrokerError when it is down."""
        if self._orders is None or self.pid is None:
            raise BrokerError("The embedded broker does not run just now. Try again in a moment.")
        return self._orders

    def kill(self) -> None:
        """SIGKILL, for experiments and tests."""
        if self.pid is not None:
            platform.kill_hard(self.pid)

    def _set(self, state: BrokerState, why: str) -> None:
        self.state = state
        self.since_at_ms = int(time.time() * 1000)
        self._on_change(state, why)

    async def stop(self) -> None:
        """End it cleanly, or not."""
        if self._keeper is not None:
            # It may be starting the broker again just now; that one has to end too.
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
        if self._process is not None:
            await end(self._process, _STOP_WAIT_S)


async def end(process: asyncio.subprocess.Process, wait_s: float) -> None:
    """Close a child's lifeline; kill it when it has not ended after `wait_s`."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), wait_s)
    except TimeoutError:
        process.kill()
        await process.wait()


def _last_line(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return "no reason given"
    return lines[-1] if lines else "no reason given"
