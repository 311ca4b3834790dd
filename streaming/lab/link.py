"""What a view holds of a lab: a stream of snapshots and a way to send commands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, TypeAlias

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.snapshot import LabSnapshot


class LabError(Exception):
    """The lab cannot be started or joined; one clear text: what, why, what to do."""


class LinkLost(msgspec.Struct, frozen=True):
    """The engine is gone, with what is known of the reason. It may come back."""

    reason: str


News: TypeAlias = LabSnapshot | LinkLost


class LabLink(Protocol):
    """A lab as a view sees it. Tests put a fake behind it."""

    async def open(self) -> None:
        """Start or join the lab; may take seconds. Raises LabError."""

    def snapshots(self) -> AsyncIterator[News]:
        """The newest snapshot whenever there is one, LinkLost when the engine is gone."""

    async def send(self, command: Command) -> Reply:
        """Send a command; the reply says what was done or why not."""

    async def close(self) -> None:
        """Let go; ends the lab if this link started it."""
