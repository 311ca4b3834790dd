"""A lab that is only a list of snapshots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from streaming.lab.commands import Command, CompareKeys, Reply, TryKey, WindowHistory
from streaming.lab.link import LabError, LinkLost
from streaming.lab.snapshot import LabSnapshot
from tests.screens.fake_keys import compared

QUESTIONS = (CompareKeys, TryKey, WindowHistory)
"""Commands that change nothing; what they ask is apart from what was sent."""


class FakeLink:
    """A link whose news are put in by hand."""

    def __init__(self, *news: LabSnapshot | LinkLost, error: LabError | None = None) -> None:
        self.news: asyncio.Queue[LabSnapshot | LinkLost | LabError] = asyncio.Queue()
        self.opened = asyncio.Event()
        self.may_open = asyncio.Event()
        self.may_open.set()
        self.error = error
        self.sent: list[Command] = []
        self.asked: list[Command] = []
        self.answers: dict[type, Reply] = {CompareKeys: compared()}
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
        if isinstance(command, QUESTIONS):
            if not isinstance(command, CompareKeys):  # the live screen asks by itself
                self.asked.append(command)
            return self.answers.get(type(command), Reply(False, "nothing is known yet"))
        self.sent.append(command)
        if isinstance(self.reply, Exception):
            raise self.reply
        return self.reply

    async def close(self) -> None:
        self.closed += 1

    def put(self, item: LabSnapshot | LinkLost | LabError) -> None:
        self.news.put_nowait(item)
