"""The states of all alarms of one clock: samples in, changes of state out.

Deterministic: the same samples of an alarm give the same history however they are batched, and a
book that is loaded from a dump goes on with the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from streaming.alarms.composite import CompositeRule
from streaming.alarms.evaluator import AlarmState, Datapoint, Verdict, evaluate
from streaming.alarms.maths import Expression, Series
from streaming.alarms.plan import Alarming
from streaming.alarms.statistics import datapoint
from streaming.anomaly.running import Decaying

HISTORY: Final = 60
"""Datapoints that metric maths can look back on."""
BAND_AFTER: Final = 30
"""Datapoints before there is a band."""
BAND_REACH: Final = 100
DEVIATION: Final = 1.2533
"""Standard deviations of the normal distribution in a mean absolute deviation."""
LONGEST_WAIT_MS: Final = 3_600_000
"""How far, in its own time, an expression's metric may be ahead of another before it is not waited
for any more."""

StateId: TypeAlias = tuple[str, str]
"""Alarm, and the key or stream it speaks of ("": the whole lab)."""


class Change(msgspec.Struct, frozen=True):
    """A change of state; `at_ms` is by the alarm's clock, `value` the newest datapoint."""

    alarm: str
    key: str
    at_ms: int
    before: AlarmState
    after: AlarmState
    reason: str
    value: float | None


class Standing(msgspec.Struct):
    """An alarm's state for one key, with all that the next datapoint needs."""

    state: AlarmState = "INSUFFICIENT_DATA"
    since_ms: int = 0
    reason: str = "it has just begun"
    value: float | None = None
    points: list[Datapoint | None] = msgspec.field(default_factory=list)
    samples: list[float] = msgspec.field(default_factory=list)
    period_ms: int | None = None
    columns: dict[str, Series] = msgspec.field(default_factory=dict)
    waiting: dict[int, dict[str, float | None]] = msgspec.field(default_factory=dict)
    usual: Decaying = msgspec.field(default_factory=lambda: Decaying(BAND_REACH))
    acknowledged: str = ""
    suppressed_until_ms: int = 0


