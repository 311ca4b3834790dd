"""Our own check of the records against the pipeline's decoder."""

import json

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from generators.wire import ACCESS, CLICKS, ORDERS, STREAMS
from streaming.verify.events import parse_event
from streaming.windows.records import DECODERS, MAX_VALUE_BYTES

COMMON = {
    "v": 1, "id": "e1", "ts": 1_700_000_000_000, "seq": 4, "type": "t", "customer_id": "c",
    "session_id": "s", "product_id": "p", "category": "", "country": "PT", "device": "d",
}  # fmt: skip
GOOD = {
    CLICKS: {**COMMON, "campaign": "", "page": "/", "query": "", "load_ms": 12},
    ORDERS: {
        **COMMON, "campaign": "", "order_id": "o", "checkout_id": "k", "payment": "", "city": "",
        "lines": [{"product_id": "p", "category": "", "quantity": 2, "price_cents": 50}],
        "total_cents": 100,
    },
    ACCESS: {
        **COMMON, "request_id": "r", "ip": "", "method": "GET", "path": "/", "status": 200,
        "line": "x", "size": 9,
    },
}  # fmt: skip


def by_pipeline(stream: str, value: bytes):
    if len(value) > MAX_VALUE_BYTES:
        return None
    try:
        e = DECODERS[stream].decode(value)
    except Exception:
        return None
    order_id = e.order_id if stream == ORDERS else ""
    return (e.ts, e.id, e.type, e.customer_id, e.category, e.country, e.value, order_id)


def same(stream: str, value: bytes) -> bool:
    mine = parse_event(stream, value)
    theirs = by_pipeline(stream, value)
    assert (None if mine is None else tuple(mine)[:-1]) == theirs, value[:500]
    return mine is not None


def raw(stream: str, **texts: str) -> bytes:
    """A good record whose named fields are these raw JSON texts."""
    fields = {name: json.dumps(value) for name, value in GOOD[stream].items()} | texts
    return ("{" + ",".join(f'"{n}":{t}' for n, t in fields.items()) + "}").encode()


@pytest.mark.parametrize("stream", STREAMS)
def test_a_good_record_is_valid(stream):
    assert same(stream, raw(stream))
    assert same(stream, b"\t\r\n " + raw(stream) + b" \n")


@pytest.mark.parametrize("stream", STREAMS)
def test_each_field_is_required_and_typed(stream):
    for name in GOOD[stream]:
        without = {n: v for n, v in GOOD[stream].items() if n != name}
        assert not same(stream, json.dumps(without).encode())
        for text in (
            "null",
            "true",
            "{}",
            "1.5",
            "-1",
            '""',
            "[]",
            "1" * 20,
            '"' + "x" * 9000 + '"',
        ):
            same(stream, raw(stream, **{name: text}))
        assert not same(stream, raw(stream, **{name: "null"}))


NUMBERS = [
    "1.0", "1e3", "-0", "-0.0", "0.0", "9007199254740992", "9007199254740993", "1e400", "01", "1.",
    ".5", "+1", "NaN", "Infinity", "-Infinity", "18446744073709551616", "1" + "0" * 5000, "1e0",
    "68719476736", "68719476737",
]  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers(text):
    same(CLICKS, raw(CLICKS, load_ms=text))
    same(CLICKS, raw(CLICKS, v=text))
    same(CLICKS, raw(CLICKS, other=text))
    same(
        ORDERS,
        raw(ORDERS, lines=f'[{{"product_id":"","category":"","quantity":{text},"price_cents":1}}]'),
    )


def test_an_integral_float_is_no_integer():
    assert not same(CLICKS, raw(CLICKS, load_ms="1.0"))
    assert same(CLICKS, raw(CLICKS, load_ms="-0"))


