"""A way to the lab that takes down what passes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

from streaming.lab.commands import Command, Reply
from streaming.lab.link import LabLink, LinkLost
from streaming.lab.snapshot import LabSnapshot


class Taker(Protocol):
    """Who takes down what a lab says."""

    def news(self, item: LabSnapshot | LinkLost) -> None:
        """The lab said this."""

    def reply(self, command: Command, reply: Reply, took_s: float) -> None:
        """A command was answered."""


class TeeLink:
    """Passes everything on; while there is a `taker`, it hears of it first.

    A taker that fails is let go of: the lab's news must not stop for a full disk. `failed` holds
    why.
    """

    def __init__(self, link: LabLink, taker: Taker | None = None) -> None:
        self.link = link
        self.taker = taker
        self.failed: OSError | None = None

    async def open(self) -> None:
        """Open the link behind. Raises LabError."""
        await self.link.open()

    async def snapshots(self) -> AsyncIterator[LabSnapshot | LinkLost]:
        """Pass on the news. Raises LabError."""
        async for item in self.link.snapshots():
            with self._letting_go():
                if self.taker is not None:
                    self.taker.news(item)
            yield item

    async def send(self, command: Command) -> Reply:
        """Pass on a command and its reply."""
        began = time.monotonic()
        reply = await self.link.send(command)
        with self._letting_go():
            if self.taker is not None:
                self.taker.reply(command, reply, time.monotonic() - began)
        return reply

    async def close(self) -> None:
        """Close the link behind."""
        await self.link.close()

    @contextlib.contextmanager
    def _letting_go(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.failed, self.taker = error, None
