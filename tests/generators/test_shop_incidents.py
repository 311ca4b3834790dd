"""Every incident does what it says, marks what it strikes, and leaves a true record."""

from __future__ import annotations

import gc
import statistics
import weakref
from collections import Counter

import msgspec
import pytest
from pydantic import BaseModel, ValidationError
from shop_runs import ALL, START_MS, new_shop, records, share, ticks

from generators.catalog import build_pool
from generators.events import AccessLogEvent, ClickEvent, OrderEvent
from generators.incidents import KINDS, GroundTruth
from generators.poison import BLOB_BYTES, POISONS
from generators.shop import Shop
from generators.wire import ACCESS, CLICKS, ORDERS, Access, Click, Emitted, Order

STRUCTS = {CLICKS: Click, ORDERS: Order, ACCESS: Access}
MODELS: dict[str, type[BaseModel]] = {
    CLICKS: ClickEvent,
    ORDERS: OrderEvent,
    ACCESS: AccessLogEvent,
}
PRICES = {product.id: product.price_cents for product in build_pool(7, 400, 120).products}


def struck(kind: str, seconds: float = 20, intensity: float = 0.0, **config: object) -> Shop:
    """A shop with ten ordinary seconds behind it and trouble ahead."""
    shop = new_shop(**config)
    records(shop, 10)
    shop.plant(kind, seconds, intensity)
    return shop


def labelled(emitted: list[Emitted], kind: str) -> list[Emitted]:
    return [record for record in emitted if record.label == kind]


def orders_of(emitted: list[Emitted]) -> list[tuple[Emitted, Order]]:
    return [(record, record.event) for record in emitted if isinstance(record.event, Order)]


def only_truth(shop: Shop) -> GroundTruth:
    (truth,) = shop.ground_truth()
    return truth


def test_an_ordinary_day_has_no_labels() -> None:
    shop = new_shop(streams=ALL)
    assert not any(record.label for record in records(shop, 10))
    assert shop.active_incidents() == ()
    assert shop.ground_truth() == ()


@pytest.mark.parametrize("kind", KINDS)
def test_an_incident_lasts_as_long_as_asked_and_is_on_record(kind: str) -> None:
    shop = struck(kind, 20, rate=400)
    assert shop.active_incidents() == (kind,)
    during = records(shop, 20)
    assert shop.active_incidents() == ()
    after = records(shop, 95 if kind == "late" else 5)
    truth = only_truth(shop)
    assert (truth.kind, truth.start_ts, truth.end_ts) == (
        kind,
        START_MS + 10_000,
        START_MS + 30_000,
    )
    assert truth.intensity == KINDS[kind].intensity
    assert truth.count == len(labelled(during + after, kind)) > 0
    if kind != "late":
        assert labelled(after, kind) == []
    for record in labelled(during + after, kind):
        assert record.event is None or truth.start_ts <= record.event.ts < truth.end_ts


def test_late_records_come_seconds_to_a_minute_and_a_half_late() -> None:
    shop = struck("late", 20, 0.2, rate=400)
    delays = []
    for _ in range(3_000):
        end = shop.next_tick_ms
        for record in shop.tick():
            assert record.event is not None
            if record.label == "late":
                delays.append(end - record.event.ts)
            else:
                assert end - 50 <= record.event.ts < end
    assert only_truth(shop).count == len(delays)
    assert 1_200 < len(delays) < 2_000
    assert min(delays) >= 5_000 and max(delays) <= 90_050
    assert sum(delay > 60_000 for delay in delays) > 200


def test_late_records_are_in_the_stream_once() -> None:
    shop = struck("late", 10, 0.5, rate=400)
    emitted = records(shop, 110)
    assert len({record.value for record in emitted}) == len(emitted)


def test_duplicates_are_the_same_bytes_again_in_the_same_tick() -> None:
    shop = struck("duplicate", 20, 0.1)
    for tick in ticks(shop, 20):
        for place, record in enumerate(tick):
            if record.label == "duplicate":
                assert tick[place - 1].value == record.value
                assert tick[place - 1].label == ""
                assert tick[place - 1].key_hint == record.key_hint
    assert 1_500 < only_truth(shop).count < 2_500