TEXTS = [
    r"\ud800", r"\udc00", r"\ud83d\ude00", r"\uD83D\uDE00", r"\ud800\ud800", r"\ud800\u0041",
    r"\udc00\ud800", r"\ud800\n", r"\ud800\\udc00", r"\\ud800", r"\u0000", r"\/", r"\q", r"\uZZZZ",
    r"\ud8", "\x01", "\x7f", "é" * 200, "😀" * 200, "😀" * 201, "\ufeff", "\u2028",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_texts(text):
    for name in ("id", "category", "other"):
        same(CLICKS, raw(CLICKS, **{name: f'"{text}"'}))
    same(CLICKS, raw(CLICKS, **{text: "1"}))


@pytest.mark.parametrize(
    "junk", [b"\xff", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
)
def test_bytes_that_are_no_utf8(junk):
    for name in ("id", "country", "other"):
        same(CLICKS, raw(CLICKS, **{name: '"@@"'}).replace(b"@@", junk))
    same(CLICKS, raw(CLICKS, **{"@@": "1"}).replace(b"@@", junk))
    assert not same(CLICKS, junk + raw(CLICKS))


@pytest.mark.parametrize(
    "value",
    [
        b"", b"null", b"[]", b"{}", b"\xef\xbb\xbf" + raw(CLICKS), raw(CLICKS) + b"x",
        raw(CLICKS) + b"\x00", raw(CLICKS)[:-1] + b",}", b"[" + raw(CLICKS) + b"]",
        raw(CLICKS).decode().encode("utf-16"), b"\x0b" + raw(CLICKS), b'"' + raw(CLICKS),
        raw(CLICKS, other="[" * 20_000 + "]" * 20_000), raw(CLICKS)[:-1],
        raw(CLICKS, other='"' + "x" * MAX_VALUE_BYTES + '"'),
    ],
    ids=range(15),
)  # fmt: skip
def test_what_is_no_event(value):
    assert not same(CLICKS, value)


def test_no_value_is_no_event():
    assert parse_event(CLICKS, None) is None


@pytest.mark.parametrize("first, last", [("1", "7"), ('"x"', "7"), ("1", '"x"'), ("1.0", "2")])
def test_every_occurrence_of_a_field_must_be_right_and_the_last_counts(first, last):
    value = raw(CLICKS, load_ms=first)[:-1] + f',"load_ms":{last}}}'.encode()
    assert same(CLICKS, value) == (first == "1" and last == "7")
    line = (
        f'[{{"product_id":"","category":"","quantity":{first},"price_cents":1,"quantity":{last}}}]'
    )
    same(ORDERS, raw(ORDERS, lines=line))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stream=st.sampled_from(STREAMS), data=st.data())
def test_fuzzed_fields(stream, data):
    names = st.sampled_from([*GOOD[stream], "other", "load_ms"])
    changes = data.draw(st.lists(st.tuples(names, JSON_VALUES), max_size=3))
    pairs = [*GOOD[stream].items(), *changes]
    order = data.draw(st.permutations(range(len(pairs))))
    body = ",".join(f"{json.dumps(pairs[i][0])}:{json.dumps(pairs[i][1])}" for i in order)
    same(stream, ("{" + body + "}").encode())


@settings(max_examples=400, deadline=None)
@example(stream=ORDERS, cuts=[(5, 0, b"\\ud83d")])
@given(
    stream=st.sampled_from(STREAMS),
    cuts=st.lists(
        st.tuples(
            st.integers(0, 600), st.integers(0, 6),
            st.binary(max_size=4) | st.sampled_from(
                [b'"', b"\\", b",", b"{", b"}", b":", b"1e5", b"\\u00e9", b"\\ud83d", b"\\ude00",
                 b"\xc3\xa9", b" ", b"-", b"0", b"null", b"\\", b'\\"', b"\xed\xa0\x80"]
            ),
        ),
        min_size=1, max_size=3,
    ),
)  # fmt: skip
def test_fuzzed_bytes(stream, cuts):
    value = raw(stream)
    for at, length, junk in cuts:
        value = value[:at] + junk + value[at + length :]
    same(stream, value)


@settings(max_examples=100, deadline=None)
@given(stream=st.sampled_from(STREAMS), value=st.binary(max_size=60))
def test_any_bytes(stream, value):
    same(stream, value)
