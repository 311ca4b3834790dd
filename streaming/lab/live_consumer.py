"""What the engine knows of a connected consumer, and what it told it."""

from __future__ import annotations

import math
import time
from typing import Any

from streaming.lab.channel import Channel, ChannelClosed
from streaming.lab.messages import Handover, Pace
from streaming.lab.rate import Rate


class LiveConsumer:
    """One connection of a consumer process; a process that is started again has a new one."""

    def __init__(self, channel: Channel[Any]) -> None:
        self.channel = channel
        self.state = "joining"
        self.records = 0
        self.rate = Rate()
        self.pace = Pace()
        self._braked_at = -math.inf

    def handed(self, handover: Handover) -> None:
        """Count what it handed over."""
        self.records += sum(part.records for part in handover.ranges)
        self.rate.update(self.records)

    def records_per_s(self) -> float | None:
        """Records handed over a second; it falls to 0 when nothing comes any more."""
        self.rate.update(self.records)
        return self.rate.per_s()

    @property
    def shown_state(self) -> str:
        """Its state in the group or, once it has its shards, what keeps it from reading."""
        if self.state != "running" or self.pace == Pace():
            return self.state
        return "paused" if self.pace.paused else "slowed"

    async def follow(self, pace: Pace) -> bool:
        """Tell it to read at this pace; false when it is gone."""
        try:
            await self.channel.send(pace)
        except ChannelClosed:
            return False
        self.pace, self._braked_at = pace, time.monotonic()
        return True

    def braked(self, now: float, within_s: float) -> bool:
        """Whether it reads little on purpose, or did within the last seconds."""
        return self.pace != Pace() or now - self._braked_at < within_s
