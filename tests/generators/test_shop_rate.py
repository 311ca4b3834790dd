"""How many records come, and when: rates, shapes, ticks, sequences and ids."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shop_runs import ALL, START_MS, STREAM_SETS, new_shop, records, ticks

from generators.shop import Shop, ShopConfig
from generators.traffic import SHAPES, rate_at
from generators.wire import Emitted


@pytest.mark.parametrize("streams", STREAM_SETS, ids="+".join)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_met_to_the_record(shape: str, streams: tuple[str, ...]) -> None:
    rate = 12.5 if streams == ("orders",) else 133.3
    shop = new_shop(shape=shape, streams=streams, rate=rate)
    total, wanted = 0, 0.0
    for number in range(400):
        total += len(shop.tick())
        wanted += rate_at(shape, (number + 0.5) * 0.05, rate) * 0.05
        # A click and its access line come together, so that one record may wait for the next tick.
        assert -2 < total - wanted < 1e-6


@settings(max_examples=20, deadline=None)
@given(
    rate=st.floats(0, 2_000),
    tick_ms=st.integers(1, 1_000),
    streams=st.sampled_from(STREAM_SETS[:3]),
    seed=st.integers(0, 1 << 40),
)
def test_any_rate_is_met_in_ticks_of_any_length(
    rate: float, tick_ms: int, streams: tuple[str, ...], seed: int
) -> None:
    config = ShopConfig(
        customers=5, products=3, rate=rate, tick_ms=tick_ms, streams=streams, seed=seed
    )
    shop = Shop(config, START_MS)
    total = sum(len(shop.tick()) for _ in range(8))
    assert -2 < total - rate * 8 * tick_ms / 1000 < 1e-6


def test_incidents_of_delivery_keep_the_rate_once_the_last_late_record_is_in() -> None:
    shop = new_shop(rate=300)
    for kind in ("late", "duplicate", "poison"):
        shop.plant(kind, 20, 0.2)
    total = len(records(shop, 115))
    assert abs(total - 300 * 115) <= 1


def test_a_new_rate_and_shape_hold_from_the_next_tick() -> None:
    shop = new_shop(rate=1_000)
    assert [len(tick) for tick in ticks(shop, 1)] == [50] * 20
    shop.set_rate(100)
    assert [len(tick) for tick in ticks(shop, 1)] == [5] * 20
    shop.set_shape("pause")
    assert records(shop, 60) == []
    shop.set_shape("constant")
    shop.set_rate(2_000)
    assert [len(tick) for tick in ticks(shop, 1)] == [100] * 20


def test_shapes_count_from_when_they_were_chosen() -> None:
    shop = new_shop(rate=200)
    ticks(shop, 30)
    shop.set_shape("flash_sale")
    calm, rush = len(records(shop, 10)), len(records(shop, 10))
    assert calm == 2_000
    assert rush > 3 * calm


def test_a_fall_of_the_rate_leaves_no_crowd_waiting_for_minutes() -> None:
    shop = new_shop(rate=3_000)
    records(shop, 20)
    shop.set_rate(100)
    after = records(shop, 60)
    arrivals = [r.event for r in after[-1_000:] if r.event is not None and r.event.type == "land"]
    assert arrivals


def test_shapes_are_functions_of_time_and_base_alone() -> None:
    assert rate_at("constant", 1e6, 10) == 10
    assert (rate_at("ramp", 0, 10), rate_at("ramp", 300, 10), rate_at("ramp", 9e9, 10)) == (
        2,
        20,
        20,
    )
    day = [rate_at("diurnal", second, 10) for second in range(600)]
    assert (round(min(day)), round(max(day))) == (3, 17)
    assert sum(day) / 600 == pytest.approx(10)
    sale = [rate_at("flash_sale", second, 10) for second in range(600)]
    assert sale[:10] == [10.0] * 10
    assert max(sale) == pytest.approx(60)
    assert sale[-1] < 11
    assert rate_at("pause", 5, 10) == 0
    assert all(shape.text for shape in SHAPES.values())


@pytest.mark.parametrize("tick_ms", [1, 50, 1_000])
def test_event_times_lie_in_their_tick_in_order(tick_ms: int) -> None:
    shop = new_shop(streams=ALL, tick_ms=tick_ms, rate=2_000)
    for _ in range(5_000 // tick_ms):
        end = shop.next_tick_ms
        times = [record.event.ts for record in shop.tick() if record.event is not None]
        assert times == sorted(times)
        assert all(end - tick_ms <= ts < end for ts in times)


def life(incarnation: int) -> list[Emitted]:
    shop = new_shop(streams=ALL, incarnation=incarnation)
    shop.plant("hot_key", 5)
    shop.plant("bot_storm", 5)
    return records(shop, 15)


def test_ids_are_unique_and_sequences_dense_over_incarnations() -> None:
    ids: list[str] = []
    sequences: dict[tuple[str, str], list[int]] = defaultdict(list)
    people = []
    for incarnation in range(3):
        own: dict[tuple[str, str], list[int]] = defaultdict(list)
        for record in life(incarnation):
            event = record.event
            assert event is not None
            ids.append(event.id)
            own[record.stream, event.customer_id].append(event.seq)
        for key, numbers in own.items():
            first = incarnation << 32
            assert numbers == list(range(first, first + len(numbers)))
            sequences[key] += numbers
        people.append({customer for _, customer in own})
    assert len(set(ids)) == len(ids)
    assert all(numbers == sorted(numbers) for numbers in sequences.values())
    assert people[0] & people[1] & people[2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": -1},
        {"rate": math.inf},
        {"rate": math.nan},
        {"shape": "square"},
        {"streams": ()},
        {"streams": ("clicks", "emails")},
        {"tick_ms": 0},
        {"customers": 0},
        {"seed": -1},
        {"incarnation": -1},
    ],
    ids=str,
)
def test_a_shop_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        ShopConfig(**wrong)  # type: ignore[arg-type]


def test_changes_that_cannot_be_are_refused() -> None:
    shop = new_shop()
    changes: tuple[Callable[[], None], ...] = (
        lambda: shop.set_rate(-1),
        lambda: shop.set_shape("square"),
        lambda: shop.plant("earthquake", 5),
        lambda: shop.plant("late", 0),
        lambda: shop.plant("late", math.inf),
        lambda: shop.plant("late", math.nan),
        lambda: shop.plant("late", 5, 1.5),
        lambda: shop.plant("price_glitch", 5, -2),
    )
    for change in changes:
        with pytest.raises(ValueError):
            change()
    assert shop.ground_truth() == ()
