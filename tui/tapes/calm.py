"""When a lab is calm: what `settled` waits for."""

from __future__ import annotations

from typing import Final

from streaming.lab.snapshot import LabSnapshot

_STIRRED: Final = ("starting", "joining")
_UNREAD: Final = ("starting", "moving")


def disturbance(snapshot: LabSnapshot | None, *, commands: bool) -> str:
    """Return what is not calm now, "" when nothing is. `commands`: some are under way."""
    if snapshot is None:
        return "the lab is not there"
    if snapshot.state not in ("live", "paused"):
        return f"the lab is {snapshot.state}"
    if snapshot.broker.state != "up":
        return f"the broker is {snapshot.broker.state}"
    if commands:
        return "a command is under way"
    if snapshot.timeline and snapshot.timeline[0].took_s is None:
        return "a rebalance is under way"
    if any(consumer.state in _STIRRED for consumer in snapshot.consumers):
        return "a consumer is starting or joining"
    for stream in snapshot.streams:
        if any(shard.state in _UNREAD for shard in stream.shards):
            return f"a shard of {stream.name} has no reader yet"
    return ""


def lag_of(snapshot: LabSnapshot) -> int:
    """The lag over all streams, in records; unknown ones have none."""
    return sum(stream.lag or 0 for stream in snapshot.streams)


class Calm:
    """Watches one lab for a time of calm; see the step `settled` for what that is."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None
        self._bound = 0.0
        self.broken_by = "nothing yet"

    def lasted(self, now: float, snapshot: LabSnapshot | None, *, commands: bool) -> bool:
        """Whether it has been calm long enough at `now` (s of a clock that never goes back)."""
        why = disturbance(snapshot, commands=commands)
        if not why and snapshot is not None:
            lag = lag_of(snapshot)
            if self._since is None:
                self._since = now
                self._bound = max(lag, sum(one.in_per_s or 0.0 for one in snapshot.streams))
            elif lag > self._bound:
                why = f"the lag grew to {lag:,}"
        if why:
            self._since, self.broken_by = None, why
            return False
        return self._since is not None and now - self._since >= self._seconds
