"""Crowds: many sessions at once, each waiting for the moment of its next step.

A crowd is a calendar of ticks. Each tick it gives up the sessions that are due, as far as the
tick's budget of records goes, and opens new ones for what is left of it; so the rate is met
exactly and the number of sessions follows by itself. When the budget is too small the due wait,
and those past the crowd's patience close the tab without a click.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

import numpy as np

from generators.catalog import Customer, Product
from generators.clickstream import (
    ADD,
    CART_LINES,
    CHECKOUT,
    GONE,
    LAND,
    PAY,
    SEARCH,
    VIEW,
    Clickstream,
    Habits,
    Session,
    transitions,
)
from generators.draws import lognormal, rolls

LONGEST_MS: Final = 30_000
DWELL_SIGMA: Final = 0.6

LANDINGS: Final = 0.25
"""Of a tick's budget, the most that lands on the home page; further new sessions come in by a
link straight to a product, or a shop that opens with a full rate would show nothing but landings.
"""

Costs = tuple[int, ...]
"""How many records each state's step emits; index is the state."""


class Crowd:
    """Sessions with the same habits.

    `label` marks their records ("" for ordinary visitors), `count` is how many they have made.
    """

    def __init__(
        self,
        clicks: Clickstream,
        rng: np.random.Generator,
        *,
        visitor: Callable[[], Customer],
        interest: Callable[[], Product],
        habits: Habits,
        dwell_ms: tuple[int, ...],
        tick_ms: int,
        landings: float = LANDINGS,
        label: str = "",
    ) -> None:
        self.label = label
        self.count = 0
        self._landings = landings
        self._clicks = clicks
        self._visitor = visitor
        self._interest = interest
        self._next = transitions(habits)
        self._roll = rolls(rng)
        longest = max(1, LONGEST_MS // tick_ms)
        self._dwell = tuple(
            lognormal(rng, max(0.5, median / tick_ms), DWELL_SIGMA, 1, longest)
            for median in dwell_ms
        )
        self._calendar: list[list[Session]] = [[] for _ in range(longest + 1)]
        self._tick = 0
        self._waiting: list[Session] = []

    def turn(self, budget: int, costs: Costs, patience: int) -> list[Session]:
        """The sessions that step in the next tick; their records fill `budget` or one less.

        At most `patience` sessions stay waiting for a later tick.
        """
        self._tick += 1
        slot = self._tick % len(self._calendar)
        due = self._waiting + self._calendar[slot]
        self._calendar[slot] = []
        chosen, left = _afford(due, budget, costs)
        self._waiting = due[len(chosen) : len(chosen) + patience]
        landings = math.ceil(budget * self._landings / costs[LAND])
        for number in range(left // costs[LAND]):
            state = LAND if number < landings else VIEW
            chosen.append(self._clicks.open(self._visitor(), self._interest(), state))
        return chosen

    def buyers(self, count: int, ts: int) -> list[Session]:
        """`count` sessions about to pay, their clicks made at `ts` and shown to nobody."""
        ready: list[Session] = []
        while len(ready) < count:
            session = self._clicks.open(self._visitor(), self._interest(), LAND)
            while session.state not in (PAY, GONE):
                self._clicks.click(session, ts)
                self._move(session)
            if session.state == PAY:
                ready.append(session)
        return ready

    def advance(self, session: Session) -> None:
        """Choose what the session does next and when, after the step it has just taken."""
        dwell = self._dwell[session.state]()
        self._move(session)
        if session.state != GONE:
            calendar = self._calendar
            calendar[(self._tick + dwell) % len(calendar)].append(session)

    def _move(self, session: Session) -> None:
        state = session.state
        after = self._next[state][self._roll()]
        if after == SEARCH or (after == VIEW and state != SEARCH):
            session.product = self._interest()
        elif after == ADD and len(session.cart) >= CART_LINES:
            after = CHECKOUT
        session.state = after


def _afford(due: list[Session], budget: int, costs: Costs) -> tuple[list[Session], int]:
    """The first sessions whose records fit into the budget, and what is left of it."""
    if len(set(costs)) == 1:
        chosen = due[: budget // costs[0]]
        return chosen, budget - len(chosen) * costs[0]
    left = budget
    for index, session in enumerate(due):
        cost = costs[session.state]
        if cost > left:
            return due[:index], left
        left -= cost
    return due[:], left
