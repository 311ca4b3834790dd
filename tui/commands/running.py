"""What commands do with a lab that runs: look at it, or ask something of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from streaming.lab.client import AttachedLab
from streaming.lab.commands import Command, Reply
from streaming.lab.link import LabError, LinkLost
from streaming.lab.snapshot import LabSnapshot
from tui.options import fail
from tui.safe import safe_lines

REFUSED: Final = 1
"""Exit code when the lab does not do what was asked."""

READY_S: Final = 20.0
"""A lab that has just been started may not have its streams yet."""


async def look(root: Path) -> LabSnapshot:
    """The lab as it is now. Raises LabError."""
    lab = AttachedLab(root)
    await lab.open()
    try:
        return await _ready(lab, root)
    finally:
        await lab.close()


async def ask(root: Path, command: Command) -> Reply:
    """Ask the lab, once it has streams. Raises LabError."""
    lab = AttachedLab(root)
    await lab.open()
    try:
        await _ready(lab, root)
        return await lab.send(command)
    finally:
        await lab.close()


def done(root: Path, command: Command) -> int:
    """Ask the lab, say what it answered, and return the exit code. Raises LabError."""
    reply = asyncio.run(ask(root, command))
    if not reply.ok:
        return fail(reply.text or "the lab ended before it could answer", REFUSED)
    print(safe_lines(reply.text))
    return 0


async def _ready(lab: AttachedLab, root: Path) -> LabSnapshot:
    """The first snapshot of a lab that has started. Raises LabError."""
    try:
        async with asyncio.timeout(READY_S):
            async for news in lab.snapshots():
                if isinstance(news, LinkLost):
                    break
                if news.state != "starting" and news.streams:
                    return news
    except TimeoutError:
        raise LabError(
            f"The lab in {root} has not started after {READY_S:g} s. Try again, or look at its "
            f"logs in {root / 'logs'}."
        ) from None
    raise LabError(f"The lab in {root} has just ended. Start one with `dasprep-tui`.")
