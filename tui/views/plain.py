"""The lab as sentences, for screen readers and logs: what changed, and nothing twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from streaming.lab.snapshot import LabSnapshot
from tui import numbers
from tui.safe import safe

SUMMARY_MS = 10_000
"""Numbers are told this often, and only if they are others than before."""
NAME_LIMIT, TEXT_LIMIT, LINE_LIMIT = 60, 300, 500
CALM = ("ok", "warm", "closed", "starting")
"""States of a shard that need no sentence of their own when it gets into them from the start."""


Name: TypeAlias = tuple[str, str]
"""A kind of thing that has a state, and which one it is."""


class Teller:
    """Remembers what was told."""

    def __init__(self) -> None:
        self._state: tuple[str, str] | None = None
        self._event = 0
        self._told: dict[Name, str] = {}
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
        yield from self._states_that_changed(dict(_states(snapshot)))
        summary = _summary(snapshot)
        due = snapshot.at_ms - self._summary_at_ms >= SUMMARY_MS
        if snapshot.state == "live" and due and summary != self._summary:
            self._summary, self._summary_at_ms = summary, snapshot.at_ms
            yield summary

    def _states_that_changed(self, now: dict[Name, str]) -> Iterator[str]:
        """Return a sentence for all that changed in the same way, and what is gone."""
        alike: dict[tuple[str, str, str | None], list[str]] = {}
        for (kind, name), word in now.items():
            before = self._told.get((kind, name))
            if before != word and not (before is None and word in CALM):
                alike.setdefault((kind, word, before), []).append(name)
        for (kind, word, before), names in alike.items():
            what = f"{kind} {', '.join(names)}".strip()
            then = f", before: {before}" if before else ""
            yield f"{what} {'are' if len(names) > 1 else 'is'} {word}{then}"
        for kind, name in [key for key in self._told if key not in now]:
            yield f"{kind} {name} is gone" if kind != "alarm" else f"alarm {name} is over"
        self._told = now

    def _events(self, snapshot: LabSnapshot) -> Iterator[str]:
        for event in snapshot.events:
            if event.seq > self._event:
                self._event = event.seq
                level = "" if event.level == "info" else f"{event.level}: "
                text = safe(event.text, TEXT_LIMIT)
                yield f"{numbers.clock(event.at_ms)} {level}{safe(event.kind, NAME_LIMIT)}: {text}"


def _states(snapshot: LabSnapshot) -> Iterator[tuple[Name, str]]:
    """Return everything that has a state, by its kind and name."""
    yield ("the broker", ""), snapshot.broker.state
    yield ("the traffic", ""), f"{snapshot.traffic.state}, shape {snapshot.traffic.shape}"
    for stream in snapshot.streams:
        for shard in stream.shards:
            yield (f"{safe(stream.name, NAME_LIMIT)} shard", f"{shard.id:02d}"), str(shard.state)
    for consumer in snapshot.consumers:
        yield ("consumer", safe(consumer.name, NAME_LIMIT)), consumer.state
    for alarm in snapshot.alarms:
        if alarm.state == "ALARM":
            name = f"{safe(alarm.name, NAME_LIMIT)} {safe(alarm.key, NAME_LIMIT)}".strip()
            yield ("alarm", name), "ALARM"


def _summary(snapshot: LabSnapshot) -> str:
    parts = [f"stored {numbers.count(snapshot.store.stored)} records"]
    parts += [
        f"{safe(stream.name, NAME_LIMIT)}: in {numbers.count(stream.in_per_s)} a second, "
        f"out {numbers.count(stream.out_per_s)}, lag {numbers.count(stream.lag)}"
        for stream in snapshot.streams
    ]
    return "; ".join(parts)
