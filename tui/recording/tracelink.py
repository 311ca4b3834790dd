"""A lab that is a trace: it says again what was said, at the same times, and answers as it did."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from streaming.lab.commands import Command, CompareKeys, Reply, TryKey, WhatIf, WindowHistory
from streaming.lab.link import LinkLost
from streaming.lab.record_commands import ReadRecords, TraceRecord
from streaming.lab.snapshot import LabSnapshot
from tui.recording.trace import Answered, Lost, News, Trace

QUESTIONS: Final = (CompareKeys, TryKey, WhatIf, WindowHistory, ReadRecords, TraceRecord)
"""Commands that change nothing: the answer to one that is nearly the same is a true one too."""

RECORDED: Final = Reply(False, "This is a recording: nothing can be changed or asked any more.")


class Answers:
    """The replies of a trace. Equal commands get their replies in the order they were given in."""

    def __init__(self, trace: Trace) -> None:
        self._given = [event for event in trace.events if isinstance(event, Answered)]
        self._used: dict[Command, int] = {}

    def next(self, command: Command) -> Answered | None:
        """The reply that this command gets now; None: none is known."""
        same = [event for event in self._given if event.command == command]
        if same:
            turn = self._used.get(command, 0)
            self._used[command] = turn + 1
            return same[min(turn, len(same) - 1)]
        return None

    def nearest(self, command: Command, at_ms: int) -> Answered | None:
        """The reply to a question of the same kind that was nearest in time, earlier ones first."""
        if not isinstance(command, QUESTIONS):
            return None
        kind = [event for event in self._given if type(event.command) is type(command)]
        before = [event for event in kind if event.at_ms <= at_ms]
        return before[-1] if before else kind[0] if kind else None


class TraceLink:
    """Says the news of a trace at their times. `elapsed_ms` tells where in the trace it is now."""

    def __init__(self, trace: Trace, elapsed_ms: Callable[[], int]) -> None:
        self._news = [event for event in trace.events if isinstance(event, News | Lost)]
        self._answers = Answers(trace)
        self._elapsed_ms = elapsed_ms

    async def open(self) -> None:
        """There is nothing to open."""

    async def snapshots(self) -> AsyncIterator[LabSnapshot | LinkLost]:
        """The news, each when its time has come; then nothing more comes."""
        for event in self._news:
            await asyncio.sleep(max(0, event.at_ms - self._elapsed_ms()) / 1000)
            yield event.snapshot if isinstance(event, News) else LinkLost(event.reason)
        await asyncio.Event().wait()

    async def send(self, command: Command) -> Reply:
        """The recorded reply, after as long as it took."""
        found = self._answers.next(command)
        if found is not None:
            await asyncio.sleep(found.took_ms / 1000)
            return found.reply
        near = self._answers.nearest(command, self._elapsed_ms())
        return RECORDED if near is None else near.reply

    async def close(self) -> None:
        """There is nothing to close."""
