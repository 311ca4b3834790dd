"""Key strategies at work: where each record of a stream goes."""

from __future__ import annotations

from collections import Counter

import msgspec
import pytest

from generators.shop import Shop, ShopConfig
from generators.wire import Click
from streaming.shards.hash_keys import hash_key
from streaming.shards.kafka import MurmurPartitioner
from streaming.shards.keys import HOT_KEYS, REGISTRY, STICKY_BYTES, BadKey, shop
from streaming.shards.plan import StreamPlan
from streaming.shards.route import Route, explicit_headers, hash_of
from streaming.shards.routing import router
from streaming.shards.shardmap import ShardMap
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


def routes(text: str, clicks: list[Click], seed: int = 1) -> list[Route]:
    route = router(msk(text, SHARDS), seed)
    return [route(click, "hint", 300) for click in clicks]


def loads(found: list[Route]) -> list[int]:
    counts = Counter(shard for shard, _, _ in found)
    return [counts[shard] for shard in range(SHARDS)]


@pytest.mark.parametrize("text", REGISTRY)
def test_equal_seeds_route_equally_and_every_shard_exists(text: str, clicks: list[Click]) -> None:
    found = routes(text, clicks)
    assert found == routes(text, clicks)
    assert {shard for shard, _, _ in found} <= set(range(SHARDS))
    keyed = {key is not None for _, key, _ in found}
    assert keyed == {text != "none"}


@pytest.mark.parametrize("text", [text for text in REGISTRY if shop(text).ordered])
def test_an_ordered_strategy_sends_a_key_to_kafka_s_shard_for_it(
    text: str, clicks: list[Click]
) -> None:
    partitions, key_of = MurmurPartitioner(SHARDS), shop(text).of
    for click, route in zip(clicks, routes(text, clicks), strict=True):
        assert route == partitions[key_of(click)]


def test_salted_keys_carry_their_suffix_and_spread_one_customer(clicks: list[Click]) -> None:
    one = [msgspec.structs.replace(click, customer_id="c-1") for click in clicks[:2000]]
    found = routes("customer_id+salt8", one)
    assert {key for _, key, _ in found} == {f"c-1#{n}".encode() for n in range(8)}
    assert len({shard for shard, _, _ in found}) > 1
    assert {key for _, key, _ in routes("customer_id", one)} == {b"c-1"}


def test_a_calculated_suffix_can_be_found_again(clicks: list[Click]) -> None:
    assert routes("customer_id+salt8calc", clicks, 1) == routes("customer_id+salt8calc", clicks, 2)
    assert routes("customer_id+salt8", clicks, 1) != routes("customer_id+salt8", clicks, 2)


def test_only_the_heaviest_keys_get_a_hot_salt(clicks: list[Click]) -> None:
    found = routes("customer_id+salt8hot", clicks)
    salted = {key.split(b"#")[0] for _, key, _ in found if key is not None and b"#" in key}
    heaviest = Counter(click.customer_id for click in clicks).most_common(3)
    assert {name.encode() for name, _ in heaviest} <= salted
    assert len(salted) < 4 * HOT_KEYS  # it changes as the stream goes on
    assert max_over_mean(loads(found)) < max_over_mean(loads(routes("customer_id", clicks)))


def test_two_choices_even_the_load_out_and_use_at_most_two_shards_a_key(
    clicks: list[Click],
) -> None:
    found = routes("customer_id+choose2", clicks)
    shards: dict[bytes | None, set[int]] = {}
    for shard, key, _ in found:
        shards.setdefault(key, set()).add(shard)
    assert max(map(len, shards.values())) == 2
    assert max_over_mean(loads(found)) < 1.2 < max_over_mean(loads(routes("customer_id", clicks)))


