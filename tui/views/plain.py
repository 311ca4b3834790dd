"""The lab as sentences, for screen readers and logs: what changed, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator

from streaming.lab.snapshot import LabSnapshot
from tui import numbers
from tui.safe import safe

SUMMARY_MS = 10_000
"""Numbers are told this often, and only if they are others than before."""
NAME_LIMIT, TEXT_LIMIT, LINE_LIMIT = 60, 300, 500
CALM = ("ok", "warm", "closed")
"""States of a shard that need no sentence of their own when it gets into them from the start."""


class Teller:
    """Remembers what was told."""

    def __init__(self) -> None:
        self._state: tuple[str, str] | None = None
        self._event = 0
        self._told: dict[str, str] = {}
        self._summary = ""
        self._summary_at_ms = 0

    def lines(self, snapshot: LabSnapshot) -> list[str]:
        """Return what is new, each line with its clock, harmless to a terminal."""
        clock = numbers.clock(snapshot.at_ms)
        found = [f"{clock} {text}" for text in self._changes(snapshot)]
        found[1:1] = self._events(snapshot)
        return [safe(line, LINE_LIMIT) for line in found]

    def lost(self, reason: str) -> str:
        """Return that the engine is gone; what comes after it is told anew."""
        self._state, self._event, self._told = None, 0, {}
        return safe(f"the engine is gone: {reason}", LINE_LIMIT)

    def _changes(self, snapshot: LabSnapshot) -> Iterator[str]:
        state = (snapshot.state, snapshot.detail)
        if state != self._state:
            self._state = state
            detail = f": {snapshot.detail}" if snapshot.detail else ""
            yield f"the lab is {snapshot.state}{detail}"
        now = dict(_states(snapshot))
        for name, word in now.items():
            before = self._told.get(name)
            if before != word and not (before is None and word in CALM):
                yield f"{name} is {word}" + (f", was {before}" if before else "")
        for name in self._told.keys() - now.keys():
            yield f"{name} is gone"
        self._told = now
        summary = _summary(snapshot)
        due = snapshot.at_ms - self._summary_at_ms >= SUMMARY_MS
        if snapshot.state == "live" and due and summary != self._summary:
            self._summary, self._summary_at_ms = summary, snapshot.at_ms
            yield summary

    def _events(self, snapshot: LabSnapshot) -> Iterator[str]:
        for event in snapshot.events:
            if event.seq > self._event:
                self._event = event.seq
                level = "" if event.level == "info" else f"{event.level}: "
                text = safe(event.text, TEXT_LIMIT)
                yield f"{numbers.clock(event.at_ms)} {level}{safe(event.kind, NAME_LIMIT)}: {text}"


def _states(snapshot: LabSnapshot) -> Iterator[tuple[str, str]]:
    """Return everything that has a state, by its name."""
    yield "the broker", snapshot.broker.state
    yield "the traffic", f"{snapshot.traffic.state}, shape {snapshot.traffic.shape}"
    for stream in snapshot.streams:
        for shard in stream.shards:
            yield f"{safe(stream.name, NAME_LIMIT)} shard {shard.id:02d}", str(shard.state)
    for consumer in snapshot.consumers:
        yield f"consumer {safe(consumer.name, NAME_LIMIT)}", consumer.state
    for alarm in snapshot.alarms:
        if alarm.state == "ALARM":
            yield f"alarm {alarm.name} {alarm.key}".strip(), "ALARM"


def _summary(snapshot: LabSnapshot) -> str:
    parts = [f"stored {numbers.count(snapshot.store.stored)} records"]
    parts += [
        f"{safe(stream.name, NAME_LIMIT)}: in {numbers.count(stream.in_per_s)} a second, "
        f"out {numbers.count(stream.out_per_s)}, lag {numbers.count(stream.lag)}"
        for stream in snapshot.streams
    ]
    return "; ".join(parts)
