"""Key strategies at work: where each record of a stream goes."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from generators.shop import Shop, ShopConfig
from generators.wire import Click
from streaming.shards.kafka import MurmurPartitioner
from streaming.shards.keys import HOT_KEYS, REGISTRY, STICKY_BYTES, shop
from streaming.shards.plan import StreamPlan
from streaming.shards.routing import router
from streaming.shards.skew import max_over_mean

SHARDS = 8


def msk(key: str, shards: int) -> StreamPlan:
    return StreamPlan(stream="clicks", epoch=1, key=key, view="msk", shards=shards)


@pytest.fixture(scope="module")
def clicks() -> list[Click]:
    made = Shop(ShopConfig(seed=7, rate=5000, shape="constant", streams=("clicks",)), 0)
    found: list[Click] = []
    while len(found) < 20_000:
        found += [r.event for r in made.tick() if isinstance(r.event, Click)]
    return found


def routes(text: str, clicks: list[Click], seed: int = 1) -> list[tuple[int, bytes | None]]:
    route = router(msk(text, SHARDS), seed)
    return [route(click, "hint", 300) for click in clicks]


def loads(found: list[tuple[int, bytes | None]]) -> list[int]:
    counts = Counter(shard for shard, _ in found)
    return [counts[shard] for shard in range(SHARDS)]


@pytest.mark.parametrize("text", REGISTRY)
def test_equal_seeds_route_equally_and_every_shard_exists(text: str, clicks: list[Click]) -> None:
    found = routes(text, clicks)
    assert found == routes(text, clicks)
    assert {shard for shard, _ in found} <= set(range(SHARDS))
    keyed = {key is not None for _, key in found}
    assert keyed == {text != "none"}


@pytest.mark.parametrize("text", [text for text in REGISTRY if shop(text).ordered])
def test_an_ordered_strategy_sends_a_key_to_kafka_s_shard_for_it(
    text: str, clicks: list[Click]
) -> None:
    partitions, key_of = MurmurPartitioner(SHARDS), shop(text).of
    for click, (shard, key) in zip(clicks, routes(text, clicks), strict=True):
        assert (shard, key) == partitions[key_of(click)]


def test_salted_keys_carry_their_suffix_and_spread_one_customer(clicks: list[Click]) -> None:
    one = [msgspec.structs.replace(click, customer_id="c-1") for click in clicks[:2000]]
    found = routes("customer_id+salt8", one)
    assert {key for _, key in found} == {f"c-1#{n}".encode() for n in range(8)}
    assert len({shard for shard, _ in found}) > 1
    assert {key for _, key in routes("customer_id", one)} == {b"c-1"}


def test_a_calculated_suffix_can_be_found_again(clicks: list[Click]) -> None:
    assert routes("customer_id+salt8calc", clicks, 1) == routes("customer_id+salt8calc", clicks, 2)
    assert routes("customer_id+salt8", clicks, 1) != routes("customer_id+salt8", clicks, 2)


def test_only_the_heaviest_keys_get_a_hot_salt(clicks: list[Click]) -> None:
    found = routes("customer_id+salt8hot", clicks)
    salted = {key.split(b"#")[0] for _, key in found if key is not None and b"#" in key}
    heaviest = Counter(click.customer_id for click in clicks).most_common(3)
    assert {name.encode() for name, _ in heaviest} <= salted
    assert len(salted) < 4 * HOT_KEYS  # it changes as the stream goes on
    assert max_over_mean(loads(found)) < max_over_mean(loads(routes("customer_id", clicks)))


def test_two_choices_even_the_load_out_and_use_at_most_two_shards_a_key(
    clicks: list[Click],
) -> None:
    found = routes("customer_id+choose2", clicks)
    shards: dict[bytes | None, set[int]] = {}
    for shard, key in found:
        shards.setdefault(key, set()).add(shard)
    assert max(map(len, shards.values())) == 2
    assert max_over_mean(loads(found)) < 1.2 < max_over_mean(loads(routes("customer_id", clicks)))


def test_records_without_a_key_stick_to_a_shard_for_a_batch(clicks: list[Click]) -> None:
    found = [shard for shard, _ in routes("none", clicks)]
    per_batch = -(-STICKY_BYTES // 300)
    for start in range(0, len(found) - per_batch, per_batch):
        assert len(set(found[start : start + per_batch])) == 1
    assert set(found) == set(range(SHARDS))


@pytest.mark.parametrize("text", [text for text in REGISTRY if text != "none"])
def test_a_record_that_is_no_event_goes_by_the_key_its_maker_gave(text: str) -> None:
    shard, key = router(msk(text, SHARDS), 1)(None, "c-9", 10)
    assert key == b"c-9" and 0 <= shard < SHARDS
