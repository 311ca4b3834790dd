"""Filters as people type them."""

import json

import pytest

from streaming.records.filters import BadFilter, decoded, parse_filter
from streaming.verify.log import LogRecord
from tests.windows.window_support import NOW, click, order


def passes(text, value=None, *, shard=3, offset=12, key=b"c-1#4", sub=0):
    value = click(NOW, customer_id="c-1", country="BR", page="/p/1 2") if value is None else value
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    record = LogRecord("clicks", shard, offset, NOW, (), key, data)
    return parse_filter(text).matches(record, sub, decoded(data))


@pytest.mark.parametrize(
    "text",
    [
        "", "country=BR", "customer_id=c-1", "shard=3", "shard=03", "offset=12", "sub=0",
        "key=c-1#4", "event_type=view", "load_ms=1", "country!=DE", "nothing!=x", "c-1#4",
        "CUSTOMER", '"/p/1 2"', 'page="/p/1 2"', "country=BR shard=3 view", 'query=""',
    ],
)  # fmt: skip
def test_what_passes(text):
    assert passes(text)


@pytest.mark.parametrize(
    "text",
    ["country=DE", "country=B", "shard=4", "offset=13", "key=c-1", "nothing=x", "country!=BR",
     "country=BR shard=4", "absent text", "load_ms=1.0", "shard!=3"],
)  # fmt: skip
def test_what_does_not(text):
    assert not passes(text)


def test_fields_within_and_other_kinds_of_values():
    line = {"product_id": "p", "category": "toys", "quantity": 2, "price_cents": 5}
    value = {**order(NOW, lines=[line]), "flag": True, "none": None, "a.b": "c"}
    for text in ("lines.0.category=toys", "lines.0.quantity=2", "flag=true", "none=null", "a.b=c"):
        assert passes(text, value), text
    assert not passes("lines.1.category=toys", value)
    assert not passes("lines.²=x", value)


def test_broken_json_passes_by_its_text_only():
    assert passes("poison", b'{"country": "BR", poison')
    assert not passes("country=BR", b'{"country": "BR", poison')
    assert passes("country!=BR", b"\xff\xfe")
    assert decoded(b"[" * 1_000_000) is None and decoded(b" " * 2_000_000) is None


def test_the_only_shards_that_can_match():
    assert parse_filter("x").shards is None
    assert parse_filter("shard!=3").shards is None
    assert parse_filter("shard=3").shards == {3}
    assert parse_filter("shard=3 shard=4").shards == frozenset()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("shard=three", "shard is a whole number, not 'three'"),
        ("offset=-1", "offset is a whole number"),
        ('page="x', "a quote is not closed"),
        ("a " * 30, "30 conditions; 20 are allowed"),
        ("x" * 501, "501 characters"),
    ],
)
def test_what_is_no_filter_says_why(text, says):
    with pytest.raises(BadFilter, match=says):
        parse_filter(text)
