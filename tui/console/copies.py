"""The copy of the running store that queries run on: taken when asked for, removed when done."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, NamedTuple

from streaming.lab.commands import CopyStore, Reply
from streaming.lab.link import LabError, LabLink

FRESH_S: Final = 5.0
"""A new query takes a new copy when the last one is older."""


class Copy(NamedTuple):
    """One copy. `as_of_ms` is when it was asked for: what the store held then is in it."""

    path: Path
    as_of_ms: int
    taken_at: float
    seconds: float
    size_bytes: int | None


class Copies:
    """Asks the lab for copies, one at a time, and keeps the last one."""

    def __init__(
        self, link: LabLink, clock: Callable[[], float], monotonic: Callable[[], float]
    ) -> None:
        self._link = link
        self._clock = clock
        self._monotonic = monotonic
        self._taking: asyncio.Task[Copy] | None = None
        self._closed = False
        self.now: Copy | None = None

    def age_s(self) -> float | None:
        """Seconds since the last copy was asked for."""
        return None if self.now is None else max(0.0, self._monotonic() - self.now.taken_at)

    async def fresh(self, anew: bool = False) -> Copy:
        """The last copy if it is young enough and still there, or a new one. Raises LabError."""
        now, age = self.now, self.age_s()
        if now and not anew and age is not None and age <= FRESH_S and now.path.exists():
            return now
        if self._taking is None or self._taking.done():
            self._taking = asyncio.create_task(self._take())
        # Shielded: the lab makes it anyway, and somebody must be there to remove it.
        return await asyncio.shield(self._taking)

    async def _take(self) -> Copy:
        began, at_ms = self._monotonic(), int(self._clock() * 1000)
        try:
            reply = await self._link.send(CopyStore())
        except Exception as error:
            reply = Reply(False, str(error) or type(error).__name__)
        if not reply.ok:
            raise LabError(f"The lab could not copy its store: {reply.text}")
        path = Path(reply.data)
        size = None
        with contextlib.suppress(OSError):
            size = path.stat().st_size
        copy = Copy(path, at_ms, began, self._monotonic() - began, size)
        before, self.now = self.now, copy
        _remove(before)
        if self._closed:
            _remove(copy)
        return copy

    def close(self) -> None:
        """Remove the copy, also one that is still being made."""
        self._closed = True
        _remove(self.now)
        if self._taking is not None:
            self._taking.add_done_callback(_seen)


def _seen(task: asyncio.Task[Copy]) -> None:
    """Look at what became of a copy that nobody waits for any more."""
    if not task.cancelled():
        task.exception()


def _remove(copy: Copy | None) -> None:
    if copy is None:
        return
    for path in (copy.path, copy.path.with_name(copy.path.name + ".wal")):
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
