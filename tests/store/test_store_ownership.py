"""Who may hand over what, and how far the windows are final."""

from msgspec import structs

from streaming.lab.messages import Range
from tests.store.store_support import (
    BEGIN,
    SHARDS,
    Member,
    Model,
    check,
    everything,
    filled_log,
    open_store,
)

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
