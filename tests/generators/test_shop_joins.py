"""Clicks, orders and access lines belong together: every join between the streams is real."""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict

import pytest
from shop_runs import ALL, START_MS, new_shop, records

from generators.catalog import Pool, build_pool
from generators.wire import Access, Click, Emitted, Order

COMBINED = re.compile(
    r"(?P<ip>\S+) - (?P<user>\S+) \[(?P<day>\d\d)/(?P<month>[A-Z][a-z]{2})/(?P<year>\d{4})"
    r':(?P<time>\d\d:\d\d:\d\d) \+0000\] "(?P<method>GET|POST) (?P<path>\S+) HTTP/1\.1" '
    r'(?P<status>\d{3}) (?P<size>\d+|-) "-" "(?P<agent>Mozilla[^"]+)"'
)


@pytest.fixture(scope="module")
def emitted() -> list[Emitted]:
    return records(new_shop(streams=ALL, rate=2_000), 40)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return build_pool(7, 400, 120)


@pytest.fixture(scope="module")
def clicks(emitted: list[Emitted]) -> dict[str, Click]:
    return {e.event.id: e.event for e in emitted if isinstance(e.event, Click)}


@pytest.fixture(scope="module")
def orders(emitted: list[Emitted]) -> list[Order]:
    return [e.event for e in emitted if isinstance(e.event, Order)]


def test_every_order_follows_from_an_earlier_checkout_of_its_session(
    orders: list[Order], clicks: dict[str, Click]
) -> None:
    assert len(orders) > 1_000
    for order in orders:
        checkout = clicks[order.checkout_id]
        assert checkout.type == "checkout"
        assert START_MS <= checkout.ts < order.ts
        for name in ("session_id", "customer_id", "campaign", "country", "device"):
            assert getattr(order, name) == getattr(checkout, name)
    assert len({order.checkout_id for order in orders}) == len(orders)
    assert len({name for order in orders for name in (order.order_id, order.id)}) == 2 * len(orders)


def test_lines_are_products_put_in_the_cart_since_the_session_last_paid(
    emitted: list[Emitted], pool: Pool
) -> None:
    carts: dict[str, Counter[str]] = defaultdict(Counter)
    prices = {product.id: (product.category, product.price_cents) for product in pool.products}
    for event in (record.event for record in emitted):
        if isinstance(event, Click) and event.type == "add_to_cart":
            carts[event.session_id][event.product_id] += 1
        elif isinstance(event, Order):
            assert 1 <= len(event.lines) <= 4
            cart = carts.pop(event.session_id)
            assert {line.product_id for line in event.lines} == set(cart)
            for line in event.lines:
                assert (line.category, line.price_cents) == prices[line.product_id]
                assert cart[line.product_id] <= line.quantity <= 3 * cart[line.product_id]


def test_totals_and_the_dearest_line(orders: list[Order]) -> None:
    for order in orders:
        values = {line.product_id: line.quantity * line.price_cents for line in order.lines}
        assert order.total_cents == sum(values.values())
        assert values[order.product_id] == max(values.values())
    declined = sum(order.type == "declined" for order in orders) / len(orders)
    assert 0.01 < declined < 0.06


def test_orders_are_enough_for_windows_of_their_own(
    emitted: list[Emitted], orders: list[Order]
) -> None:
    assert len(orders) / len(emitted) > 0.02
    only_two = records(new_shop(), 20)
    assert sum(isinstance(record.event, Order) for record in only_two) / len(only_two) > 0.03


def test_each_click_has_its_access_line_beside_it(
    emitted: list[Emitted], clicks: dict[str, Click], pool: Pool
) -> None:
    addresses = {customer.id: customer.ip for customer in pool.customers}
    lines = [record.event for record in emitted if isinstance(record.event, Access)]
    assert [access.request_id for access in lines] == list(clicks)
    for access in lines:
        click = clicks[access.request_id]
        for name in ("ts", "customer_id", "session_id", "product_id", "category", "country"):
            assert getattr(access, name) == getattr(click, name)
        assert access.path == click.page
        assert access.ip == addresses[access.customer_id]
        assert access.method == ("GET" if click.type in ("land", "view", "search") else "POST")


def test_the_line_is_in_the_combined_log_format(emitted: list[Emitted]) -> None:
    for access in (record.event for record in emitted):
        if not isinstance(access, Access):
            continue
        fields = COMBINED.fullmatch(access.line)
        assert fields is not None, access.line
        assert fields["ip"] == access.ip
        assert fields["user"] == access.customer_id
        assert (fields["method"], fields["path"]) == (access.method, access.path)
        assert int(fields["status"]) == access.status
        assert int(fields["size"].replace("-", "0")) == access.size
        # START_MS is 13:33:20 UTC on 21 September 2026.
        assert (fields["day"], fields["month"], fields["year"]) == ("21", "Sep", "2026")
        seconds = sum(
            int(part) * unit
            for part, unit in zip(fields["time"].split(":"), (3600, 60, 1), strict=True)
        )
        assert seconds == access.ts // 1000 % 86_400


def test_statuses_are_mostly_good(emitted: list[Emitted]) -> None:
    classes = Counter(e.event.type for e in emitted if isinstance(e.event, Access))
    total = classes.total()
    assert classes["2xx"] > 0.85 * total
    assert 0.02 < classes["3xx"] / total < 0.10
    assert 0.01 < classes["4xx"] / total < 0.08
    assert 0 < classes["5xx"] / total < 0.02


def test_sessions_walk_as_people_do(clicks: dict[str, Click]) -> None:
    walks: dict[str, list[Click]] = defaultdict(list)
    for click in clicks.values():
        walks[click.session_id].append(click)
    for walk in walks.values():
        assert walk[0].type in ("land", "view")
        assert [click.type for click in walk].count("leave") == (walk[-1].type == "leave")
        assert len({(c.customer_id, c.device, c.campaign, c.country) for c in walk}) == 1
        for before, click in itertools.pairwise(walk):
            assert before.ts < click.ts
            if click.type == "add_to_cart":
                assert (before.type, before.product_id) == ("view", click.product_id)
            if click.type == "checkout":
                assert before.type in ("add_to_cart", "view")
    assert all((click.type == "search") == bool(click.query) for click in clicks.values())
    pauses = [b.ts - a.ts for walk in walks.values() for a, b in itertools.pairwise(walk)]
    assert 1_500 < sum(pauses) / len(pauses) < 6_000