@pytest.fixture(scope="module")
def poison() -> list[Emitted]:
    shop = struck("poison", 30, 0.2, streams=ALL)
    return labelled(records(shop, 10), "poison")


def test_no_consumer_can_decode_poison(poison: list[Emitted]) -> None:
    customers = {customer.id for customer in build_pool(7, 400, 120).customers}
    assert len(poison) > 1_000
    for record in poison:
        assert record.event is None
        assert record.key_hint in customers
        # Bytes that are not UTF-8 are a UnicodeDecodeError.
        with pytest.raises((msgspec.MsgspecError, RecursionError, UnicodeDecodeError)):
            msgspec.json.Decoder(STRUCTS[record.stream]).decode(record.value)
        with pytest.raises(ValidationError):
            MODELS[record.stream].model_validate_json(record.value)


def test_every_kind_of_poison_comes_in_turn(poison: list[Emitted]) -> None:
    values = [record.value for record in poison]
    assert any(b"NaN" in value for value in values)
    assert any(b"\xff\xfe" in value for value in values)
    assert any(b"[/red]" in value and msgspec.json.decode(value) for value in values)
    assert any(value.startswith(b"\x1b]") for value in values)
    assert any(b"[" * 1_000 in value for value in values)
    assert sum(len(value) == BLOB_BYTES for value in values) == pytest.approx(
        len(values) / len(POISONS), abs=1
    )
    assert {record.stream for record in poison} == set(ALL)


@pytest.fixture(scope="module")
def sound() -> dict[str, bytes]:
    """The bytes of one ordinary record of each stream."""
    return {record.stream: record.value for record in records(new_shop(streams=ALL), 8)}


@pytest.mark.parametrize("stream", ALL)
@pytest.mark.parametrize("name", POISONS)
def test_each_poison_spoils_each_stream(name: str, stream: str, sound: dict[str, bytes]) -> None:
    class Few(msgspec.Struct):
        ts: int
        customer_id: str

    spoiled = POISONS[name](sound[stream])
    for reader in (STRUCTS[stream], Few):
        with pytest.raises((msgspec.MsgspecError, RecursionError, UnicodeDecodeError)):
            msgspec.json.decode(spoiled, type=reader)


@pytest.mark.parametrize("streams", [(CLICKS, ORDERS), ALL, (ORDERS,)], ids="+".join)
def test_one_customer_makes_most_of_the_traffic(streams: tuple[str, ...]) -> None:
    rate = 100.0 if streams == (ORDERS,) else 1_000.0
    shop = struck("hot_key", 20, streams=streams, rate=rate)
    target = only_truth(shop).target
    during, after = records(shop, 20), records(shop, 20)
    assert 0.58 < share(during, lambda record: record.key_hint == target) < 0.63
    assert share(after, lambda record: record.key_hint == target) < 0.02
    assert {record.key_hint for record in labelled(during, "hot_key")} == {target}
    if CLICKS in streams:
        assert {r.event.type for r in labelled(during, "hot_key") if r.event} >= {"view", "paid"}


def test_bots_flood_one_product_and_buy_nothing() -> None:
    shop = struck("bot_storm", 20, streams=ALL)
    truth = only_truth(shop)
    storm = labelled(records(shop, 20), "bot_storm")
    assert 9_500 < len(storm) < 10_500
    assert 1 <= len({record.key_hint for record in storm}) <= 4
    assert len({r.event.ip for r in storm if isinstance(r.event, Access)}) <= 4
    clicks = [record.event for record in storm if isinstance(record.event, Click)]
    assert {click.type for click in clicks} == {"view", "search"}
    assert {click.product_id for click in clicks if click.type == "view"} == {truth.target}
    assert {click.category for click in clicks} == {truth.category}
    assert not orders_of(storm)


