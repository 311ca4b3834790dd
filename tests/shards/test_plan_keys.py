"""Which keys the kinesis view refuses, against the shop's own events."""

import itertools

import pytest

from generators.shop import Shop, ShopConfig
from streaming.shards.keys import EVENT_FIELDS, BadKey, event_field
from streaming.shards.plan import LONGEST, MAY_BE_EMPTY, check_key
from streaming.shards.service_errors import Refused


@pytest.fixture(scope="module")
def events():
    shop = Shop(ShopConfig(seed=3, rate=4000), 1_767_225_600_000)
    ticks = itertools.chain.from_iterable(shop.tick() for _ in range(100))
    return [record.event for record in ticks if record.event is not None]


def test_what_is_known_of_the_fields_is_true_of_the_shop_s_events(events):
    for name, most in LONGEST.items():
        lengths = [len(getattr(event, event_field(name))) for event in events]
        assert max(lengths) <= most
        assert (min(lengths) == 0) == (name in MAY_BE_EMPTY)
    assert set(map(event_field, LONGEST)) == set(EVENT_FIELDS)


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("product_id", "greater than or equal to 1"),
        ("{product_id}", "greater than or equal to 1"),
        ("product_id+salt8hot", "greater than or equal to 1"),
        ("product_id+choose2", "greater than or equal to 1"),
        ("{id}" * 9, "less than or equal to 256"),
        ("x" * 180 + "{id}{customer_id}", None),
    ],
)
def test_empty_and_long_keys_are_refused_as_the_service_does(key, why):
    check_key(key, "msk")
    if why is None:
        check_key(key, "kinesis")
        return
    with pytest.raises(Refused, match=why) as refused:
        check_key(key, "kinesis")
    assert refused.value.code == "ValidationException" and "partitionKey" in str(refused.value)


@pytest.mark.parametrize(
    "key",
    [
        "p{product_id}",
        "product_id+salt8",
        "customer_id+salt8",
        "none",
        "constant",
    ],
)
def test_others_are_taken(key):
    check_key(key, "kinesis")


def test_explicit_hash_keys_are_of_kinesis():
    check_key("customer_id+spread", "kinesis")
    with pytest.raises(BadKey, match=r"only Kinesis has; take \+salt8 or \+choose2"):
        check_key("customer_id+spread", "msk")
    with pytest.raises(Refused, match="greater than or equal to 1"):
        check_key("product_id+spread", "kinesis")
