"""Links to a lab: one that starts an engine of its own and keeps it running, one that joins."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from streaming import platform
from streaming.broker.wire import Wire
from streaming.lab import paths
from streaming.lab.channel import Channel, ChannelClosed, decoder
from streaming.lab.commands import Command, Reply, Shutdown
from streaming.lab.link import LabError, LinkLost
from streaming.lab.messages import Answer, Ask, HelloClient, ToClient
from streaming.lab.settings import LabSettings
from streaming.lab.snapshot import LabSnapshot
from streaming.lab.starting import EXIT_CANNOT_START, EXIT_STORE, EngineConfig

if TYPE_CHECKING:
    from streaming.declarations.specification import Declarations

News: TypeAlias = LabSnapshot | LinkLost

_START_WAIT_S: Final = 30.0
_END_WAIT_S: Final = 15.0
_RESTARTS: Final = 5
_NO_ENGINE: Final = Reply(False, "the lab's engine is not there just now", lost=True)


class Connection:
    """One connection to an engine: answers by number, the newest snapshot kept."""

    def __init__(self, channel: Channel[Any]) -> None:
        self._channel = channel
        self._number = 0
        self._asked: dict[int, asyncio.Future[Reply]] = {}
        self._news: asyncio.Queue[News] = asyncio.Queue(1)
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def to(cls, address: str, name: str) -> Connection:
        """Connect and introduce ourselves. Raises OSError or ChannelClosed."""
        reader, writer = await platform.connect(address)
        channel: Channel[Any] = Channel(reader, writer, decoder(ToClient))
        await channel.send(HelloClient(name))
        return cls(channel)

    async def _read(self) -> None:
        try:
            while True:
                message = await self._channel.receive()
                if isinstance(message, Answer):
                    future = self._asked.pop(message.number, None)
                    if future is not None and not future.done():
                        future.set_result(message.reply)
                else:
                    self._put(message.snapshot)
        except ChannelClosed as error:
            for future in self._asked.values():
                if not future.done():
                    future.set_result(_NO_ENGINE)
            self._put(LinkLost(str(error)))

    def _put(self, news: News) -> None:
        if self._news.full():
            self._news.get_nowait()
        self._news.put_nowait(news)

    async def next(self) -> News:
        """The next news; LinkLost is the last."""
        return await self._news.get()

    async def send(self, command: Command) -> Reply:
        """Ask the engine; never raises."""
        self._number += 1
        number = self._number
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        if self._reading.done():
            return _NO_ENGINE
        try:
            await self._channel.send(Ask(number, command))
        except ChannelClosed:
            return _NO_ENGINE
        return await future

    async def close(self) -> None:
        """Close the connection."""
        self._reading.cancel()
        await self._channel.close()


class AttachedLab:
    """Joins a lab that somebody else runs; leaving does not end it."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._connection: Connection | None = None
        self._closing = False

    async def open(self) -> None:
        """Join. Raises LabError."""
        card = paths.read_card(self._root)
        if card is None or not paths.is_running(self._root):
            raise LabError(
                f"No lab is running in {self._root}. Start one with `dasprep-tui`, or name the "
                "running lab's folder with --data-dir."
            )
        try:
            self._connection = await Connection.to(card.engine, "attached")
        except (OSError, ChannelClosed) as error:
            raise LabError(
                f"The lab in {self._root} (process {card.pid}) does not answer: {error}."
            ) from error

    async def snapshots(self) -> AsyncIterator[News]:
        """News until the lab ends."""
        while self._connection is not None and not self._closing:
            news = await self._connection.next()
            yield news
            if isinstance(news, LinkLost):
                return

    async def send(self, command: Command) -> Reply:
        """Send a command."""
        return _NO_ENGINE if self._connection is None else await self._connection.send(command)

    async def close(self) -> None:
        """Leave."""
        self._closing = True
        if self._connection is not None:
            await self._connection.close()