def test_payments_fail_during_an_outage() -> None:
    shop = struck("payment_outage", 30)
    before_end = orders_of(records(shop, 30))
    after = orders_of(records(shop, 30))
    declined = [record for record, order in before_end if order.type == "declined"]
    assert len(declined) / len(before_end) > 0.90
    assert sum(order.type == "declined" for _, order in after) / len(after) < 0.08
    assert all(order.type == "declined" for r, order in before_end if r.label)


@pytest.mark.parametrize("factor", [0.01, 100.0])
def test_prices_of_one_category_are_wrong(factor: float) -> None:
    shop = struck("price_glitch", 30, factor)
    category = only_truth(shop).category
    hit = 0
    for record, order in orders_of(records(shop, 30)):
        assert (record.label == "price_glitch") == any(
            line.category == category for line in order.lines
        )
        for line in order.lines:
            wrong = line.category == category
            price = PRICES[line.product_id]
            assert line.price_cents == (max(1, round(price * factor)) if wrong else price)
            hit += wrong
        assert order.total_cents == sum(li.quantity * li.price_cents for li in order.lines)
    assert hit > 20


def test_a_flash_sale_brings_so_many_times_the_records_to_one_category() -> None:
    shop = struck("flash_sale", 60, 4.0, rate=400)
    rising, full = records(shop, 5), records(shop, 20)
    assert pytest.approx(len(full), rel=0.02) == 4 * 400 * 20
    assert 5 * 400 < len(rising) < 4 * 5 * 400
    truth = only_truth(shop)
    sale = labelled(full, "flash_sale")
    assert len(sale) == pytest.approx(3 * 400 * 20, rel=0.02)
    assert {r.event.category for r in sale if r.event is not None} == {truth.target}
    assert [r.stream for r in sale].count("orders") > 500
    records(shop, 35)
    assert len(records(shop, 10)) == pytest.approx(4_000, rel=0.02)


def test_in_a_slow_drift_pages_load_ever_more_slowly_until_it_ends() -> None:
    def median_load_ms(shop: Shop, seconds: float) -> float:
        loads = [r.event.load_ms for r in records(shop, seconds) if isinstance(r.event, Click)]
        return statistics.median(loads)

    shop = struck("slow_drift", 100, 2.0)
    usual = median_load_ms(new_shop(), 10)
    begin = median_load_ms(shop, 10)
    records(shop, 80)
    late = median_load_ms(shop, 10)
    after = median_load_ms(shop, 10)
    assert begin == pytest.approx(1.1 * usual, rel=0.1)
    assert late == pytest.approx(2.9 * usual, rel=0.1)
    assert after == pytest.approx(usual, rel=0.1)


def test_incidents_may_come_together() -> None:
    shop = new_shop(streams=ALL)
    for kind in KINDS:
        # Some payments get through, or no price of theirs could be wrong.
        shop.plant(kind, 30, 0.5 if kind == "payment_outage" else 0.0)
    assert shop.active_incidents() == tuple(KINDS)
    labels = Counter(record.label for record in records(shop, 30))
    assert set(labels) == {"", *KINDS}
    assert [truth.kind for truth in shop.ground_truth()] == list(KINDS)


def test_planting_again_ends_the_first() -> None:
    shop = struck("payment_outage", 60)
    records(shop, 5)
    shop.plant("payment_outage", 10, 0.5)
    records(shop, 5)
    assert shop.active_incidents() == ("payment_outage",)
    first, second = shop.ground_truth()
    assert first.end_ts == second.start_ts == START_MS + 15_000
    assert second.end_ts == START_MS + 25_000
    assert second.intensity == 0.5


def test_a_crowd_is_sent_home_when_its_incident_ends() -> None:
    shop = struck("hot_key", 5)
    crowd = weakref.ref(shop._planted[0].crowd)
    assert crowd() is not None
    count = len(labelled(records(shop, 6), "hot_key"))
    gc.collect()
    assert crowd() is None
    assert only_truth(shop).count == count


def test_each_planting_chooses_anew_whom_it_strikes() -> None:
    shop = new_shop()
    for _ in range(6):
        shop.plant("hot_key", 1)
        records(shop, 1)
    assert len({truth.target for truth in shop.ground_truth()}) > 3
