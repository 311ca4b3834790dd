"""The store when something goes wrong: full stop, clear words, nothing half done."""

import random
import subprocess
import sys
from collections import defaultdict

import duckdb
import pytest
from msgspec import structs

from streaming.lab.messages import Acked, ProducerStats, Range, Truth
from streaming.store.schema import SCHEMA_VERSION
from streaming.store.store import Store, StoreError, StoreFailed
from tests.store.store_support import (
    LATENESS,
    SHARDS,
    STREAMS,
    Member,
    Model,
    check,
    event,
    everything,
    open_store,
)
from tests.windows.window_support import NOW

BEGIN = NOW - 600_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lab.duckdb"


def filled_log(records=40, step=700):
    log = defaultdict(list)
    for shard in SHARDS:
        for i in range(records):
            log[shard].append(event(shard[0], BEGIN + i * step, i, f"u{i % 5}"))
    return log


def work(store, model, log, most=1000, idle=()):
    """One consumer takes everything and hands over up to `most` records of each shard."""
    member = Member("c-0")
    member.join(store, SHARDS)
    assert member.claim == model.claimed("c-0", SHARDS)
    made = member.read(log, SHARDS, most)
    assert store.merge([("c-0", made)], idle).acks[0].ok
    model.apply(made, log)
    model.advance(idle)
    check(store, model)
    return member


@pytest.fixture
def busy(path):
    store, model, log = open_store(path), Model(), filled_log(records=120)
    member = work(store, model, log, most=60)
    yield store, member, log, model
    store.close()


@pytest.mark.parametrize(
    "sabotage",
    [
        "UPDATE offsets SET next_offset = next_offset + 1 WHERE stream = 'orders' AND shard = 1",
        "ALTER TABLE late_events RENAME TO elsewhere",
        "ALTER TABLE windows DROP COLUMN kll",
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


# --- opening --------------------------------------------------------------------------------


def test_another_version_is_refused_and_left_alone(path):
    with duckdb.connect(str(path)) as con:
        con.execute("CREATE TABLE meta (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)")
        con.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION + 1)])
    with pytest.raises(StoreError, match=r"another version .* --data-dir"):
        Store(path, STREAMS, LATENESS)
    with duckdb.connect(str(path)) as con:
        assert con.execute("SHOW TABLES").fetchall() == [("meta",)]


