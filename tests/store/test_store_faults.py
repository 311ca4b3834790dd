"""The store when something goes wrong: full stop, clear words, nothing half done."""

from collections import defaultdict

import pytest
from msgspec import structs

from streaming.store.store import StoreFailed
from tests.store.store_support import (
    BEGIN,
    SHARDS,
    Model,
    check,
    event,
    everything,
    filled_log,
    open_store,
    work,
)


@pytest.mark.parametrize(
    "sabotage",
    [
        "UPDATE offsets SET next_offset = next_offset + 1 WHERE stream = 'orders' AND shard = 1",
        "ALTER TABLE late_events RENAME TO elsewhere",
        "ALTER TABLE windows DROP COLUMN buckets",
    ],
)
def test_a_failing_transaction_ends_everything_and_stores_nothing(busy, sabotage):
    store, member, log, _ = busy
    store.reader().execute(sabotage)
    before = everything(store)
    # The last record is late, so that every table is touched.
    for shard in SHARDS:
        log[shard][-1] = event(shard[0], BEGIN, 1)
    made = member.read(log, SHARDS, 1000)
    assert made.late
    with pytest.raises(StoreFailed, match=r"lab\.duckdb"):
        store.merge([("c-0", made)], ())
    assert everything(store) == before
    for again in ([], [("c-0", made)]):
        with pytest.raises(StoreFailed, match="start again"):
            store.merge(again, ())
    with pytest.raises(StoreFailed):
        store.retain_orders(0, 1)
    assert everything(store) == before


def test_a_damaged_partial_fails_before_the_file_is_ahead_or_behind(busy, path):
    store, member, log, model = busy
    made = member.read(log, SHARDS, 1000)
    made.panes[-1] = structs.replace(made.panes[-1], hll=b"no sketch")
    with pytest.raises(StoreFailed):
        store.merge([("c-0", made)], ())
    with pytest.raises(StoreFailed):
        store.merge([], ())
    store.close()
    model.restarted()
    again = open_store(path)
    check(again, model)
    work(again, model, log)
    again.close()


def test_an_order_of_very_many_pieces_does_not_stop_the_store(path):
    line = {"product_id": "p", "category": "c", "quantity": 2**31 - 1, "price_cents": 1}
    log = filled_log(1)
    log["orders", 0][0] = event("orders", BEGIN, 1) | {"lines": [line] * 1000}
    store, model = open_store(path), Model()
    work(store, model, log)
    row = store.reader().execute("SELECT max(items) FROM events_orders").fetchone()
    assert row == (1000 * (2**31 - 1),)
    store.close()


def test_hostile_texts_are_stored_as_they_are(path):
    names = ["\0", "a\0b", "*", "\x1b[2J", "'; DROP TABLE windows;--", "🧨", "\u202e"]
    log = defaultdict(list)
    log["clicks", 0] = [event("clicks", BEGIN, i, n, n) | {"type": n} for i, n in enumerate(names)]
    store, model = open_store(path), Model()
    work(store, model, log)
    store.close()
    model.restarted()
    again = open_store(path)
    check(again, model)
    again.close()


def test_retention_took_the_next_records_from_the_log(busy, path):
    store, member, log, _ = busy
    assert store.skip_to("clicks", 0, 100) == 40
    assert store.skip_to("clicks", 0, 90) == 0
    assert store.position("clicks", 0).next == 100
    made = member.read(log, [("clicks", 0)], 10)
    assert not store.merge([("c-0", made)], ()).acks[0].ok
    member.join(store, SHARDS)
    made = member.read(log, [("clicks", 0)], 10)
    assert store.merge([("c-0", made)], ()).acks[0].ok
    store.close()
    again = open_store(path)
    assert again.position("clicks", 0).next == 110
    again.close()
