"""The shop's customers, products and campaigns: a seeded pool that events are drawn from.

Faker gives short lists (cities of each country, colours to search for) and numpy combines them,
so that the pool is ready in a fraction of a second and no event pays for a Faker call. Rank in a
tuple is popularity: customer 0 comes most often. Ids are shuffled, so that they hide the rank.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec
import numpy as np
from faker import Generator as FakerGenerator
from faker.factory import Factory
from numpy.typing import NDArray

from generators.draws import Purpose, stream, zipf

CUSTOMER_EXPONENT: Final = 1.1
PRODUCT_EXPONENT: Final = 1.0

COUNTRIES: Final = (
    ("US", "en_US", 0.38),
    ("DE", "de_DE", 0.13),
    ("GB", "en_GB", 0.09),
    ("FR", "fr_FR", 0.08),
    ("JP", "ja_JP", 0.07),
    ("BR", "pt_BR", 0.06),
    ("ES", "es_ES", 0.05),
    ("PL", "pl_PL", 0.04),
    ("AT", "de_AT", 0.04),
    ("NL", "nl_NL", 0.03),
    ("SE", "sv_SE", 0.02),
    ("IN", "en_IN", 0.01),
)
"""Code, Faker locale for its cities, and share of all visits.

A locale must list its cities in a fixed order: some of Faker's (it_IT) come from a set, whose
order changes with PYTHONHASHSEED.
"""

CATEGORIES: Final = (
    ("books", 1_600, ("novel", "atlas", "cookbook")),
    ("garden", 2_900, ("hose", "seeds", "parasol")),
    ("kitchen", 3_400, ("pan", "kettle", "knife")),
    ("toys", 2_200, ("puzzle", "robot", "kite")),
    ("sports", 4_800, ("ball", "mat", "racket")),
    ("music", 6_500, ("ukulele", "strings", "metronome")),
    ("beauty", 1_900, ("soap", "balm", "brush")),
    ("shoes", 7_200, ("sandals", "boots", "trainers")),
    ("phones", 32_000, ("handset", "charger", "case")),
    ("lighting", 4_100, ("lamp", "lantern", "bulbs")),
    ("coffee", 1_400, ("beans", "grinder", "filter")),
    ("tools", 5_300, ("drill", "saw", "level")),
)
"""Name, median price in cents, and what people search for."""

DEVICES: Final = ("mobile", "desktop", "tablet")
DEVICE_SHARES: Final = (0.56, 0.34, 0.10)
PAYMENTS: Final = ("card", "wallet", "transfer", "invoice")
PAYMENT_SHARES: Final = (0.58, 0.27, 0.10, 0.05)

PLATFORMS: Final = {
    "mobile": "Linux; Android 14; Mobile",
    "desktop": "Windows NT 10.0; Win64; x64",
    "tablet": "iPad; CPU OS 17_3 like Mac OS X",
}
CHANNELS: Final = ("newsletter", "search-ads", "affiliate", "social", "outlet", "loyalty")

CITIES_PER_COUNTRY: Final = 8
AGENTS_PER_DEVICE: Final = 6
QUERIES_PER_CATEGORY: Final = 6

BENCHMARK_NET: Final = (198 << 24) + (18 << 16)
"""198.18.0.0/15 (RFC 2544): addresses that belong to nobody, 131,072 of them."""


class Customer(msgspec.Struct, frozen=True, gc=False):
    """A person who visits; `number` is the popularity rank, `device` the usual device."""

    number: int
    id: str
    country: str
    city: str
    device: str
    payment: str
    ip: str


class Product(msgspec.Struct, frozen=True, gc=False):
    """Something on sale; `number` is the popularity rank, `price_cents` one piece's price."""

    number: int
    id: str
    category: str
    price_cents: int
    page: str


class Query(msgspec.Struct, frozen=True, gc=False):
    """A search as typed and the path of its result page."""

    text: str
    page: str


@dataclass(frozen=True)
class Pool:
    """Everything events are drawn from; shares are per rank and sum to one."""

    customers: tuple[Customer, ...]
    products: tuple[Product, ...]
    campaigns: tuple[str, ...]
    customer_shares: NDArray[np.float64]
    product_shares: NDArray[np.float64]
    agents: dict[str, tuple[str, ...]]
    queries: dict[str, tuple[Query, ...]]


