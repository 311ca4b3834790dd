"""The shop: ticks of event time in, records out, with the rate, shape and trouble you choose."""

from __future__ import annotations

from itertools import repeat
from typing import Final

import msgspec

from generators.catalog import build_pool
from generators.clickstream import LAND, PAY, PEOPLE_MS, SHOPPERS, Session
from generators.counter import Counter
from generators.crowd import Crowd
from generators.delivery import Delivery
from generators.draws import Purpose, picks, rolls, stream
from generators.incidents import (
    BOT_STORM,
    FLASH_SALE,
    SALE_RISE_MS,
    SLOW_DRIFT,
    GroundTruth,
    Incident,
    checked_intensity,
    stage,
)
from generators.traffic import SHAPES, rate_at
from generators.wire import CLICKS, ORDERS, STREAMS, Emitted

LONGEST_TICK_MS: Final = 1_000
LONGEST_INCIDENT_S: Final = 86_400
MOST_RATE: Final = 1_000_000.0
PATIENCE_S: Final = 2.0
"""Seconds of traffic at the base rate that wait when the rate falls; others leave."""
FEWEST_PATIENT: Final = 64

CROWDED: Final = 0.95
"""The share of the records that crowds of incidents may take together."""

Turn = tuple[Session, Crowd]
"""A session whose turn it is, and the crowd it is in."""


class ShopConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How a shop begins; `rate` is in records per second over all of `streams` together.

    `incarnation` counts the lives of one shop: the same people and products, other events, and
    ids and sequences that follow those of the lives before.
    """

    seed: int = 7
    customers: int = 2_000
    products: int = 500
    campaigns: int = 20
    rate: float = 1_000.0
    shape: str = "constant"
    streams: tuple[str, ...] = (CLICKS, ORDERS)
    incarnation: int = 0
    tick_ms: int = 50

    def __post_init__(self) -> None:
        if min(self.customers, self.products) < 1 or min(self.seed, self.campaigns) < 0:
            raise ValueError("a shop needs a customer, a product and a seed that is not negative")
        if not 0 <= self.incarnation < 1 << 31:
            raise ValueError("the incarnation is a whole number from 0 to 2147483647")
        if not self.streams or not set(self.streams) <= set(STREAMS):
            raise ValueError(f"streams are one or more of {', '.join(STREAMS)}")
        if not 1 <= self.tick_ms <= LONGEST_TICK_MS:
            raise ValueError(f"a tick takes 1 to {LONGEST_TICK_MS} ms")
        _checked_rate(self.rate)
        _checked_shape(self.shape)


class Shop:
    """A running shop; the caller decides how fast event time passes by calling `tick`."""

    def __init__(self, config: ShopConfig, start_ms: int) -> None:
        """Open the shop at event time `start_ms` (ms since the Unix epoch)."""
        seed, life = config.seed, config.incarnation
        self.tick_ms = config.tick_ms
        self._config = config
        self._pool = build_pool(seed, config.customers, config.products, config.campaigns)
        self._counter = Counter(self._pool, config.streams, seed, life)
        self._people = self._ordinary_people()
        self._delivery = Delivery(stream(seed, life, Purpose.DELIVERY), config.tick_ms)
        self._moment = rolls(stream(seed, life, Purpose.TIMES), config.tick_ms)
        self._costs = self._counter.costs
        self._now = start_ms
        self._rate = config.rate
        self._shape = config.shape
        self._shape_since = start_ms
        self._credit = 0.0
        self._planted: list[Incident] = []
        self._active: dict[str, Incident] = {}

    @property
    def next_tick_ms(self) -> int:
        """The event time (ms) at which the next tick ends."""
        return self._now + self.tick_ms

    def set_rate(self, per_s: float) -> None:
        """Change the base rate (records per second) from the next tick on."""
        self._rate = _checked_rate(per_s)

    def set_shape(self, name: str) -> None:
        """Begin another rate shape with the next tick."""
        self._shape = _checked_shape(name)
        self._shape_since = self._now

    def plant(self, kind: str, seconds: float, intensity: float = 0.0) -> None:
        """Let an incident begin with the next tick and last `seconds` of event time.

        Intensity 0 means the kind's own. Planting a kind that is active ends that one first.
        """
        intensity = checked_intensity(kind, intensity)
        if not 0.0 < seconds <= LONGEST_INCIDENT_S:
            raise ValueError(f"an incident lasts more than 0 and at most {LONGEST_INCIDENT_S} s")
        standing = self._active.pop(kind, None)
        if standing is not None:
            standing.end_ts = min(standing.end_ts, self._now)
            standing.close()
        length = max(self.tick_ms, round(seconds * 1000))
        incident = Incident(kind, self._now, self._now + length, intensity)
        config = self._config
        rng = stream(config.seed, config.incarnation, Purpose.INCIDENTS, len(self._planted))
        stage(incident, self._pool, self._counter.clicks, rng, self.tick_ms)
        self._planted.append(incident)
        self._active[kind] = incident

    def active_incidents(self) -> tuple[str, ...]:
        """The kinds that will strike the next tick, in the order they were planted."""
        return tuple(kind for kind, one in self._active.items() if self._now < one.end_ts)

    def active_ends(self) -> tuple[int, ...]:
        """When each of `active_incidents` ends, in ms of event time."""
        return tuple(one.end_ts for one in self._active.values() if self._now < one.end_ts)

    def ground_truth(self) -> tuple[GroundTruth, ...]:
        """Every incident planted so far, with the records it has affected until now."""
        return tuple(incident.truth() for incident in self._planted)

    def tick(self) -> list[Emitted]:
        """All records of the next tick of event time, in event-time order.

        Records planted late come first. What a tick emits over or under the rate, the fraction of
        a record included, is settled with the ticks that follow.
        """
        start = self._now
        for kind in [kind for kind, one in self._active.items() if one.end_ts <= start]:
            self._active.pop(kind).close()
        middle_s = (start + self.tick_ms / 2 - self._shape_since) / 1000
        due = rate_at(self._shape, middle_s, self._rate) * self.tick_ms / 1000
        self._credit += due
        released = self._delivery.release()
        budget = max(0, int(self._credit) - len(released))
        self._counter.slow_down(self._active.get(SLOW_DRIFT), start)
        rush = self._rush(due, start)
        self._credit += sum(self._costs[session.state] for session, _ in rush)
        turns = self._turns(budget)
        records = self._serve(_interleaved([turns, rush]) if rush else turns, start)
        records = released + self._delivery.disturb(records, self._active)
        self._credit -= len(records)
        self._now = start + self.tick_ms
        return records

    def _rush(self, due: float, start: int) -> list[Turn]:
        """Who comes to a flash sale in this tick, beyond the shop's rate of `due` records."""
        sale = self._active.get(FLASH_SALE)
        if sale is None or sale.crowd is None:
            return []
        risen = min(1.0, (start + self.tick_ms - sale.start_ts) / SALE_RISE_MS)
        sale.credit += due * (sale.intensity - 1.0) * risen
        turns = self._step_up(sale.crowd, int(sale.credit))
        sale.credit -= sum(self._costs[session.state] for session, _ in turns)
        return turns

    def _turns(self, budget: int) -> list[Turn]:
        """Whose turn it is in this tick: crowds of incidents by their shares, then the people."""
        crowds = [
            (one, one.crowd)
            for one in self._active.values()
            # Bots place no orders: where only orders are shown, they would never be done.
            if one.crowd is not None
            and one.kind != FLASH_SALE
            and (self._costs[LAND] or one.kind != BOT_STORM)
        ]
        scale = min(1.0, CROWDED / max(CROWDED, sum(one.intensity for one, _ in crowds)))
        left = budget
        groups: list[list[Turn]] = []
        for one, crowd in crowds:
            one.credit += one.intensity * scale * budget
            group = self._step_up(crowd, min(int(one.credit), left))
            spent = sum(self._costs[session.state] for session, _ in group)
            one.credit -= spent
            left -= spent
            groups.append(group)
        people = self._step_up(self._people, left)
        return _interleaved([*groups, people]) if groups else people

    def _step_up(self, crowd: Crowd, budget: int) -> list[Turn]:
        """The sessions of one crowd that step in this tick."""
        if self._costs[LAND]:
            patience = max(FEWEST_PATIENT, int(PATIENCE_S * self._rate))
            sessions = crowd.turn(budget, self._costs, patience)
        else:
            sessions = crowd.buyers(budget, self._now)
        return list(zip(sessions, repeat(crowd)))

    def _serve(self, turns: list[Turn], start: int) -> list[Emitted]:
        """Spread the turns over the tick, make their records, and send the sessions on."""
        moment, counter, active = self._moment, self._counter, self._active
        moments = sorted([moment() for _ in turns])
        lasting = self._costs[LAND] > 0
        out: list[Emitted] = []
        for (session, crowd), offset in zip(turns, moments, strict=True):
            if session.state == PAY:
                counter.order(session, start + offset, crowd, active, out)
            else:
                counter.click(session, start + offset, crowd, out)
            if lasting:
                crowd.advance(session)
        return out

    def _ordinary_people(self) -> Crowd:
        seed, life, pool = self._config.seed, self._config.incarnation, self._pool
        rng = stream(seed, life, Purpose.VISITORS)
        return Crowd(
            self._counter.clicks,
            stream(seed, life, Purpose.CROWD),
            visitor=picks(rng, pool.customers, pool.customer_shares),
            interest=picks(rng, pool.products, pool.product_shares),
            habits=SHOPPERS,
            dwell_ms=PEOPLE_MS,
            tick_ms=self.tick_ms,
        )


def _interleaved(groups: list[list[Turn]]) -> list[Turn]:
    """All turns of a tick, each group spread evenly over it."""
    placed = [
        ((index + 0.5) / len(group), number, turn)
        for number, group in enumerate(groups)
        for index, turn in enumerate(group)
    ]
    placed.sort(key=lambda place: place[:2])
    return [turn for _, _, turn in placed]


def _checked_rate(per_s: float) -> float:
    if not 0.0 <= per_s <= MOST_RATE:
        raise ValueError(f"a rate is 0 to {MOST_RATE:,.0f} records per second")
    return float(per_s)


def _checked_shape(name: str) -> str:
    if name not in SHAPES:
        raise ValueError(f"no shape is called {name!r}; there are {', '.join(SHAPES)}")
    return name
