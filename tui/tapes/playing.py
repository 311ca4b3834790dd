"""A tape from beginning to end: an app on a lab's link, without a terminal or in it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from streaming.lab.commands import Drain, Reply, StopTraffic, Verify
from streaming.lab.link import LabLink
from tui.app import LabApp
from tui.preferences import Choice, Preferences
from tui.recording.stage import Stage
from tui.tapes.runner import Say, TapeResult, run_tape
from tui.tapes.tape import Record, Tape

DRAIN_S: Final = 120.0
CLOSE_S: Final = 30.0


def choice_of(record: Record) -> Choice:
    """What the screens of a tape look like, whatever its viewer prefers; nothing is kept."""
    preferences = Preferences(theme=record.theme, hz=record.hz, tour_hidden=True)
    return Choice(preferences, preferences, sources={"theme": "the tape"})


def make_app(tape: Tape, link: LabLink, kind: type[LabApp] = LabApp) -> LabApp:
    """An app as the tape has it."""
    return kind(link, refresh_hz=tape.record.hz, choice=choice_of(tape.record))


async def play_headless(
    tape: Tape, link: LabLink, stage: Stage, say: Say, *, finish: bool = False
) -> tuple[TapeResult, Reply | None]:
    """Play a tape without a terminal, in real time, and let go of the lab.

    With `finish`, the traffic ends at last, what is in the log is stored, and the store is held
    against the log: the second value is the answer. Raises what breaks the app.
    """
    app = make_app(tape, link)
    try:
        async with app.run_test(
            size=tape.record.size, headless=True, notifications=True, tooltips=True
        ) as pilot:
            result = await run_tape(tape, app, pilot.press, stage, say)
            reply = await finished(link, say) if finish and result.ok else None
        return result, reply
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(link.close()), CLOSE_S)


async def finished(link: LabLink, say: Say) -> Reply:
    """End the traffic, let the store catch up, hold it against the log; the last answer."""
    say("ending the traffic and verifying: every record of the log against the store")
    for command in (StopTraffic(), Drain(DRAIN_S)):
        reply = await link.send(command)
        if not reply.ok:
            return reply
    return await link.send(Verify())