class LocalLab:
    """Starts an engine as a child process; starts it again when it is killed.

    `duration_s` (0: without end) is counted over restarts. `windows` are the declared ones,
    those that ship if None.
    """

    def __init__(
        self,
        settings: LabSettings,
        root: Path,
        duration_s: float = 0.0,
        windows: Declarations | None = None,
    ) -> None:
        self.settings = settings
        self._windows = "" if windows is None else windows.model_dump_json()
        self.root = root
        self.restarts = 0
        self._duration_s = duration_s
        self._began: float | None = None
        self._process: asyncio.subprocess.Process | None = None
        self._connection: Connection | None = None
        self._closing = False

    async def open(self) -> None:
        """Start the engine. Raises LabError."""
        left = self._duration_s
        now = time.monotonic()
        if self._began is None:
            self._began = now
        elif self._duration_s:
            left = max(1.0, self._duration_s - (now - self._began))
        config = EngineConfig(
            self.settings.model_dump(mode="json", exclude={"data_dir", "kafka"}),
            Wire(self.settings.bootstrap or "", self.settings.kafka.sealed()),
            str(self.root),
            self._windows,
            left,
            self.restarts > 0,
        )
        try:
            self._process = process = await platform.spawn(
                "streaming.lab.process",
                [],
                log=_engine_log(self.root),
                stdout=subprocess.PIPE,
                config=msgspec.json.encode(config),
                own_session=True,
            )
        except OSError as error:
            raise LabError(
                f"The data directory {self.root} cannot be written: {error.strerror or error}. "
                "Choose another folder with --data-dir."
            ) from error
        said = await self._listen(process)
        if said.get("event") != "listening":
            await process.wait()
            raise LabError(said.get("message") or self._unexpected(process.returncode))
        try:
            self._connection = await Connection.to(said["address"], "owner")
        except (OSError, ChannelClosed) as error:
            raise LabError(await self._why(process) or str(error)) from error

    async def _listen(self, process: asyncio.subprocess.Process) -> dict[str, Any]:
        assert process.stdout is not None  # noqa: S101 - asked for in open
        try:
            line = await asyncio.wait_for(process.stdout.readline(), _START_WAIT_S)
            said = json.loads(line)
        except (TimeoutError, ValueError):
            if process.returncode is None:
                process.kill()
            return {}
        return dict(said)

    async def _why(self, process: asyncio.subprocess.Process) -> str:
        """What the engine said when it ended, "" when it was killed or said nothing."""
        assert process.stdout is not None  # noqa: S101
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _END_WAIT_S)
        rest = await process.stdout.read()
        for line in rest.splitlines():
            with contextlib.suppress(ValueError):
                said = json.loads(line)
                if said.get("event") == "error":
                    return str(said["message"])
        return ""

    def _unexpected(self, code: int | None) -> str:
        return (
            f"The lab's engine ended unexpectedly (code {code}). "
            f"Its log is {_engine_log(self.root)}."
        )

    async def snapshots(self) -> AsyncIterator[News]:
        """News; when the engine is killed it is started again. Raises LabError when it cannot."""
        while not self._closing and self._connection is not None:
            news = await self._connection.next()
            if not isinstance(news, LinkLost):
                yield news
                continue
            if self._closing or self._process is None:
                return
            why = await self._why(self._process)
            paths.sweep_sockets()
            code = self._process.returncode
            if code == 0:
                return
            if code in (EXIT_CANNOT_START, EXIT_STORE) or self.restarts >= _RESTARTS:
                raise LabError(why or self._unexpected(code))
            yield LinkLost(f"the engine ended (code {code}); it is started again")
            await self._connection.close()
            self.restarts += 1
            await self.open()

    async def send(self, command: Command) -> Reply:
        """Send a command."""
        return _NO_ENGINE if self._connection is None else await self._connection.send(command)

    async def close(self) -> None:
        """End the lab: ask, then let go of its lifeline, then kill."""
        self._closing = True
        process = self._process
        if self._connection is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._connection.send(Shutdown()), 2)
        if process is not None and process.stdin is not None:
            process.stdin.close()
            try:
                await asyncio.wait_for(process.wait(), _END_WAIT_S)
            except TimeoutError:
                process.kill()
                await process.wait()
        if self._connection is not None:
            await self._connection.close()
        paths.sweep_sockets()


def _engine_log(root: Path) -> Path:
    return root / "logs" / "engine.log"
