"""Commands sent one after the other, as one errand with one answer, the last one's data."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.lab.commands import Command, Reply
from streaming.lab.link import LabLink


async def deliver(link: LabLink, commands: Sequence[Command]) -> Reply:
    """Send them in turn, up to the first that is not done; never raises what the link raises."""
    said: list[str] = []
    data = ""
    for command in commands:
        try:
            reply = await link.send(command)
        except Exception as error:
            name = type(command).__name__
            reply = Reply(False, f"{name} failed: {error or type(error).__name__}")
        said.append(reply.text)
        data = reply.data
        if not reply.ok:
            return Reply(False, "\n".join(said), lost=reply.lost)
    return Reply(True, "\n".join(said), data)
