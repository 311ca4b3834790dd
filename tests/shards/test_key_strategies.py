"""What a key's text means, what it keeps and loses, and what is refused."""

from __future__ import annotations

import pytest

from generators.wire import Click
from streaming.shards.keys import EVENT_FIELDS, REGISTRY, BadKey, Salt, offered, parse, shop

CLICK = Click(
    v=1, id="e-1", ts=0, seq=1, type="view", customer_id="c-1", session_id="s-1",
    product_id="p-1", category="toys", country="DE", device="phone", campaign="", page="/",
    query="", load_ms=1,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("customer_id", "c-1"),
        ("event_type", "view"),
        ("event_id", "e-1"),
        ("constant", "all"),
        ("{country}:{device}", "DE:phone"),
        ("<{event_type}> {country}/{country}", "<view> DE/DE"),
        ("{country}", "DE"),
        ("country+salt8", "DE"),
        ("{country}:{device}+choose2", "DE:phone"),
        ("country+spread", "DE"),
    ],
)
def test_the_key_before_any_salt(text: str, key: str) -> None:
    assert shop(text).of(CLICK) == key


def test_every_strategy_on_offer_says_what_it_keeps_and_loses() -> None:
    for text in REGISTRY:
        strategy = shop(text)
        assert strategy.name == text
        assert strategy.keeps and strategy.loses
    assert shop("customer_id").keeps == "order per customer_id"
    assert shop("{country}:{device}").loses == "order per country alone"
    assert shop("event_id").keeps.startswith("nothing")
    assert "merge 8" in shop("customer_id+salt8").loses


def test_only_a_key_that_always_leads_to_one_shard_is_ordered() -> None:
    unordered = {text for text in REGISTRY if not shop(text).ordered}
    assert unordered == {
        "none", "customer_id+salt8", "customer_id+salt8calc", "customer_id+salt8hot",
        "customer_id+choose2",
    }  # fmt: skip


def test_spread_keeps_no_order_and_is_offered_where_hash_keys_may_be_explicit() -> None:
    spread = shop("customer_id+spread")
    assert spread.spread and not spread.ordered and spread.salt is None and not spread.choose_two
    assert spread.keeps.startswith("nothing") and spread.loses.startswith("order per customer_id")
    assert set(offered("kinesis")) - set(offered("msk")) == {"customer_id+spread"}
    assert offered("msk") == REGISTRY


def test_salts() -> None:
    assert parse("a+salt8").salt == Salt(8)
    assert parse("a+salt16calc").salt == Salt(16, calculated=True)
    assert parse("a+salt2hot").salt == Salt(2, hot=True)
    assert parse("{a}-{b}+salt1000calchot").salt == Salt(1000, calculated=True, hot=True)
    assert parse("a+choose2").salt is None and parse("a+choose2").choose_two


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty key"),
        ("+salt8", "empty key"),
        ("a b", "neither a field nor a template"),
        ("{", "neither"),
        ("{}", "neither"),
        ("{a b}", "{a b} is not the name of a field"),
        ("{a}}", "neither"),
        ("a+salt1", "from 2 to 1,000"),
        ("a+salt1001", "from 2 to 1,000"),
        ("a+salt0", "unknown"),
        ("a+sugar", "+sugar in 'a+sugar' is unknown"),
        ("a+salt8+salt8", "unknown"),
        ("none+salt8", "cannot be salted"),
        ("none+spread", "cannot be salted or spread"),
        ("a+spread8", "unknown"),
        ("x" * 201, "201 characters"),
    ],
)
def test_what_is_refused_says_why(text: str, says: str) -> None:
    with pytest.raises(BadKey) as refused:
        parse(text)
    assert says in str(refused.value)


def test_a_field_that_the_shop_s_events_lack_is_refused_with_those_they_have() -> None:
    with pytest.raises(BadKey, match="no field 'plan'; they have customer_id"):
        shop("{country}:{plan}")
    for name in EVENT_FIELDS:
        assert shop(name).of(CLICK) == getattr(CLICK, name)
