"""Trouble on demand, with its ground truth: what was planted, when, and on how many records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np

from generators.catalog import Customer, Pool, Product
from generators.clickstream import BOTS, PEOPLE_MS, SCRAPERS_MS, SHOPPERS, Clickstream
from generators.crowd import Crowd
from generators.draws import picks

LATE: Final = "late"
DUPLICATE: Final = "duplicate"
POISON: Final = "poison"
HOT_KEY: Final = "hot_key"
BOT_STORM: Final = "bot_storm"
PAYMENT_OUTAGE: Final = "payment_outage"
PRICE_GLITCH: Final = "price_glitch"
FLASH_SALE: Final = "flash_sale"
SLOW_DRIFT: Final = "slow_drift"

SALE_RISE_MS: Final = 5_000
"""Event time that a flash sale takes to its full rate."""

BOT_CUSTOMERS: Final = 4
MOST_INTENSITY: Final = 0.95
"""Most of a share: something of the ordinary day always goes on."""


@dataclass(frozen=True)
class Kind:
    """What an incident does in one line, and its intensity unless another is asked for."""

    text: str
    intensity: float


KINDS: Final[dict[str, Kind]] = {
    LATE: Kind("a share of the records arrives 5 to 90 s of event time late", 0.05),
    DUPLICATE: Kind("a share of the records is sent twice, byte for byte", 0.05),
    POISON: Kind("a share of the records is followed by one no consumer can decode", 0.01),
    HOT_KEY: Kind("one customer makes this share of all records", 0.6),
    BOT_STORM: Kind("four customers make this share of the records, all on one product", 0.5),
    PAYMENT_OUTAGE: Kind("this share of the payments is declined", 0.95),
    PRICE_GLITCH: Kind("the prices of one category are multiplied by this factor", 0.01),
    FLASH_SALE: Kind("visitors rush to one category: so many times the usual records", 3.0),
    SLOW_DRIFT: Kind("pages load ever more slowly, up to 1 + this times as long", 1.0),
}
"""Intensity is a share in (0, 0.95], except where it is a factor: see FACTORS."""

FACTORS: Final = {
    PRICE_GLITCH: (0.0, 1_000.0),
    FLASH_SALE: (1.0, 20.0),
    SLOW_DRIFT: (0.0, 20.0),
}
"""Kinds whose intensity is a factor, above the first number and at most the second."""


class GroundTruth(msgspec.Struct, frozen=True):
    """One planted incident as it was: event times in ms, the end excluded.

    `target` is the customer (hot_key), product (bot_storm) or category (price_glitch, flash_sale)
    in trouble, `category` that of the target; "" where the kind has none. `count` is the records
    struck so far: a late one counts when it comes, and one struck twice counts with both.
    """

    kind: str
    start_ts: int
    end_ts: int
    intensity: float
    target: str
    category: str
    count: int


class Incident:
    """One planted incident under way; hot_key, bot_storm and flash_sale bring their own crowd."""

    def __init__(self, kind: str, start_ts: int, end_ts: int, intensity: float) -> None:
        self.kind = kind
        self.start_ts = start_ts
        self.end_ts = end_ts
        self.intensity = intensity
        self.target = ""
        self.category = ""
        self.count = 0
        self.crowd: Crowd | None = None
        self.credit = 0.0

    def progress(self, now_ms: int) -> float:
        """How much of it is over, 0 to 1."""
        return min(1.0, max(0.0, (now_ms - self.start_ts) / (self.end_ts - self.start_ts)))

    def close(self) -> None:
        """Send the crowd home, so that past incidents cost no memory; its count stays."""
        if self.crowd is not None:
            self.count += self.crowd.count
            self.crowd = None

    def truth(self) -> GroundTruth:
        """The incident as a record."""
        return GroundTruth(
            self.kind,
            self.start_ts,
            self.end_ts,
            self.intensity,
            self.target,
            self.category,
            self.count + (self.crowd.count if self.crowd is not None else 0),
        )


def checked_intensity(kind: str, intensity: float) -> float:
    """The intensity to plant with, the kind's own for 0; ValueError for what cannot be."""
    if kind not in KINDS:
        raise ValueError(f"no incident is called {kind!r}; there are {', '.join(KINDS)}")
    if intensity == 0.0:
        return KINDS[kind].intensity
    above, most = FACTORS.get(kind, (0.0, MOST_INTENSITY))
    if not above < intensity <= most:
        raise ValueError(f"the intensity of {kind} is above {above:g} and at most {most:g}")
    return intensity


def stage(
    incident: Incident, pool: Pool, clicks: Clickstream, rng: np.random.Generator, tick_ms: int
) -> None:
    """Choose whom or what the incident strikes, and gather its crowd if it has one."""
    if incident.kind == HOT_KEY:
        hot = _quiet_customer(pool, rng)
        incident.target = hot.id
        interest = picks(rng, pool.products, pool.product_shares)
        incident.crowd = Crowd(
            clicks,
            rng,
            visitor=lambda: hot,
            interest=interest,
            habits=SHOPPERS,
            dwell_ms=PEOPLE_MS,
            tick_ms=tick_ms,
            label=HOT_KEY,
        )
    elif incident.kind == BOT_STORM:
        product = _sought_product(pool, rng)
        incident.target, incident.category = product.id, product.category
        bots = tuple(_quiet_customer(pool, rng) for _ in range(BOT_CUSTOMERS))
        incident.crowd = Crowd(
            clicks,
            rng,
            visitor=picks(rng, bots),
            interest=lambda: product,
            habits=BOTS,
            dwell_ms=SCRAPERS_MS,
            tick_ms=tick_ms,
            landings=0.0,
            label=BOT_STORM,
        )
    elif incident.kind == FLASH_SALE:
        category = _sought_product(pool, rng).category
        incident.target = incident.category = category
        incident.crowd = Crowd(
            clicks,
            rng,
            visitor=picks(rng, pool.customers, pool.customer_shares),
            interest=picks(rng, tuple(p for p in pool.products if p.category == category)),
            habits=SHOPPERS,
            dwell_ms=PEOPLE_MS,
            tick_ms=tick_ms,
            label=FLASH_SALE,
        )
    elif incident.kind == PRICE_GLITCH:
        incident.target = incident.category = _sought_product(pool, rng).category


def _quiet_customer(pool: Pool, rng: np.random.Generator) -> Customer:
    """Someone of the quieter half, so that the incident is not hidden in ordinary traffic."""
    return pool.customers[int(rng.integers(len(pool.customers) // 2, len(pool.customers)))]


def _sought_product(pool: Pool, rng: np.random.Generator) -> Product:
    """A product as people look at them, so that the trouble shows."""
    return pool.products[int(rng.choice(len(pool.products), p=pool.product_shares))]
