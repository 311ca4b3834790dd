"""The pool: seeded, skewed as markets are, and cheap to make."""

from __future__ import annotations

from collections import Counter

import faker
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop_runs import new_shop, records

from generators.catalog import CATEGORIES, COUNTRIES, DEVICES, Pool, build_pool
from generators.draws import Purpose, picks, stream, zipf


@pytest.fixture(scope="module")
def pool() -> Pool:
    return build_pool(7)


def as_text(pool: Pool) -> str:
    return repr((pool.customers, pool.products, pool.campaigns, pool.agents, pool.queries))


def test_a_seed_is_a_pool(pool: Pool) -> None:
    assert as_text(build_pool(7)) == as_text(pool)
    assert as_text(build_pool(8)) != as_text(pool)


def test_ids_are_unique_and_hide_the_rank(pool: Pool) -> None:
    assert len({customer.id for customer in pool.customers}) == 2_000
    assert len({customer.ip for customer in pool.customers}) == 2_000
    assert len({product.id for product in pool.products}) == 500
    assert len(set(pool.campaigns)) == 20
    ids = [customer.id for customer in pool.customers]
    assert ids != sorted(ids)
    assert [customer.number for customer in pool.customers] == list(range(2_000))


def test_everything_on_offer_is_there(pool: Pool) -> None:
    assert {product.category for product in pool.products} == {name for name, _, _ in CATEGORIES}
    assert {customer.country for customer in pool.customers} == {code for code, _, _ in COUNTRIES}
    assert {customer.device for customer in pool.customers} == set(DEVICES)
    assert all(product.price_cents >= 99 for product in pool.products)
    assert all(customer.city.strip() for customer in pool.customers)
    assert all(customer.ip.startswith(("198.18.", "198.19.")) for customer in pool.customers)


def test_a_pool_takes_few_calls_of_faker(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Counter[str]()
    ordinary = faker.Generator.format

    def counted(self: faker.Generator, formatter: str, *args: object, **more: object) -> str:
        calls[formatter] += 1
        return ordinary(self, formatter, *args, **more)

    monkeypatch.setattr(faker.Generator, "format", counted)
    build_pool(7, customers=5_000, products=2_000)
    assert 0 < calls.total() < 500


def test_popularity_falls_as_zipf_says() -> None:
    shares = zipf(1_000, 1.1)
    assert shares.sum() == pytest.approx(1)
    assert shares[0] / shares[9] == pytest.approx(10**1.1)


def test_traffic_is_skewed_over_customers_products_and_countries() -> None:
    emitted = records(new_shop(customers=2_000, products=500), 60)
    events = [record.event for record in emitted if record.event is not None]
    customers = Counter(event.customer_id for event in events).most_common()
    assert 0.12 < customers[0][1] / len(events) < 0.22
    assert 1.6 < customers[0][1] / customers[1][1] < 2.8
    viewed = Counter(event.product_id for event in events if event.type == "view").most_common()
    views = sum(count for _, count in viewed)
    assert 0.10 < viewed[0][1] / views < 0.19
    assert len(viewed) > 400
    countries = Counter(event.country for event in events)
    for code, _, wanted in COUNTRIES:
        assert countries[code] / len(events) == pytest.approx(wanted, abs=0.04)


def test_a_pool_of_one_is_a_pool() -> None:
    alone = build_pool(1, customers=1, products=1, campaigns=0)
    assert (len(alone.customers), len(alone.products), alone.campaigns) == (1, 1, ())
    assert records(new_shop(customers=1, products=1, campaigns=0, rate=200), 10)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=8).filter(any), st.integers(0, 1 << 60))
def test_picks_never_fall_outside_nor_take_what_weighs_nothing(
    weights: list[float], seed: int
) -> None:
    pick = picks(stream(seed, 0, Purpose.POOL), range(len(weights)), np.array(weights))
    assert all(weights[pick()] > 0 for _ in range(50))