def test_a_second_writer_is_told_who_has_it(busy, path):
    code = (
        "import sys; from pathlib import Path; from streaming.store.store import *\n"
        "try: Store(Path(sys.argv[1]), ('clicks',), 0)\n"
        "except StoreError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert "in use by another process" in done.stdout and "--data-dir" in done.stdout
    assert "PID" in done.stdout and done.stderr == ""


@pytest.mark.parametrize("text", [b"not a database\n" * 500, b"\0" * 20_000, b"x"])
def test_a_file_that_is_no_store(path, text):
    path.write_bytes(text)
    with pytest.raises(StoreError, match=r"cannot be read: .* --data-dir"):
        Store(path, STREAMS, LATENESS)
    assert path.read_bytes() == text


def test_words_in_the_path_do_not_choose_the_message(tmp_path):
    folder = tmp_path / "locksmith"
    folder.mkdir()
    (folder / "lab.duckdb").write_bytes(b"not a database\n" * 500)
    with pytest.raises(StoreError, match="cannot be read"):
        Store(folder / "lab.duckdb", STREAMS, LATENESS)


def test_flipped_bytes_give_one_clear_error_or_none(busy, path, tmp_path):
    busy[0].close()
    good, chance = path.read_bytes(), random.Random(1)
    refused = 0
    for number in range(12):
        bad = bytearray(good)
        at = chance.randrange(len(bad))
        bad[at] ^= 0xFF
        other = tmp_path / f"{number}.duckdb"
        other.write_bytes(bad)
        try:
            Store(other, STREAMS, LATENESS).close()
        except StoreError as error:
            refused += 1
            assert "cannot be read" in str(error) and "Traceback" not in str(error)
    assert refused


def test_the_lateness_of_the_first_start_stays(busy, path):
    busy[0].close()
    again = Store(path, STREAMS, 77_000)
    assert again.lateness_ms == LATENESS == again.windows["clicks"].lateness_ms
    again.close()


# --- copies, retention, the lab's own rows --------------------------------------------------


def read_elsewhere(path, query):
    code = (
        "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=True);"
        "print(con.execute(sys.argv[2]).fetchone()[0])"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(path), query], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_copy_can_be_read_by_others_while_the_store_goes_on(busy, tmp_path):
    store, member, log, model = busy
    copy = tmp_path / "it's a copy.duckdb"
    # What an earlier copy left when it was killed.
    copy.write_bytes(b"half")
    copy.with_name(copy.name + ".wal").write_bytes(b"half")
    store.copy_to(copy)
    counted = read_elsewhere(copy, "SELECT sum(n) FROM windows WHERE size_s = 10 AND dim = 'all'")
    assert int(counted) == 240
    made = member.read(log, SHARDS, 10)
    assert store.merge([("c-0", made)], ()).acks[0].ok
    model.apply(made, log)
    model.advance(())
    check(store, model)
    assert int(read_elsewhere(copy, "SELECT sum(next_offset) FROM offsets")) == 240
    store.copy_to(copy)
    assert int(read_elsewhere(copy, "SELECT sum(next_offset) FROM offsets")) == 280


def raw_times(store):
    rows = store.reader().execute("SELECT epoch_ms(event_at) FROM events_orders").fetchall()
    return sorted(at for (at,) in rows)


def kept_from(store):
    return int(store.meta_default("orders_retained_from_ms", "-1"))


def test_raw_events_are_kept_by_age(busy):
    store = busy[0]
    times = raw_times(store)
    assert store.retain_orders(10**12, 10**6) == 0 and kept_from(store) == -1
    keep = 20_000
    expected = [at for at in times if at >= times[-1] - keep]
    assert store.retain_orders(keep, 10**6) == len(times) - len(expected) > 0
    assert raw_times(store) == expected and kept_from(store) == times[-1] - keep
    assert store.retain_orders(keep, 10**6) == 0


def test_raw_events_are_kept_by_number(busy):
    store = busy[0]
    times = raw_times(store)
    gone = store.retain_orders(10**12, 50)
    kept = raw_times(store)
    assert gone == len(times) - len(kept) and 0 < len(kept) <= 50
    assert kept == [at for at in times if at >= kept_from(store)]


def test_a_wider_limit_does_not_promise_what_is_gone(busy):
    store, member, log, _ = busy
    store.retain_orders(5_000, 10**6)
    strict = kept_from(store)
    log["orders", 0][60] = event("orders", BEGIN - 300_000, 1)
    assert store.merge([("c-0", member.read(log, [("orders", 0)], 1))], ()).acks[0].ok
    assert store.retain_orders(60_000, 10**6) == 1
    assert kept_from(store) >= strict


def stats(produced, ends=(), truth=()):
    return ProducerStats(
        "running", "constant", 1.0, produced, produced, 0, 0.0, (), tuple(ends), tuple(truth)
    )


def test_producers_incidents_and_the_journal_survive(path):
    store = open_store(path)
    first = store.new_incarnation(NOW)
    truth = Truth("hot_key", NOW, NOW + 1, 0.5, "u1", 3)
    for n in (5, 9):
        told = stats(n, [Acked("clicks", 1, n), Acked("clicks", 1, 2)], [truth])
        store.merge([], (), (first, told), [(n, NOW, "info", "kind", f"line {n}")])
    assert store.ledger.shard("clicks", 1).acked_end == 9
    store.close()
    again = open_store(path)
    assert again.ledger.shard("clicks", 1).acked_end == 9
    second = again.new_incarnation(NOW)
    assert (first, second) == (0, 1)
    assert again.produced_before(second) == (9, 9) and again.produced_before(first) == (0, 0)
    assert [row[4] for row in again.last_journal(10)] == ["line 5", "line 9"]
    assert [row[4] for row in again.last_journal(1)] == ["line 9"]
    assert again.reader().execute("SELECT count(*) FROM ground_truth").fetchone() == (1,)
    again.close()


# --- ownership ------------------------------------------------------------------------------


def test_the_latest_claim_wins_and_the_zombie_is_told_so(path):
    store, log = open_store(path), filled_log()
    zombie, heir = Member("c-0"), Member("c-1")
    zombie.join(store, SHARDS)
    sent = zombie.read(log, SHARDS, 5)
    heir.join(store, SHARDS[:1])
    before = everything(store)
    (ack,) = store.merge([("c-0", sent)], ()).acks
    assert (ack.ok, ack.stale) == (False, True)
    assert everything(store)["windows"] == before["windows"] == []
    mine = heir.read(log, SHARDS[:1], 5)
    assert store.merge([("c-1", mine)], ()).acks[0].ok
    # A shard of its own alone the other may still hand over.
    zombie.join(store, SHARDS[1:])
    assert store.merge([("c-0", zombie.read(log, SHARDS, 5))], ()).acks[0].ok
    store.ledger.forget("c-1")
    assert not store.merge([("c-1", heir.read(log, SHARDS[:1], 5))], ()).acks[0].ok
    store.close()


def test_nobody_has_claimed(path):
    store, log = open_store(path), filled_log()
    member = Member("c-0")
    member.join(store, SHARDS)
    made = structs.replace(member.read(log, SHARDS, 5), claim=99)
    assert store.merge([("x", made)], ()).acks[0].stale
    store.close()


def test_an_empty_range_moves_nothing_but_the_watermark(path):
    store, log = open_store(path), filled_log()
    member = Member("c-0")
    member.join(store, SHARDS)
    made = member.read(log, SHARDS[:1], 5)
    empty = Range("clicks", 0, 5, 5, BEGIN + 99_000, 0, 0)
    after = structs.replace(made, ranges=(empty,), panes=[], raw=[])
    acks = store.merge([("c-0", made), ("c-0", after)], ()).acks
    assert [ack.ok for ack in acks] == [True, True]
    assert store.position("clicks", 0).next == 5
    assert store.position("clicks", 0).watermark_ms == BEGIN + 99_000
    store.close()


# --- watermarks -----------------------------------------------------------------------------


def test_the_slowest_shard_that_is_not_idle_holds_the_watermark(path):
    store, log = open_store(path), filled_log()
    member = Member("c-0")
    member.join(store, SHARDS)
    store.merge([("c-0", member.read(log, [("clicks", 0)], 20))], ())
    reached = log["clicks", 0][19]["ts"]
    assert store.windows["clicks"].watermark_ms is None
    idle = {("clicks", 1)}
    assert store.watermark_moves(idle) and not store.watermark_moves(())
    store.merge([], idle)
    assert store.windows["clicks"].watermark_ms == reached
    assert not store.watermark_moves(idle)
    # It comes back behind the others: the watermark stays, and its records are late.
    member.join(store, SHARDS)
    store.merge([("c-0", member.read(log, [("clicks", 1)], 1))], ())
    assert store.windows["clicks"].watermark_ms == reached
    # All idle: nobody knows anything, nothing moves.
    store.merge([], SHARDS)
    assert store.windows["clicks"].watermark_ms == reached
    store.close()


def test_a_partial_of_a_final_window_is_refused_and_read_again_as_late(path):
    store, log, model = open_store(path), filled_log(), Model()
    quick, slow = Member("c-0"), Member("c-1")
    quick.join(store, [("clicks", 0)])
    slow.join(store, [("clicks", 1)])
    model.claimed("c-0", [("clicks", 0)])
    model.claimed("c-1", [("clicks", 1)])
    idle = {("clicks", 1)}
    first = quick.read(log, [("clicks", 0)], 40)
    held = slow.read(log, [("clicks", 1)], 5)
    assert store.merge([("c-0", first)], idle).acks[0].ok
    model.apply(first, log)
    model.advance(idle)
    (ack,) = store.merge([("c-1", held)], ()).acks
    assert not ack.ok and not ack.stale and "final" in ack.reason
    slow.join(store, [("clicks", 1)])
    model.claimed("c-1", [("clicks", 1)])
    again = slow.read(log, [("clicks", 1)], 5)
    assert len(again.late) == 5
    assert store.merge([("c-1", again)], ()).acks[0].ok
    model.apply(again, log)
    model.advance(())
    check(store, model)
    store.close()


def test_size_counts_the_write_ahead_log(busy, path):
    store = busy[0]
    wal = path.with_name(path.name + ".wal")
    assert store.size_bytes() == path.stat().st_size + wal.stat().st_size