def build_pool(seed: int, customers: int = 2_000, products: int = 500, campaigns: int = 20) -> Pool:
    """Make the pool of one seed; it is the same in every incarnation of the shop."""
    rng = stream(seed, 0, Purpose.POOL)
    customer_shares = zipf(customers, CUSTOMER_EXPONENT)
    return Pool(
        customers=_customers(rng, customer_shares, _cities(seed)),
        products=_products(rng, products),
        campaigns=tuple(f"{CHANNELS[n % len(CHANNELS)]}-{n + 1:02d}" for n in range(campaigns)),
        customer_shares=customer_shares,
        product_shares=zipf(products, PRODUCT_EXPONENT),
        agents=_agents(rng),
        queries=_queries(seed),
    )


def _faker(locale: str, seed: int, providers: tuple[str, ...]) -> FakerGenerator:
    # Loading only the providers in use takes 2 ms; all of them would take 25 ms per locale.
    fake = Factory.create(locale, providers=[f"faker.providers.{name}" for name in providers])
    fake.seed_instance(seed)
    return fake


def _cities(seed: int) -> dict[str, tuple[str, ...]]:
    cities = {}
    for code, locale, _ in COUNTRIES:
        fake = _faker(locale, seed, ("address", "person"))
        cities[code] = tuple(fake.format("city") for _ in range(CITIES_PER_COUNTRY))
    return cities


def _country_codes(shares: NDArray[np.float64]) -> list[str]:
    """Give each rank the country that lacks most traffic, so that visits, not heads, are shared.

    With a few customers making most of the traffic, a free draw per customer would leave the
    country shares to luck.
    """
    lacking = np.array([share for _, _, share in COUNTRIES])
    codes = []
    for share in shares.tolist():
        index = int(lacking.argmax())
        lacking[index] -= share
        codes.append(COUNTRIES[index][0])
    return codes


def _customers(
    rng: np.random.Generator, shares: NDArray[np.float64], cities: dict[str, tuple[str, ...]]
) -> tuple[Customer, ...]:
    count = len(shares)
    numbers = rng.permutation(count).tolist()
    towns = rng.integers(0, CITIES_PER_COUNTRY, count).tolist()
    devices = rng.choice(len(DEVICES), count, p=DEVICE_SHARES).tolist()
    payments = rng.choice(len(PAYMENTS), count, p=PAYMENT_SHARES).tolist()
    return tuple(
        Customer(
            number=rank,
            id=f"cust-{numbers[rank] + 1:05d}",
            country=code,
            city=cities[code][towns[rank]],
            device=DEVICES[devices[rank]],
            payment=PAYMENTS[payments[rank]],
            ip=_address(numbers[rank]),
        )
        for rank, code in enumerate(_country_codes(shares))
    )


def _address(number: int) -> str:
    value = BENCHMARK_NET + number % (1 << 17)
    return ".".join(str(value >> shift & 255) for shift in (24, 16, 8, 0))


def _products(rng: np.random.Generator, count: int) -> tuple[Product, ...]:
    numbers = rng.permutation(count).tolist()
    first = rng.permutation(len(CATEGORIES))  # every category sells, however small the pool
    others = rng.integers(0, len(CATEGORIES), count)
    indexes = np.concatenate([first, others])[:count].tolist()
    spread = rng.lognormal(0.0, 0.5, count).tolist()
    products = []
    for rank in range(count):
        category, median, _ = CATEGORIES[indexes[rank]]
        product_id = f"prod-{numbers[rank] + 1:04d}"
        price = max(99, round(median * spread[rank] / 100) * 100 - 1)
        products.append(Product(rank, product_id, category, price, f"/p/{product_id}"))
    return tuple(products)


def _agents(rng: np.random.Generator) -> dict[str, tuple[str, ...]]:
    return {
        device: tuple(
            f"Mozilla/5.0 ({PLATFORMS[device]}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{version}.0.0.0 Safari/537.36"
            for version in sorted(rng.choice(range(110, 140), AGENTS_PER_DEVICE, replace=False))
        )
        for device in DEVICES
    }


def _queries(seed: int) -> dict[str, tuple[Query, ...]]:
    fake = _faker("en_US", seed, ("color",))
    queries = {}
    for name, _, nouns in CATEGORIES:
        words = [
            (fake.format("safe_color_name"), nouns[n % len(nouns)])
            for n in range(QUERIES_PER_CATEGORY)
        ]
        queries[name] = tuple(Query(f"{a} {b}", f"/search?q={a}+{b}") for a, b in words)
    return queries
