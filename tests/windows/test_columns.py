"""Pane columns: every record in exactly one place, whatever the batches."""

import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streaming.windows.columns import NEVER, PaneColumns
from streaming.windows.dead import DEAD_KEEP_BYTES
from streaming.windows.records import MAX_VALUE_BYTES
from streaming.windows.spec import MAX_MEASURE
from tests.windows.window_support import (
    FUTURE_MS,
    LATENESS,
    NOW,
    PAST_MS,
    Record,
    absorb,
    click,
    expected,
    order,
    record,
)

BIG = [HealthCheck.data_too_large, HealthCheck.too_slow]
GOOD = json.dumps(click(NOW)).encode()


@st.composite
def events(draw):
    """An event around now, one whose time is not believed, or poison."""
    kind = draw(st.integers(0, 19))
    if kind == 0:
        return draw(st.sampled_from([b"{", b"", b"\xff", b"[]", b"null", GOOD[:-1]]))
    if kind == 1:
        outside = [NOW - PAST_MS - 1, NOW + FUTURE_MS + 1, 0, 2**53]
        return click(draw(st.sampled_from(outside)))
    return click(
        NOW + draw(st.integers(-60_000, 60_000)),
        type=draw(st.sampled_from("abc")),
        category=draw(st.sampled_from(["x", "y", "\0", "*"])),
        country=draw(st.sampled_from(["DE", "PT"])),
        customer_id=f"u{draw(st.integers(0, 20))}",
        load_ms=draw(st.sampled_from([0, 1, 7, MAX_MEASURE])),
    )


def reason(value):
    return "schema" if value in (b"[]", b"null") else "not_json"


@st.composite
def cuts(draw, size):
    """Numbers of records per batch; empty batches too."""
    left, sizes = size, []
    while left:
        sizes.append(draw(st.integers(0, left)))
        left -= sizes[-1]
    return sizes


def split(records, sizes):
    at, batches = 0, []
    for size in sizes:
        batches.append(records[at : at + size])
        at += size
    return [*batches, records[at:]]


floors = st.one_of(st.just(NEVER), st.integers(NOW - 60_000, NOW + 60_000))


@settings(max_examples=150, deadline=None, suppress_health_check=BIG)
@given(st.data(), st.lists(events(), max_size=30), floors, st.sampled_from([0, 1, LATENESS]))
def test_any_batches_give_what_one_record_after_the_other_gives(data, made, floor, lateness):
    records = [record(i * 2, event) for i, event in enumerate(made)]
    told = [(i * 2, e if isinstance(e, dict) else reason(e)) for i, e in enumerate(made)]
    panes, late, dead, watermark = expected(told, floor=floor, lateness=lateness)
    sizes = data.draw(cuts(len(records)))
    folds = data.draw(st.sets(st.integers(0, 8)))
    got = absorb(split(records, sizes), floor=floor, lateness=lateness, fold_after=folds)
    assert (got.late, got.dead, got.watermark) == (late, dead, watermark)
    loads = {place: [e["load_ms"] for e in inside] for place, inside in panes.items()}
    assert {place: sums[:4] for place, sums in got.sums.items()} == {
        place: (len(v), sum(v), min(v), max(v)) for place, v in loads.items()
    }
    for place, sums in got.sums.items():
        assert round(sums[4]) == len({e["customer_id"] for e in panes[place]})
    whole = absorb([records], floor=floor, lateness=lateness)
    assert got == whole
    counted = sum(sums[0] for place, sums in got.sums.items() if place[1] == "all")
    assert counted + len(got.late) + len(got.dead) == len(records)


@settings(max_examples=50, deadline=None, suppress_health_check=BIG)
@given(st.data(), st.lists(st.integers(0, LATENESS), min_size=1, max_size=40))
def test_order_within_the_lateness_does_not_matter(data, offsets):
    made = [click(NOW + t, customer_id=f"u{i}", load_ms=i) for i, t in enumerate(offsets)]
    shuffled = data.draw(st.permutations(made))
    first = absorb([[record(i, e) for i, e in enumerate(made)]])
    again = absorb([[record(i, e) for i, e in enumerate(shuffled)]])
    assert again == first and not first.late


@pytest.mark.parametrize("people", [100, 191, 192, 193, 194, 250, 1000, 3000])
def test_distinct_customers_do_not_depend_on_the_batches(people):
    records = [record(i, click(NOW, customer_id=f"u{i % people}")) for i in range(people + 50)]
    one = absorb([records])
    many = absorb(
        [records[i : i + 37] for i in range(0, len(records), 37)], fold_after=range(0, 99, 2)
    )
    back = absorb([records[::-1]])
    assert one == many == back
    estimate = one.sums[NOW, "all", "*"][4]
    assert abs(estimate - people) <= 0.06 * people + 0.5


