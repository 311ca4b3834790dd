"""Plays a tape on a running app and its lab, step by step, and says what came of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from streaming.lab.commands import Command, Reply
from tui.safe import safe
from tui.tapes.computing import Value
from tui.tapes.metrics import Seen
from tui.tapes.tape import Placed, Tape
from tui.tapes.telling import screen_lines, step_words
from tui.tapes.view import LabView

if TYPE_CHECKING:
    from tui.app import LabApp
    from tui.recording.stage import Stage

POLL_S: Final = 0.1
START_TIMEOUT_S: Final = 90.0
NOTE_LIMIT: Final = 140

Press = Callable[[str], Awaitable[None]]
Send = Callable[[Command], Awaitable[Reply]]
Say = Callable[[str], None]


class Clock(Protocol):
    """What passes while a tape is played."""

    def now(self) -> float:
        """Seconds since some instant; they never go back."""

    async def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""


class WallClock:
    """The machine's own."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep."""
        await asyncio.sleep(seconds)


class StepFailed(Exception):
    """A step did not come out as the tape has it; the text says what was expected, what was."""


class Done(NamedTuple):
    """A step that was done: its words, what came of it, and how many seconds it took."""

    placed: Placed
    words: str
    note: str
    seconds: float


class Failure(NamedTuple):
    """What ended the tape early, and what was to be seen then. `placed` None: before its steps."""

    placed: Placed | None
    text: str
    screen: tuple[str, ...]
    cannot_start: bool = False
    """The lab could not be started or joined at all."""


@dataclass(frozen=True)
class TapeResult:
    """How a tape went. `metrics` are the values at its end, by name."""

    tape: Tape
    done: tuple[Done, ...]
    failure: Failure | None
    metrics: dict[str, Value]
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether every step came out as the tape has it."""
        return self.failure is None


async def run_tape(
    tape: Tape,
    app: LabApp,
    press: Press,
    stage: Stage,
    say: Say,
    *,
    send: Send | None = None,
    clock: Clock | None = None,
) -> TapeResult:
    """Play a tape on an app that runs; it begins when the lab is live.

    `press` presses a key of the app and returns when it was dealt with; `stage` is told what a
    recording has to know; `say` gets a line for each step. Commands of the tape go by `send` (the
    app's link if None). Never raises for what the lab or the tape does: that is in the result.
    """
    return await Player(tape, app, press, stage, say, send=send, clock=clock).play()


class Player:
    """One performance of one tape."""

    def __init__(
        self,
        tape: Tape,
        app: LabApp,
        press: Press,
        stage: Stage,
        say: Say,
        *,
        send: Send | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.tape = tape
        self.app = app
        self.press = press
        self.stage = stage
        self.say = say
        self.clock: Clock = clock or WallClock()
        self.send: Send = send or app.link.send
        self.view = LabView(app, tape.stream)

    async def play(self) -> TapeResult:
        """Play it to its end, or to the first step that fails."""
        from tui.tapes.deeds import perform

        began = self.clock.now()
        done: list[Done] = []
        failure: Failure | None = None
        placed: Placed | None = None
        try:
            await self.until(
                lambda: self.seen.value("", "state") in ("live", "paused"),
                START_TIMEOUT_S,
                "the lab to be live",
            )
            for placed in self.tape.steps:
                since = self.clock.now()
                note = safe(await perform(self, placed.step), NOTE_LIMIT)
                done.append(Done(placed, step_words(placed.step), note, self.clock.now() - since))
                self.say(done_line(done[-1]))
        except StepFailed as error:
            screen = tuple(screen_lines(self.app)) if self.app.is_running else ()
            never = placed is None and self.app.failure is not None
            failure = Failure(placed, str(error), screen, never)
        return TapeResult(
            self.tape, tuple(done), failure, self.seen.all(), self.clock.now() - began
        )

    @property
    def seen(self) -> Seen:
        """What is known of the lab now."""
        return self.view.seen

    async def until(
        self, condition: Callable[[], bool], timeout: float, what: str | Callable[[], str]
    ) -> None:
        """Wait until it is true. Raises StepFailed when it is not in time, or the lab is gone."""
        deadline = self.clock.now() + timeout
        while True:
            if self.app.failure is not None:
                raise StepFailed(f"the lab ended: {self.app.failure}")
            if not self.app.is_running:
                raise StepFailed("the screens were left")
            if condition():
                return
            if self.clock.now() >= deadline:
                words = what if isinstance(what, str) else what()
                raise StepFailed(f"after {timeout:g} s still waiting for {words}")
            await self.clock.sleep(POLL_S)


def done_line(done: Done) -> str:
    """A line about a step that was done."""
    note = f"  -> {done.note}" if done.note else ""
    return f"{done.placed.number:>4}  {done.seconds:6.1f} s  {done.words}{note}"


def failure_lines(failure: Failure, lines: int) -> list[str]:
    """What went wrong, and the last `lines` lines of the screen."""
    placed = failure.placed
    if placed is None:
        head = "the tape did not begin"
    else:
        head = f"{placed.place}: step {placed.number} failed: {step_words(placed.step)}"
    found = [head, *(f"      {line}" for line in failure.text.splitlines())]
    shown = failure.screen[-lines:]
    if shown:
        found += ["      the screen was:", *(f"      | {safe(line, 300)}" for line in shown)]
    return found
