"""Crowds: habits, carts, and who gets a turn when."""

from __future__ import annotations

import pytest

from generators.catalog import Product, build_pool
from generators.clickstream import (
    ADD,
    BOTS,
    CART_LINES,
    CHECKOUT,
    GONE,
    LAND,
    LEAVE,
    PAY,
    PEOPLE_MS,
    SEARCH,
    SHOPPERS,
    VIEW,
    Clickstream,
    Habits,
    Session,
    put_in_cart,
    transitions,
)
from generators.crowd import Crowd
from generators.draws import ROLLS, Purpose, picks, stream

POOL = build_pool(7, customers=30, products=60)
EACH_ONE = (1,) * (PAY + 1)
GREEDY: Habits = (
    (LAND, ((VIEW, 1.0),)),
    (VIEW, ((ADD, 1.0),)),
    (ADD, ((VIEW, 1.0),)),
    (CHECKOUT, ((PAY, 1.0),)),
    (PAY, ((LEAVE, 1.0),)),
    (LEAVE, ((GONE, 1.0),)),
)
SEEKERS: Habits = ((LAND, ((SEARCH, 1.0),)), (SEARCH, ((VIEW, 1.0),)), (VIEW, ((SEARCH, 1.0),)))


def crowd_of(habits: Habits) -> tuple[Crowd, Clickstream]:
    rng = stream(7, 0, Purpose.CROWD)
    clicks = Clickstream(POOL, rng, 7, 0)
    crowd = Crowd(
        clicks,
        rng,
        visitor=picks(rng, POOL.customers),
        interest=picks(rng, POOL.products),
        habits=habits,
        dwell_ms=PEOPLE_MS,
        tick_ms=50,
        landings=1.0,
    )
    return crowd, clicks


def test_a_full_cart_goes_to_the_checkout() -> None:
    crowd, _ = crowd_of(GREEDY)
    for session in crowd.buyers(50, ts=0):
        assert session.state == PAY
        assert len(session.cart) == CART_LINES


def test_what_was_searched_for_is_what_is_looked_at() -> None:
    crowd, clicks = crowd_of(SEEKERS)
    searched: dict[str, Product] = {}
    looked_at: set[str] = set()
    for _ in range(400):
        for session in crowd.turn(10, EACH_ONE, patience=10):
            click = clicks.click(session, 0)
            if click.type == "view":
                assert session.product is searched[session.id]
                looked_at.add(click.product_id)
            elif click.type == "search":
                searched[session.id] = session.product
            crowd.advance(session)
    assert len(looked_at) > 40


def test_a_turn_fills_its_budget_and_the_impatient_leave() -> None:
    crowd, _ = crowd_of(SHOPPERS)
    first = crowd.turn(100, EACH_ONE, patience=5)
    assert len(first) == 100
    for session in first:
        crowd.advance(session)
    waiting: list[Session] = []
    for _ in range(600):
        waiting = crowd.turn(0, EACH_ONE, patience=5)
        assert waiting == []
    back = crowd.turn(100, EACH_ONE, patience=5)
    assert len(back) == 100
    assert sum(session in first for session in back) == 5


def test_a_pair_of_records_is_never_split_over_ticks() -> None:
    crowd, _ = crowd_of(SHOPPERS)
    costs = (2,) * PAY + (1,)
    assert len(crowd.turn(7, costs, patience=5)) == 3


@pytest.mark.parametrize("habits", [SHOPPERS, BOTS], ids=["shoppers", "bots"])
def test_tables_of_habits_have_the_shares_they_were_given(habits: Habits) -> None:
    table = transitions(habits)
    for state, outcomes in habits:
        assert sum(part for _, part in outcomes) == pytest.approx(1)
        assert len(table[state]) == ROLLS
        for outcome, part in outcomes:
            assert table[state].count(outcome) / ROLLS == pytest.approx(part, abs=1 / ROLLS)
    assert {outcome for state in table for outcome in state} <= set(range(GONE + 1))


def test_a_product_has_one_line_in_a_cart() -> None:
    first, second = POOL.products[:2]
    cart: list[tuple[Product, int]] = []
    put_in_cart(cart, first, 1)
    put_in_cart(cart, second, 2)
    put_in_cart(cart, first, 3)
    assert cart == [(first, 4), (second, 2)]
