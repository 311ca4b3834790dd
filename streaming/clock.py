"""The lab's two clocks: the wall's, and event time, which may go faster."""

from __future__ import annotations

import time

import msgspec


class LabClock(msgspec.Struct, frozen=True):
    """Event time was `event_ms` at `wall_ms` and goes `speed` times as fast.

    Both are ms since the Unix epoch.
    """

    wall_ms: int
    event_ms: int
    speed: float

    def now_ms(self) -> int:
        """Event time now."""
        return int(self.event(time.time() * 1000))

    def event(self, wall_ms: float) -> float:
        """The event time at a time of the wall clock."""
        return self.event_ms + (wall_ms - self.wall_ms) * self.speed

    def wall(self, event_ms: float) -> float:
        """When the wall clock gets to an event time."""
        return self.wall_ms + (event_ms - self.event_ms) / self.speed


def begin(
    now_ms: int, speed: float, before: LabClock | None, newest_event_ms: int | None
) -> LabClock:
    """The clock of a lab that starts now. Event time never goes back.

    `before` is its clock of the last start; `newest_event_ms` the latest event it has seen.
    """
    event_ms = max(now_ms, (newest_event_ms or 0) + 1 if before is not None else 0)
    return LabClock(now_ms, event_ms, speed)
