"""How a view reaches the lab: one small interface, so that no view knows where the engine runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.snapshot import LabSnapshot


class LinkLost(msgspec.Struct, frozen=True):
    """The engine is gone for now; it may come back, and then snapshots follow again."""

    reason: str


class LabError(Exception):
    """One clear text: what failed, why, and what to do about it."""


class LabLink(Protocol):
    """The way from one view to one lab."""

    async def open(self) -> None:
        """Start or join the lab; may take seconds, and raises LabError when it cannot."""

    def snapshots(self) -> AsyncIterator[LabSnapshot | LinkLost]:
        """Yield the newest state only; after a LinkLost the iterator goes on.

        Raises LabError when the lab has ended for a reason that starting it again won't cure.
        """
        ...

    async def send(self, command: Command) -> Reply:
        """Ask the lab for something and wait for its one reply."""
        ...

    async def close(self) -> None:
        """Let go of the lab, and end it if this link started it."""