class AlarmBook:
    """Alarms of one clock."""

    def __init__(self) -> None:
        self.plan: dict[str, Alarming] = {}
        self.standings: dict[StateId, Standing] = {}
        self._rules: dict[str, CompositeRule] = {}
        self._maths: dict[str, Expression] = {}
        self._seen: dict[str, dict[str, AlarmState]] = {}
        self._pending: list[Change] = []

    def follow(self, plan: Sequence[Alarming]) -> None:
        """Go by these alarms; one with the definition it had goes on, another begins anew."""
        before, self.plan = self.plan, {each.name: each for each in plan}
        same = {
            name
            for name, each in self.plan.items()
            if name in before and before[name].definition == each.definition
        }
        self.standings = {id_: s for id_, s in self.standings.items() if id_[0] in same}
        self._pending = [change for change in self._pending if change.alarm in same]
        self._seen = {name: states for name, states in self._seen.items() if name in same}
        self._rules = {e.name: CompositeRule(e.composite) for e in plan if e.composite}
        self._maths = {e.name: Expression(e.maths) for e in plan if e.maths}
        for name in self._rules:
            self.standings.setdefault((name, ""), Standing())
        # The first composites: what went before them is settled.
        if not self._pending:
            for (name, key), standing in self.standings.items():
                self._seen.setdefault(name, {}).setdefault(key, standing.state)

    # --- samples ----------------------------------------------------------------------------

    def feed(
        self, alarm: str, key: str, input_id: str, at_ms: int, value: float | None
    ) -> list[Change]:
        """A sample of one input for the period that ends at `at_ms`; None: it is missing."""
        alarming = self.plan[alarm]
        standing = self.standings.setdefault((alarm, key), Standing(since_ms=at_ms))
        if not alarming.maths:
            return self._sample(alarming, key, standing, at_ms, value)
        changes: list[Change] = []
        for at, columns in _complete(alarming, standing, input_id, at_ms, value):
            for name, number in columns.items():
                standing.columns[name] = [*standing.columns.get(name, []), number][-HISTORY:]
            step_s = (alarming.step_ms or alarming.period_ms) / 1000 or 1.0
            last = self._maths[alarm].last(standing.columns, step_s)
            changes += self._sample(alarming, key, standing, at, last)
        return changes

    def _sample(
        self, alarming: Alarming, key: str, standing: Standing, at_ms: int, value: float | None
    ) -> list[Change]:
        """Gather the samples of a period; a datapoint when it is over."""
        if not alarming.period_ms:
            return self._datapoint(alarming, key, standing, at_ms, value)
        changes: list[Change] = []
        # A sample at the very end of a period belongs to it: windows are named by their ends.
        end = -(-at_ms // alarming.period_ms) * alarming.period_ms
        if standing.period_ms is None:
            standing.period_ms = end
        for _ in range(alarming.rule.reach + 1):
            if standing.period_ms < end:
                changes += self._close(alarming, key, standing)
        # After a long pause: more periods without a sample than are looked at change nothing.
        standing.period_ms = end
        if value is not None:
            standing.samples.append(value)
        if at_ms == end:
            changes += self._close(alarming, key, standing)
        return changes

    def _close(self, alarming: Alarming, key: str, standing: Standing) -> list[Change]:
        assert standing.period_ms is not None  # noqa: S101
        at_ms, samples = standing.period_ms, standing.samples
        standing.period_ms, standing.samples = at_ms + alarming.period_ms, []
        value = datapoint(alarming.statistic, samples)
        return self._datapoint(alarming, key, standing, at_ms, value)

    def _datapoint(
        self, alarming: Alarming, key: str, standing: Standing, at_ms: int, value: float | None
    ) -> list[Change]:
        standing.value = value
        standing.points.append(_with_band(alarming, standing, value))
        del standing.points[: -alarming.rule.reach]
        verdict = evaluate(alarming.rule, standing.points, standing.state)
        return self._turn(alarming.name, key, standing, at_ms, verdict)

    def _turn(
        self, alarm: str, key: str, standing: Standing, at_ms: int, verdict: Verdict
    ) -> list[Change]:
        standing.reason = verdict.reason
        if verdict.state == standing.state:
            return []
        change = Change(
            alarm, key, at_ms, standing.state, verdict.state, verdict.reason, standing.value
        )
        standing.state, standing.since_ms = verdict.state, at_ms
        if verdict.state != "ALARM":
            standing.acknowledged = ""
        if self._rules:
            self._pending.append(change)
        return [change]

    # --- composites -------------------------------------------------------------------------

    def settle(self, until_ms: int) -> list[Change]:
        """Changes of composite alarms, up to a time by which all samples have come.

        So they follow the order of the times, not of the arrivals.
        """
        due = sorted(
            (c for c in self._pending if c.at_ms <= until_ms),
            key=lambda c: (c.at_ms, c.alarm, c.key),
        )
        self._pending = [change for change in self._pending if change.at_ms > until_ms]
        changes: list[Change] = []
        for i, change in enumerate(due):
            self._seen.setdefault(change.alarm, {})[change.key] = change.after
            if i + 1 == len(due) or due[i + 1].at_ms > change.at_ms:
                changes += self._composites(change.at_ms)
        return changes

    def _composites(self, at_ms: int) -> Iterator[Change]:
        states = {name: _overall(self._seen.get(name, {})) for name in self.plan}
        for name in self.plan:
            if name not in self._rules:
                continue
            on = self._rules[name].holds(states)
            standing = self.standings[name, ""]
            state: AlarmState = "ALARM" if on else "OK"
            told = ", ".join(f"{n} {states[n]}" for n in sorted(self._rules[name].names))
            if state != standing.state:
                yield Change(name, "", at_ms, standing.state, state, told, None)
                standing.state, standing.since_ms, standing.reason = state, at_ms, told
                if not on:
                    standing.acknowledged = ""
                self._seen.setdefault(name, {})[""] = state
            states[name] = state

    # --- people -----------------------------------------------------------------------------

    def of(self, alarm: str, key: str | None = None) -> list[StateId]:
        """The standings of an alarm, of one key where it is given."""
        return [i for i in self.standings if i[0] == alarm and key in (None, i[1])]

    def acknowledge(self, id_: StateId, who: str) -> bool:
        """Say that somebody knows of it; until its state changes. False: it is not in ALARM."""
        standing = self.standings[id_]
        if standing.state != "ALARM":
            return False
        standing.acknowledged = who
        return True

    def suppress(self, id_: StateId, until_ms: int) -> None:
        """No actions until then; states and history go on. 0 ends it."""
        self.standings[id_].suppressed_until_ms = until_ms

    # --- the store --------------------------------------------------------------------------

    def dump(self) -> bytes:
        """Everything."""
        return msgspec.msgpack.encode(
            (
                [(*id_, standing) for id_, standing in self.standings.items()],
                {name: each.definition for name, each in self.plan.items()},
                self._seen,
                self._pending,
            )
        )

    def load(self, dump: bytes) -> None:
        """Go on from a dump, for the alarms that have the definition they had."""
        standings, definitions, seen, pending = msgspec.msgpack.decode(
            dump,
            type=tuple[
                list[tuple[str, str, Standing]], dict[str, str],
                dict[str, dict[str, AlarmState]], list[Change],
            ],
        )  # fmt: skip
        same = {n for n, each in self.plan.items() if definitions.get(n) == each.definition}
        for alarm, key, standing in standings:
            if alarm in same:
                self.standings[alarm, key] = standing
        self._seen = {name: states for name, states in seen.items() if name in same}
        self._pending = [change for change in pending if change.alarm in same]


def _overall(states: Mapping[str, AlarmState]) -> AlarmState:
    """An alarm's state over all its keys: the worst."""
    worst: tuple[AlarmState, ...] = ("ALARM", "INSUFFICIENT_DATA")
    for state in worst:
        if state in states.values():
            return state
    return "OK" if states else "INSUFFICIENT_DATA"


def _complete(
    alarming: Alarming, standing: Standing, input_id: str, at_ms: int, value: float | None
) -> Iterator[tuple[int, dict[str, float | None]]]:
    """The times for which all metrics of an expression have come, in order."""
    standing.waiting.setdefault(at_ms, {})[input_id] = value
    names = [each.id for each in alarming.inputs]
    while standing.waiting:
        first = min(standing.waiting)
        row = standing.waiting[first]
        if len(row) < len(names) and at_ms - first < LONGEST_WAIT_MS:
            return
        del standing.waiting[first]
        yield first, {name: row.get(name) for name in names}


def _with_band(alarming: Alarming, standing: Standing, value: float | None) -> Datapoint | None:
    if value is None:
        return None
    if alarming.band is None:
        return Datapoint(value)
    usual = standing.usual
    there = usual.n >= BAND_AFTER
    reach = alarming.band * DEVIATION * usual.spread
    point = Datapoint(value, usual.mean - reach, usual.mean + reach) if there else None
    usual.add(value)
    return point
