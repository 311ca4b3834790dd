"""A person's brake on a consumer: it reads nothing, or only so many records a second.

The member stays in its group: `BatchReader` goes on polling, which is what aiokafka's
max.poll.interval goes by, and heartbeats are sent by a task of their own. Only nothing, or little,
is taken of what was fetched, and the fetcher asks for no more of it meanwhile.
"""

from __future__ import annotations

import math
from typing import Final

from streaming.lab.messages import Pace

BURST_S: Final = 0.25
"""A slowed consumer takes at most what this much time allows at once, one record at least."""


class Brake:
    """How many records may be taken when. `now` is in seconds of any clock that does not go back.

    A new process has it off.
    """

    def __init__(self) -> None:
        self._pace = Pace()
        self._free_at = -math.inf

    def follow(self, pace: Pace) -> None:
        """Go by this pace from now on."""
        self._pace = pace
        self._free_at = -math.inf

    def allowed(self, now: float) -> int | None:
        """Records that may be taken now (None: any number)."""
        if self._pace.paused:
            return 0
        if not self._pace.per_s:
            return None
        return 0 if now < self._free_at else max(1, int(self._pace.per_s * BURST_S))

    def took(self, records: int, now: float) -> None:
        """Count records that were taken."""
        if self._pace.per_s:
            # What a late poll lost may be made up for, up to a burst.
            self._free_at = max(self._free_at, now - BURST_S) + records / self._pace.per_s

    def wait_s(self, now: float) -> float:
        """Seconds until something may be taken; 0 when it may now, infinity while paused."""
        if self._pace.paused:
            return math.inf
        return max(0.0, self._free_at - now) if self._pace.per_s else 0.0
