"""Sessions: what a visitor does step by step, and the click each step leaves behind.

A session is a small state machine (land, view, search, add_to_cart, checkout, pay, leave). Its
state is the step it takes next; paying is a step without a click, which becomes an order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec
import numpy as np

from generators.catalog import DEVICES, Customer, Pool, Product, Query
from generators.draws import ROLLS, endless, lognormal, picks, rolls
from generators.wire import CLICK_TYPES, SCHEMA_VERSION, Click

LAND, VIEW, SEARCH, ADD, CHECKOUT, LEAVE, PAY, GONE = range(8)
"""The first six are the indexes of their names in CLICK_TYPES."""

MOST_LOAD_MS: Final = 30_000

CART_LINES: Final = 4
"""Most different products in one cart; a visitor with a full cart goes to the checkout."""

SHOPPERS: Final = (
    (LAND, ((VIEW, 0.60), (SEARCH, 0.28), (LEAVE, 0.12))),
    (VIEW, ((VIEW, 0.32), (SEARCH, 0.12), (ADD, 0.34), (LEAVE, 0.22))),
    (SEARCH, ((VIEW, 0.78), (SEARCH, 0.10), (LEAVE, 0.12))),
    (ADD, ((VIEW, 0.38), (SEARCH, 0.05), (CHECKOUT, 0.47), (LEAVE, 0.10))),
    (CHECKOUT, ((PAY, 0.92), (LEAVE, 0.08))),
    (LEAVE, ((GONE, 1.0),)),
    (PAY, ((VIEW, 0.15), (LEAVE, 0.85))),
)
"""What people do after each step, with shares; about one session in three ends in an order."""

BOTS: Final = (
    (LAND, ((VIEW, 1.0),)),
    (VIEW, ((VIEW, 0.75), (SEARCH, 0.25))),
    (SEARCH, ((VIEW, 0.80), (SEARCH, 0.20))),
)
"""Scrapers look and search without end and never buy."""

PEOPLE_MS: Final = (2_000, 3_000, 2_000, 1_500, 800, 500, 1_500)
"""Median milliseconds from each step to the next, by state; at the checkout it is the payment."""

SCRAPERS_MS: Final = (150, 200, 150, 150, 150, 150, 150)

SHOWS_PRODUCT: Final = (False, True, False, True, True, False)
"""Whether the click of a state is about one product; the category is always known."""

PAGES: Final = ("/", "", "", "/cart/add", "/checkout", "/bye")

USUAL_DEVICE: Final = 216
"""Of ROLLS sessions, how many use the customer's usual device (84 %)."""

FROM_CAMPAIGN: Final = 0.45

Habits = tuple[tuple[int, tuple[tuple[int, float], ...]], ...]


class Session(msgspec.Struct, gc=False):
    """One visit under way; `cart` holds (product, quantity) pairs put in and not yet bought."""

    id: str
    customer: Customer
    device: str
    agent: str
    campaign: str
    product: Product
    state: int
    cart: list[tuple[Product, int]]
    checkout_id: str = ""


def transitions(habits: Habits) -> tuple[tuple[int, ...], ...]:
    """Spread the shares of each step's outcomes over ROLLS sides: `table[state][roll]`."""
    table: list[tuple[int, ...]] = [(GONE,) * ROLLS for _ in range(GONE)]
    for state, outcomes in habits:
        edges = np.rint(np.cumsum([share for _, share in outcomes]) * ROLLS).astype(int).tolist()
        sides: list[int] = []
        for (outcome, _), edge in zip(outcomes, edges, strict=True):
            sides += [outcome] * (edge - len(sides))
        table[state] = tuple(sides)
    return tuple(table)


class Clickstream:
    """Opens sessions and turns their steps into clicks; keeps the click counter and sequences."""

    def __init__(self, pool: Pool, rng: np.random.Generator, seed: int, incarnation: int) -> None:
        self._prefix = f"c{seed:x}-{incarnation}-"
        self._session_prefix = f"s{seed:x}-{incarnation}-"
        self._clicks = 0
        self._sessions = 0
        self._seq = [incarnation << 32] * len(pool.customers)
        self._agents = pool.agents
        self._queries: dict[str, Callable[[], Query]] = {
            category: picks(rng, queries) for category, queries in pool.queries.items()
        }
        self._roll = rolls(rng)
        self._load_ms = lognormal(rng, 180.0, 0.6, 12, MOST_LOAD_MS)
        self._quantity = picks(rng, (1, 2, 3), np.array([0.82, 0.13, 0.05]))
        self.slowness = 1.0
        """What page load times are multiplied by."""
        self._campaign = endless(lambda: _campaigns(rng, pool.campaigns))

    def open(self, customer: Customer, product: Product, state: int) -> Session:
        """A new session of `customer`, who is interested in `product` first."""
        roll = self._roll()
        device = customer.device if roll < USUAL_DEVICE else DEVICES[roll % len(DEVICES)]
        agents = self._agents[device]
        number = self._sessions
        self._sessions = number + 1
        return Session(
            f"{self._session_prefix}{number}",
            customer,
            device,
            agents[customer.number % len(agents)],
            self._campaign(),
            product,
            state,
            [],
        )

    def click(self, session: Session, ts: int) -> Click:
        """Take the session's step at event time `ts` (ms): its click, and what it does to it."""
        state = session.state
        product = session.product
        customer = session.customer
        number = self._clicks
        self._clicks = number + 1
        click_id = f"{self._prefix}{number}"
        seq = self._seq[customer.number]
        self._seq[customer.number] = seq + 1
        page = PAGES[state]
        text = ""
        if state == VIEW:
            page = product.page
        elif state == SEARCH:
            query = self._queries[product.category]()
            page, text = query.page, query.text
        elif state == ADD:
            put_in_cart(session.cart, product, self._quantity())
        elif state == CHECKOUT:
            session.checkout_id = click_id
        return Click(
            SCHEMA_VERSION,
            click_id,
            ts,
            seq,
            CLICK_TYPES[state],
            customer.id,
            session.id,
            product.id if SHOWS_PRODUCT[state] else "",
            product.category,
            customer.country,
            session.device,
            session.campaign,
            page,
            text,
            self._load_ms() if self.slowness == 1.0 else self._slow_ms(),
        )

    def _slow_ms(self) -> int:
        return min(MOST_LOAD_MS, round(self._load_ms() * self.slowness))


def put_in_cart(cart: list[tuple[Product, int]], product: Product, quantity: int) -> None:
    """Add pieces of a product: to its line if the cart has one, else as a new line."""
    for index, (present, pieces) in enumerate(cart):
        if present is product:
            cart[index] = (product, pieces + quantity)
            return
    cart.append((product, quantity))


def _campaigns(rng: np.random.Generator, names: tuple[str, ...]) -> list[str]:
    """A chunk of campaigns, "" for a visit that no campaign brought."""
    draws = rng.random(1024)
    indexes = (draws / FROM_CAMPAIGN * len(names)).astype(np.int64).tolist()
    return [names[index] if index < len(names) else "" for index in indexes]