def test_a_record_is_late_from_the_exact_millisecond_on():
    opened = record(0, click(NOW))
    for passed, is_late in ((14_999, False), (15_000, True)):
        got = absorb([[record(1, click(NOW + passed)), opened]])
        assert bool(got.late) is is_late
        assert absorb([[record(1, click(NOW + passed))], [opened]]) == got
        floor = absorb([[opened]], floor=NOW + passed)
        assert bool(floor.late) is is_late
        # The floor makes late but is no watermark of this shard.
        assert floor.watermark == NOW


def test_a_late_record_still_counts_for_the_watermark_of_its_own_shard():
    got = absorb([[record(0, click(NOW - 60_000))]], floor=NOW)
    assert got.late == {(0, NOW - 60_000, NOW)} and got.watermark == NOW - 60_000


@pytest.mark.parametrize(
    ("ts", "accepted"),
    [
        (NOW - PAST_MS, True), (NOW - PAST_MS - 1, False),
        (NOW + FUTURE_MS, True), (NOW + FUTURE_MS + 1, False), (2**53, False), (0, False),
    ],
)  # fmt: skip
def test_unbelievable_times_are_dead_before_they_move_the_watermark(ts, accepted):
    got = absorb([[record(0, click(ts)), record(1, click(NOW - PAST_MS))]])
    assert got.dead == (set() if accepted else {(0, "event_time")})
    assert got.watermark == (max(ts, NOW - PAST_MS) if accepted else NOW - PAST_MS)


def altered(**fields):
    return json.dumps(click(NOW) | fields).encode()


def without(name):
    fields = click(NOW)
    del fields[name]
    return json.dumps(fields).encode()


def with_text(name, text):
    return json.dumps(click(NOW) | {name: "@@"}).replace('"@@"', text).encode()


POISON = {
    "no json": (b"hello", "not_json"),
    "empty": (b"", "not_json"),
    "null value": (None, "null_value"),
    "truncated": (GOOD[:-5], "not_json"),
    "two documents": (GOOD + GOOD, "not_json"),
    "byte order mark": (b"\xef\xbb\xbf" + GOOD, "not_json"),
    "utf-16": (GOOD.decode().encode("utf-16"), "not_json"),
    "invalid utf-8": (GOOD.replace(b'"u"', b'"\xff"'), "not_json"),
    "encoded surrogate": (GOOD.replace(b'"u"', b'"\xed\xa0\x80"'), "not_json"),
    "lone surrogate": (GOOD.replace(b'"u"', b'"\\ud800"'), "not_json"),
    "lone low surrogate": (GOOD.replace(b'"u"', b'"\\udc00"'), "not_json"),
    "raw NUL in a text": (GOOD.replace(b'"u"', b'"\0"'), "not_json"),
    "only NULs": (b"\0" * 50, "not_json"),
    "NaN": (with_text("load_ms", "NaN"), "not_json"),
    "Infinity": (with_text("load_ms", "Infinity"), "not_json"),
    "1e999": (with_text("load_ms", "1e999"), "schema"),
    "float": (altered(load_ms=1.5), "schema"),
    "negative": (altered(load_ms=-1), "schema"),
    "huge integer": (with_text("ts", "9" * 5000), "schema"),
    "above 53 bits": (altered(ts=2**53 + 1), "schema"),
    "above the largest measure": (altered(load_ms=MAX_MEASURE + 1), "schema"),
    "bool for a number": (altered(load_ms=True), "schema"),
    "text for a number": (altered(ts=str(NOW)), "schema"),
    "number for a text": (altered(country=7), "schema"),
    "null for a text": (altered(category=None), "schema"),
    "no customer": (altered(customer_id=""), "schema"),
    "long text": (altered(category="x" * 201), "schema"),
    "other version": (altered(v=2), "schema"),
    "missing field": (without("ts"), "schema"),
    "an array": (b"[" + GOOD + b"]", "schema"),
    "deep arrays": (b"[" * 100_000, "schema"),
    "deep objects": (b'{"a":' * 100_000, "undecodable"),
    "deep below an event": (with_text("x", "[" * 100_000 + "]" * 100_000), "undecodable"),
    "repeated, wrong first": (GOOD[:-1] + b', "load_ms": "x", "load_ms": 1}', "schema"),
    "too large": (altered(x="y" * MAX_VALUE_BYTES), "too_large"),
}


@pytest.mark.parametrize("name", POISON)
def test_poison_ends_among_the_dead_and_its_neighbours_count(name):
    value, why = POISON[name]
    columns = PaneColumns("clicks", LATENESS)
    batch = [record(4, GOOD), Record(5, value, None), record(6, GOOD)]
    done = columns.add(0, batch, NEVER, NEVER, NOW)
    (row,) = done.dead
    assert (row.offset, row.reason) == (5, why)
    assert 0 < len(row.detail) <= 500
    assert row.size == len(value or b"") and row.key is None
    assert row.value == (None if value is None else value[:DEAD_KEEP_BYTES])
    assert columns.count == 2 and done.watermark_ms == NOW and done.late == []


def test_a_whole_batch_of_poison_moves_nothing():
    batch = [Record(i, value) for i, (value, _) in enumerate(POISON.values())]
    got = absorb([batch])
    assert got.watermark == NEVER and not got.sums and not got.late
    assert got.dead == {(i, why) for i, (_, why) in enumerate(POISON.values())}


