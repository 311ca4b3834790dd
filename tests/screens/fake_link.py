"""A lab that is only a list of snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from streaming.lab.commands import Command, Reply, TryKey
from streaming.lab.link import LabError, LinkLost
from streaming.lab.snapshot import LabSnapshot


class FakeLink:
    """A link whose news are put in by hand."""

    def __init__(self, *news: LabSnapshot | LinkLost, error: LabError | None = None) -> None:
        self.news: asyncio.Queue[LabSnapshot | LinkLost | LabError] = asyncio.Queue()
        self.opened = asyncio.Event()
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.error = error
        self.sent: list[Command] = []
        self.tried: list[TryKey] = []
        self.foretold = Reply(False, "nothing is known yet")
        self.reply: Reply | Exception = Reply(True, "done")
        self.closed = 0
        for item in news:
            self.news.put_nowait(item)

    async def open(self) -> None:
        await self.may_open.wait()
        if self.error is not None:
            raise self.error
        self.opened.set()

    async def snapshots(self) -> AsyncIterator[LabSnapshot | LinkLost]:
        while True:
            item = await self.news.get()
            if isinstance(item, LabError):
                raise item
            yield item

    async def send(self, command: Command) -> Reply:
        if isinstance(command, TryKey):  # a question, which changes nothing
            self.tried.append(command)
            return self.foretold
        self.sent.append(command)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    async def close(self) -> None:
        self.closed += 1

    def put(self, item: LabSnapshot | LinkLost | LabError) -> None:
        self.news.put_nowait(item)
