"""The store as a file: opened, refused, copied, kept within bounds."""

import random
import subprocess
import sys
import threading

import duckdb
import pytest

from streaming.lab.producer_messages import Acked, ProducerStats, Truth
from streaming.store.schema import SCHEMA_VERSION
from streaming.store.store import Store, StoreError
from tests.store.store_support import (
    BEGIN,
    LATENESS,
    SHARDS,
    STREAMS,
    check,
    event,
    open_store,
)
from tests.windows.window_support import NOW

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


def test_merging_goes_on_while_a_copy_is_made(busy, tmp_path):
    store, member, log, model = busy
    con, under_way, go_on = store.reader(), threading.Event(), threading.Event()

    class Slow:
        def execute(self, sql):
            if sql.startswith("COPY"):
                under_way.set()
                assert go_on.wait(20)
            return con.execute(sql)

    copy = tmp_path / "copy.duckdb"
    copying = threading.Thread(target=store.copy_to, args=(copy, Slow()))
    copying.start()
    assert under_way.wait(20)
    made = member.read(log, SHARDS, 10)
    assert store.merge([("c-0", made)], ()).acks[0].ok
    model.apply(made, log)
    model.advance(())
    check(store, model)
    go_on.set()
    copying.join(20)
    con.close()
    assert int(read_elsewhere(copy, "SELECT sum(next_offset) FROM offsets")) == 280


def test_a_copy_that_fails_leaves_nothing_and_the_store_goes_on(busy, tmp_path):
    store, member, log, _ = busy
    con = store.reader()

    class Full:
        def execute(self, sql):
            if sql.startswith("COPY"):
                raise duckdb.IOException("No space left on device")
            return con.execute(sql)

    with pytest.raises(duckdb.IOException):
        store.copy_to(tmp_path / "copy.duckdb", Full())
    con.close()
    assert not list(tmp_path.glob("copy*"))
    store.copy_to(tmp_path / "copy.duckdb")
    made = member.read(log, SHARDS, 10)
    assert store.merge([("c-0", made)], ()).acks[0].ok


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
