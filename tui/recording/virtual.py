"""Virtual time for a whole process: the clocks go on only when there is nothing left to do.

A story of a minute is rendered in seconds, and always in the same way: how fast the machine is
decides nothing. `install` must run before asyncio and Textual are imported, as they take the
clocks' functions at import; that is why films are made in a process of their own.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import asyncio
    from concurrent.futures import Future

START_S: Final = 1000.0
"""What the monotonic clock says at first: some code takes 0 for "never"."""


class Clock:
    """One time for everything. `epoch_s` is the wall clock's at the start."""

    def __init__(self, epoch_s: float) -> None:
        self.now = START_S
        self.epoch_s = epoch_s

    def monotonic(self) -> float:
        """Seconds that only go forward."""
        return self.now

    def wall(self) -> float:
        """Seconds since the Unix epoch."""
        return self.epoch_s + self.now - START_S


def install(epoch_s: float) -> Clock:
    """Put a virtual clock in the place of the process's clocks, and return it."""
    clock = Clock(epoch_s)
    time.time = clock.wall
    time.monotonic = clock.monotonic
    time.perf_counter = clock.monotonic
    time.process_time = clock.monotonic
    return clock


class Selector(selectors.DefaultSelector):  # type: ignore[valid-type,misc]
    """Waits by moving the clock; truly waits only for threads that still work."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.working = 0
        """Jobs of threads under way: time stands still until they are done."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; nothing, and `timeout` seconds later, when nothing is."""
        if self.working and (timeout is None or timeout > 0):
            return super().select(None)
        ready = super().select(0)
        if not ready and timeout is None:
            raise RuntimeError("the recording waits for something that never comes")
        if not ready and timeout:
            self._clock.now += timeout
        return ready


def make_loop(clock: Clock) -> asyncio.AbstractEventLoop:
    """Return an event loop in the clock's time."""
    import asyncio

    selector = Selector(clock)

    class Loop(asyncio.SelectorEventLoop):
        """Counts the jobs of its threads."""

        def time(self) -> float:
            """Virtual seconds."""
            return clock.now

        def run_in_executor(
            self, executor: Any, func: Callable[..., Any], *args: Any
        ) -> asyncio.Future[Any]:
            """Run a job in a thread, and keep the clock until it has ended."""
            future = super().run_in_executor(executor, func, *args)
            selector.working += 1

            def ended(_: Future[Any] | asyncio.Future[Any]) -> None:
                selector.working -= 1

            future.add_done_callback(ended)
            return future

    return Loop(selector)
