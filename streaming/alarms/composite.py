"""Rules of composite alarms: ALARM(a) AND (NOT OK(b) OR INSUFFICIENT_DATA(c)), TRUE, FALSE.

As CloudWatch has them (PutCompositeAlarm, AlarmRule).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Final, TypeAlias

from streaming.alarms.evaluator import AlarmState

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*[\"']?(?P<name>[A-Za-z0-9_.-]+)[\"']?\s*\)"
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<mark>[()]))"
)
Test: TypeAlias = Callable[[Mapping[str, AlarmState]], bool]


class BadRule(ValueError):
    """The text is no rule; says where and why."""


class CompositeRule:
    """A parsed rule. `names` are the alarms it speaks of."""

    def __init__(self, text: str) -> None:
        """Raises BadRule."""
        self.names: set[str] = set()
        self._text = text
        self._at = 0
        self._test = self._or()
        if self._text[self._at :].strip():
            raise self._wrong("AND, OR or the end")

    def holds(self, states: Mapping[str, AlarmState]) -> bool:
        """Whether the rule is true with these states."""
        return self._test(states)

    def _take(self, *words: str) -> bool:
        match = _TOKEN.match(self._text, self._at)
        if match is None or (match["word"] or match["mark"]) not in words:
            return False
        self._at = match.end()
        return True

    def _or(self) -> Test:
        test = self._and()
        while self._take("OR"):
            test = _either(test, self._and())
        return test

    def _and(self) -> Test:
        test = self._not()
        while self._take("AND"):
            test = _both(test, self._not())
        return test

    def _not(self) -> Test:
        if self._take("NOT"):
            inner = self._not()
            return lambda states: not inner(states)
        if self._take("("):
            test = self._or()
            if not self._take(")"):
                raise self._wrong(")")
            return test
        if self._take("TRUE"):
            return lambda _: True
        if self._take("FALSE"):
            return lambda _: False
        match = _TOKEN.match(self._text, self._at)
        if match is None or match["state"] is None:
            raise self._wrong("ALARM(NAME), OK(NAME), INSUFFICIENT_DATA(NAME), NOT or (")
        self._at = match.end()
        state, name = match["state"], match["name"]
        self.names.add(name)
        return lambda states: states[name] == state

    def _wrong(self, wanted: str) -> BadRule:
        return BadRule(f"character {self._at + 1} of the rule: {wanted} should stand here")


def _either(a: Test, b: Test) -> Test:
    return lambda states: a(states) or b(states)


def _both(a: Test, b: Test) -> Test:
    return lambda states: a(states) and b(states)


def in_order(rules: Mapping[str, CompositeRule]) -> list[str]:
    """The composites, each after those it speaks of. BadRule when they speak of each other."""
    graph = {name: rule.names & rules.keys() for name, rule in sorted(rules.items())}
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise BadRule(f"these rules speak of each other: {', '.join(error.args[1])}") from None
