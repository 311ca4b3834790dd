"""Where a viewer is in a trace: it plays, pauses, steps and seeks, by a clock that is given."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator, Callable
from typing import Final

from streaming.lab.commands import Command, Reply
from streaming.lab.link import LinkLost
from streaming.lab.snapshot import LabSnapshot
from tui.recording.trace import Lost, Marked, News, Trace
from tui.recording.tracelink import RECORDED, Answers

SPEEDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
TURN_S: Final = 0.05
"""How often it looks whether the next news is due."""


class Player:
    """A place in a trace. `monotonic` tells real seconds; the place moves by them and the speed."""

    def __init__(self, trace: Trace, monotonic: Callable[[], float]) -> None:
        self.trace = trace
        self.speed = 1.0
        self.paused = False
        self._news = [event for event in trace.events if isinstance(event, News | Lost)]
        self._times = [event.at_ms for event in self._news]
        self._chapters = [event for event in trace.events if isinstance(event, Marked)]
        self._monotonic = monotonic
        self._set_at = monotonic()
        self._set_ms = float(self._times[0])

    @property
    def first_ms(self) -> int:
        """The place of the first news: nothing is to be seen before."""
        return self._times[0]

    @property
    def at_ms(self) -> float:
        """The place now, at most the end."""
        moved = 0.0 if self.paused else 1000 * self.speed * (self._monotonic() - self._set_at)
        return min(self._set_ms + moved, float(self.trace.duration_ms))

    @property
    def ended(self) -> bool:
        """Whether it has come to the end."""
        return self.at_ms >= self.trace.duration_ms

    @property
    def index(self) -> int:
        """The number of the news that hold now."""
        return max(0, bisect_right(self._times, self.at_ms) - 1)

    @property
    def news(self) -> News | Lost:
        """What the lab had said last."""
        return self._news[self.index]

    @property
    def chapter(self) -> str:
        """The chapter's name in the first language it is told in, "" before the first one."""
        begun = [mark for mark in self._chapters if mark.at_ms <= self.at_ms]
        return next(iter(begun[-1].text.values()), "") if begun else ""

    def seek(self, at_ms: float) -> None:
        """Go to a place, or to the nearest there is."""
        self._set_ms = min(max(at_ms, float(self.first_ms)), float(self.trace.duration_ms))
        self._set_at = self._monotonic()

    def skip(self, seconds: float) -> None:
        """Go forward or back by seconds of the trace."""
        self.seek(self.at_ms + 1000 * seconds)

    def step(self, count: int) -> None:
        """Stop, and go to the next news or the ones before."""
        self.pause(True)
        self.seek(self._times[min(max(self.index + count, 0), len(self._times) - 1)])

    def pause(self, paused: bool) -> None:
        """Stand still, or go on; at the end, from the beginning."""
        if not paused and self.ended:
            self.seek(self.first_ms)
        self.seek(self.at_ms)
        self.paused = paused

    def faster(self, step: int) -> None:
        """Take the next speed, or the one before."""
        self.seek(self.at_ms)
        place = SPEEDS.index(self.speed) + step
        self.speed = SPEEDS[min(max(place, 0), len(SPEEDS) - 1)]


class ReplayLink:
    """The lab as a player has it. Whatever is asked is answered as it was, or not at all."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._answers = Answers(player.trace)

    async def open(self) -> None:
        """There is nothing to open."""

    async def snapshots(self) -> AsyncIterator[LabSnapshot | LinkLost]:
        """What holds at the player's place, whenever that is something else."""
        shown: News | Lost | None = None
        while True:
            news = self._player.news
            if news is not shown:
                shown = news
                yield news.snapshot if isinstance(news, News) else LinkLost(news.reason)
            await asyncio.sleep(TURN_S)

    async def send(self, command: Command) -> Reply:
        """The reply of the recording that is nearest in time, to what can be asked of one."""
        near = self._answers.nearest(command, round(self._player.at_ms))
        return RECORDED if near is None else near.reply

    async def close(self) -> None:
        """There is nothing to close."""