def test_what_is_kept_of_the_dead_is_bounded():
    columns = PaneColumns("clicks", LATENESS)
    done = columns.add(0, [Record(0, b"x" * 3_000_000, b"k" * 100_000)], NEVER, NEVER, NOW)
    (row,) = done.dead
    assert len(row.value) == len(row.key) == DEAD_KEEP_BYTES and row.size == 3_000_000


def test_the_largest_accepted_value_counts():
    spare = MAX_VALUE_BYTES - len(altered(x=""))
    largest = altered(x="y" * spare)
    assert len(largest) == MAX_VALUE_BYTES
    assert absorb([[record(0, largest)]]).sums[NOW, "all", "*"][0] == 1
    assert absorb([[record(0, largest + b" ")]]).dead == {(0, "too_large")}


def test_of_a_repeated_field_the_last_counts():
    got = absorb([[record(0, GOOD[:-1] + b', "load_ms": 5}')]])
    assert got.sums[NOW, "all", "*"][1] == 5


def test_texts_that_look_like_something_else_stay_texts():
    names = ["\0", "*", "[red]", "\x1b[31m", "'; DROP TABLE windows;--", "🧨", "", " "]
    got = absorb([[record(i, click(NOW, category=n)) for i, n in enumerate(names)]])
    assert {place[2] for place in got.sums if place[1] == "category"} == set(names)


def test_sums_of_the_largest_measures_are_exact():
    n = 5000
    got = absorb([[record(i, click(NOW, load_ms=MAX_MEASURE)) for i in range(n)]])
    assert got.sums[NOW, "all", "*"][:4] == (n, n * MAX_MEASURE, MAX_MEASURE, MAX_MEASURE)


def test_order_lines_are_part_of_the_contract():
    line = {"product_id": "p", "category": "c", "quantity": 1, "price_cents": 5}
    bad = [
        order(NOW, lines=[line | {"quantity": -1}]),
        order(NOW, lines=[line] * 1001),
        order(NOW, lines=[{}]),
        order(NOW, order_id=""),
        order(NOW) | {"lines": None},
    ]
    got = absorb([[record(i, e) for i, e in enumerate(bad)]], stream="orders")
    assert got.dead == {(i, "schema") for i in range(len(bad))}
    good = order(NOW, lines=[line] * 1000)
    assert not absorb([[record(0, good)]], stream="orders").dead


def test_clear_forgets_what_was_collected():
    columns = PaneColumns("clicks", LATENESS)
    columns.add(0, [record(0, click(NOW, customer_id="a"))], NEVER, NEVER, NOW)
    columns.clear()
    assert columns.count == 0 and columns.fold() == []


def test_code_tables_that_grew_large_are_made_anew(monkeypatch):
    from streaming.windows import columns as module

    monkeypatch.setattr(module, "_CODES_LIMIT", 10)
    batches = [
        [record(i, click(NOW, category=f"{b}-{i}", customer_id=f"{b}-{i}")) for i in range(9)]
        for b in range(4)
    ]
    got = absorb(batches, fold_after=range(4))
    assert sum(s[0] for place, s in got.sums.items() if place[1] == "category") == 36
    assert got.sums[NOW, "all", "*"][4] == pytest.approx(36, abs=0.1)


@pytest.mark.parametrize("bad", [b"", b"{", GOOD.replace(b'"u"', b'"\xff"')])
def test_a_failed_batch_leaves_no_half_of_itself(bad):
    got = absorb([[record(0, GOOD), record(1, bad), record(2, GOOD)]])
    assert got.sums[NOW, "all", "*"][0] == 2


def test_the_order_of_a_batch_is_told_without_what_was_planted():
    """Late and dead records count too: what matters is when they were read."""
    columns = PaneColumns("clicks", LATENESS)
    batch = [
        record(10, click(NOW, seq=3)),
        Record(11, b"no json"),
        record(12, click(NOW, seq=7))._replace(headers=(("label", b"late"),)),
        record(13, click(NOW - 90_000, seq=2)),
        record(14, click(NOW, seq=5, customer_id="other")),
    ]
    done = columns.add(3, batch, NEVER, NEVER, NOW)
    assert len(done.late) == len(done.dead) == 1
    offsets, customers, sequences = (
        np.frombuffer(column, np.int64).tolist()
        for column in (done.order.offsets, done.order.customers, done.order.sequences)
    )
    assert (done.order.stream, done.order.shard) == ("clicks", 3)
    assert offsets == [10, 13, 14] and sequences == [3, 2, 5]
    assert customers[0] == customers[1] != customers[2]
    # Another reader has the same number for the same customer.
    again = PaneColumns("clicks", LATENESS).add(0, batch[:1], NEVER, NEVER, NOW)
    assert np.frombuffer(again.order.customers, np.int64).tolist() == customers[:1]
    planted = PaneColumns("clicks", LATENESS).add(0, batch[2:3], NEVER, NEVER, NOW)
    assert planted.order is None