def test_records_without_a_key_stick_to_a_shard_for_a_batch(clicks: list[Click]) -> None:
    found = [shard for shard, _, _ in routes("none", clicks)]
    per_batch = -(-STICKY_BYTES // 300)
    for start in range(0, len(found) - per_batch, per_batch):
        assert len(set(found[start : start + per_batch])) == 1
    assert set(found) == set(range(SHARDS))


@pytest.mark.parametrize("text", [text for text in REGISTRY if text != "none"])
def test_a_record_that_is_no_event_goes_by_the_key_its_maker_gave(text: str) -> None:
    shard, key, explicit = router(msk(text, SHARDS), 1)(None, "c-9", 10)
    assert key == b"c-9" and 0 <= shard < SHARDS and explicit is None


# --- explicit hash keys (kinesis view) ----------------------------------------------------------


def kinesis(key: str, shard_map: ShardMap) -> StreamPlan:
    return StreamPlan(
        stream="clicks", epoch=1, key=key, view="kinesis",
        shards=len(shard_map.shards), shard_map=shard_map,
    )  # fmt: skip


def uneven() -> ShardMap:
    """Open shards of a quarter, an eighth, an eighth and a half."""
    even = ShardMap.even("clicks", 4)
    middle = (even.shards[1].start + even.shards[1].end + 1) // 2
    return even.split(1, middle).merge(2, 3)


@pytest.mark.parametrize("text", ["customer_id+spread", "constant+spread"])
def test_spread_records_keep_their_key_and_fill_ranges_by_their_width(
    clicks: list[Click], text: str
) -> None:
    shard_map = uneven()
    route, key_of = router(kinesis(text, shard_map), 1), shop(text).of
    found = [route(click, "hint", 300) for click in clicks]
    assert [key for _, key, _ in found] == [key_of(click).encode() for click in clicks]
    for shard, _, explicit in found:
        assert shard_map.shards[shard].start <= explicit <= shard_map.shards[shard].end
    counts = Counter(shard for shard, _, _ in found)
    for shard in shard_map.open:
        assert abs(counts[shard.id] - len(clicks) * shard.width / 2**128) < 5
    assert len({explicit for _, _, explicit in found}) == len(clicks)
    again = router(kinesis(text, shard_map), 1)
    assert [again(click, "hint", 300) for click in clicks[:50]] == found[:50]


def test_a_spread_key_begins_a_heavy_key_on_every_shard(clicks: list[Click]) -> None:
    one = [msgspec.structs.replace(click, customer_id="c-1") for click in clicks[:40]]
    route = router(kinesis("customer_id+spread", ShardMap.even("clicks", 4)), 3)
    assert {route(click, "", 300).shard for click in one[:8]} == {0, 1, 2, 3}
    assert route(None, "c-9", 10) == router(kinesis("customer_id", ShardMap.even("clicks", 4)), 1)(
        None, "c-9", 10
    )


def test_two_choices_say_by_an_explicit_hash_key_that_it_is_the_second(
    clicks: list[Click],
) -> None:
    """Else Kinesis would put the record into the first shard, and a pack of it would be dropped."""
    shard_map = ShardMap.even("clicks", 4)
    route = router(kinesis("customer_id+choose2", shard_map), 1)
    explicit = 0
    for click in clicks[:5000]:
        shard, key, place = route(click, "", 300)
        assert key == click.customer_id.encode()
        assert shard == shard_map.route(hash_key(click.customer_id) if place is None else place)
        assert place in (None, hash_key(f"{click.customer_id}#2"))
        explicit += place is not None
    assert 1000 < explicit < 4000
    plain = router(msk("customer_id+choose2", 4), 1)
    assert {plain(click, "", 300).explicit for click in clicks[:5000]} == {None}


def test_a_topic_has_no_explicit_hash_keys() -> None:
    with pytest.raises(BadKey, match="which only Kinesis has"):
        router(msk("customer_id+spread", 4), 1)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], hash_key("k")),
        (explicit_headers(None), hash_key("k")),
        (explicit_headers(0), 0),
        ([("label", b"late"), *explicit_headers(2**128 - 1)], 2**128 - 1),
        ([("ExplicitHashKey", b"340282366920938463463374607431768211456")], hash_key("k")),
        ([("ExplicitHashKey", b"9" * 5000)], hash_key("k")),
        ([("ExplicitHashKey", b"-1")], hash_key("k")),
        ([("ExplicitHashKey", b"")], hash_key("k")),
    ],
)
def test_the_hash_key_of_a_record_of_the_log(
    headers: list[tuple[str, bytes]], expected: int
) -> None:
    assert hash_of(b"k", headers) == expected
