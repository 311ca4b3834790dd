"""Pages of records: the newest, on and back, by offset and time, filtered, within bounds."""

import json

import pytest

from streaming.records import reading, scan
from streaming.shards.kpl import Aggregator, UserRecord
from streaming.shards.log_place import place_of
from tests.records.record_support import MemoryLog, filled, ids, page
from tests.windows.window_support import NOW, click


def test_the_newest_of_all_shards_oldest_first():
    found = page(filled(), limit=50)
    assert ids(found) == [f"e{n}" for n in range(950, 1000)]
    assert {row.shard for row in found.rows} == {0, 1, 2}
    assert (found.stopped, found.asked) == ("", 50)


def test_paging_back_and_on_meets_every_record_once():
    log = filled(300)
    seen, here = [], page(log, limit=47)
    while here.rows:
        seen = ids(here) + seen
        here = page(log, "before", cursor=here.before, limit=47, at=here.rows[0].timestamp_ms)
    assert seen == [f"e{n}" for n in range(300)]
    again, here = [], page(log, "time", at=NOW - 299 * 100, limit=47)
    while True:
        again += ids(here)
        if here.at_end:
            break
        here = page(log, "after", cursor=here.after, limit=47)
    assert again == seen


def test_a_filter_finds_what_is_far_back_and_only_that():
    found = page(filled(), filter="country=BR", limit=30)
    assert ids(found) == [f"e{n}" for n in range(700, 1000, 10)]
    assert found.matched >= 30 and found.read >= 300
    one = page(filled(), filter="id=e3 shard=0")
    assert ids(one) == ["e3"] and one.read == 334, "only its shard is read"
    assert page(filled(), filter="shard=0 shard=1").rows == ()


def test_from_an_offset_of_a_shard_and_from_a_time():
    found = page(filled(), "offset", shard=1, at=200, limit=5)
    assert [(row.shard, row.offset) for row in found.rows] == [(1, n) for n in range(200, 205)]
    assert page(filled(), "offset", shard=1, at=10**9).rows == ()
    timed = page(filled(), "time", at=NOW - 1000, limit=5)
    assert ids(timed) == [f"e{n}" for n in range(989, 994)]
    assert page(filled(), "time", at=NOW + 5).at_end


def test_what_came_since_is_counted_and_sampled_when_it_is_too_much():
    log = filled(100)
    first = page(log, limit=10)
    assert page(log, cursor=first.after, limit=10).rows == ()
    for n in range(30):
        log.put(n % 3, click(NOW, id=f"new{n}"))
    counted = page(log, cursor=first.after, limit=0)
    assert (counted.asked, counted.read, counted.rows) == (30, 0, ())
    sampled = page(log, cursor=first.after, limit=10)
    assert (sampled.asked, sampled.skipped, len(sampled.rows)) == (30, 20, 10)
    assert {row.shard for row in sampled.rows} == {0, 1, 2}
    thin = page(log, cursor=first.after, limit=2)
    assert (thin.read, thin.skipped, len(thin.rows)) == (2, 28, 2)
    whole = page(log, cursor=first.after, limit=30)
    assert whole.skipped == 0 and len(whole.rows) == 30


def test_a_new_shard_is_read_from_its_beginning():
    log = filled(30)
    after = page(log).after
    log.put(7, click(NOW, id="child"))
    assert ids(page(log, cursor=after)) == ["child"]


def test_bounds_hold_and_are_told_and_paging_goes_on_from_there(monkeypatch):
    monkeypatch.setattr(scan, "MOST_SCANNED", 300)
    found = page(filled(), filter="id=e1")
    assert (found.stopped, found.read, found.rows) == ("records", 300, ())
    looks = 1
    while not found.rows:
        found = page(filled(), "before", filter="id=e1", cursor=found.before)
        looks += 1
    assert ids(found) == ["e1"] and looks == 4
    on = page(filled(), "after", filter="id=e998", cursor={})
    assert on.stopped == "records" and not on.at_end
    while not on.rows:
        on = page(filled(), "after", filter="id=e998", cursor=on.after)
    assert ids(on) == ["e998"]


def test_bytes_are_bounded_between_chunks(monkeypatch):
    monkeypatch.setattr(scan, "MOST_BYTES", 100_000)
    monkeypatch.setattr(scan, "FIRST_CHUNK", 10)
    log = MemoryLog()
    for n in range(300):
        log.put(0, click(NOW, id=f"e{n}", page="x" * 1000))
    found = page(log)
    assert found.stopped == "bytes" and 70 <= len(found.rows) <= 100
    assert ids(found)[-1] == "e299"
    back = page(log, "before", cursor=found.before)
    assert ids(back)[-1] == f"e{299 - len(found.rows)}"


def test_time_is_bounded(monkeypatch):
    monkeypatch.setattr(reading, "MOST_S", -1.0)
    found = page(filled(), filter="id=e1")
    assert (found.stopped, found.read) == ("time", 0)


def test_aggregates_are_taken_apart_and_paged_within():
    log, pack = MemoryLog(), Aggregator()
    for n in range(5):
        data = json.dumps(click(NOW, id=f"p{n}")).encode()
        assert pack.add(UserRecord("k", None, data))
    log.put(0, pack.finish().data)
    log.put(0, click(NOW, id="alone"))
    found = page(log, limit=3)
    assert ids(found) == ["p3", "p4", "alone"]
    assert [(row.sub, row.of) for row in found.rows] == [(3, 5), (4, 5), (0, 0)]
    assert found.before == {0: place_of(0, 3)}
    back = page(log, "before", cursor=found.before, limit=3)
    assert ids(back) == ["p0", "p1", "p2"]
    on = page(log, "after", cursor={0: place_of(0, 4)}, limit=3)
    assert ids(on) == ["p4", "alone"] and on.at_end


def test_values_are_cut_and_say_so():
    log = MemoryLog()
    log.put(0, b"x" * 2_000_000, key=None)
    log.put(0, b"\xff\x00", key=b"\xfe")
    log.put(0, None)
    log.put(0, "\N{CROSS MARK}".encode() * 100)
    big, odd, none, wide = page(log, keep=64).rows
    assert (len(big.value), big.size, big.cut, big.key) == (64, 2_000_000, True, None)
    assert (odd.value, odd.utf8, odd.key) == ("\\xff\x00", False, "\\xfe")
    assert (none.value, none.size) == (None, 0)
    assert wide.utf8 and wide.value == "\N{CROSS MARK}" * 21


@pytest.mark.parametrize(
    "value", [b"[" * 100_000, b'{"ts": 1e400, "type": 7}', b'{"a": "\\ud800"}']
)
def test_odd_json_is_a_row_without_fields(value):
    log = MemoryLog()
    log.put(0, value)
    (row,) = page(log).rows
    assert (row.event_ms, row.type) == (None, None)


def test_an_empty_stream_has_an_empty_page():
    for start in ("newest", "before", "after", "time"):
        assert page(MemoryLog(), start).rows == ()
