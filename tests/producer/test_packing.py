"""Records packed together and taken apart again: the same ones, in their order."""

import json

import msgspec
import pytest

from generators.shop import Shop, ShopConfig
from generators.wire import Emitted
from streaming.consumer.unpacking import take_apart
from streaming.producer.packing import Packer
from streaming.shards.kpl import AGGREGATE_KEY, MAGIC
from streaming.shards.packed import MOST_TOGETHER, OUTSIDE, unpack
from streaming.shards.plan import StreamPlan
from streaming.shards.route import EXPLICIT_HEADER, Route, hash_of
from streaming.shards.routing import router
from streaming.shards.shardmap import ShardMap
from tests.windows.window_support import Record


def plan(packing):
    return StreamPlan(
        stream="clicks", epoch=1, key="customer_id", view="kinesis", shards=4,
        shard_map=ShardMap.even("clicks", 4), aggregate=packing,
    )  # fmt: skip


def records(count):
    return [
        (f"c-{n % 37}", Emitted("clicks", None, json.dumps({"n": n}).encode(), f"c-{n % 37}"))
        for n in range(count)
    ]


def packed(packing, count=2000):
    """(shard, put) of everything, as it would be written."""
    packer, choose, out = Packer(plan(packing)), router(plan(packing), 1), []
    for key, record in records(count):
        done = packer.add(choose(None, key, len(record.value)), record, now=0.0)
        out += [done] if done else []
    out += packer.due(0.0, all_=True)
    assert not len(packer)
    return packer, out


def as_records(puts):
    return [Record(at, put[1], put[0], tuple(put[2])) for at, put in enumerate(puts)]


class Timed(Record):
    """A record of the log with the time that the consumer asks for."""

    timestamp = 7


def test_packs_of_the_kpl_are_read_whole_and_in_order():
    packer, out = packed("kpl")
    seen = []
    for shard in range(4):
        puts = [put for to, put, _ in out if to == shard]
        assert all(put[1].startswith(MAGIC) and put[0] == AGGREGATE_KEY.encode() for put in puts)
        assert all(len(put[1]) <= 51_200 for put in puts)
        taken, dropped = take_apart("clicks", shard, [Timed(*r) for r in as_records(puts)])
        assert not dropped
        numbers = [json.loads(part.value)["n"] for part in taken]
        assert numbers == sorted(numbers) and numbers
        assert [part.key.decode() for part in taken] == [f"c-{n % 37}" for n in numbers]
        seen += numbers
    assert sorted(seen) == list(range(2000))
    assert packer.records == 2000 and packer.packs == len(out) < 40
    assert 0.3 < packer.payload / packer.bytes < 1


def spread(key, records_of, packing="kpl"):
    """The packs of records that the strategy routes, and the shop's events that are in them."""
    strategy = msgspec.structs.replace(plan(packing), key=key)
    shop = Shop(ShopConfig(seed=7, rate=20_000, streams=("clicks",)), 0)
    made = [r for _ in range(3) for r in shop.tick() if r.event is not None and not r.label]
    packer, choose, out = Packer(strategy), router(strategy, 1), []
    for record in made[:records_of]:
        done = packer.add(choose(record.event, record.key_hint, 10), record, now=0.0)
        out += [done] if done else []
    out += packer.due(0.0, all_=True)
    return made[:records_of], out


@pytest.mark.parametrize("key", ["customer_id+spread", "customer_id+choose2"])
def test_packs_of_records_with_explicit_hash_keys_are_kept(key):
    made, out = spread(key, 2000)
    shards, seen = ShardMap.even("clicks", 4).shards, []
    for to in range(4):
        puts = [put for shard, put, _ in out if shard == to]
        assert all(shards[to].start <= hash_of(put[0], put[2]) <= shards[to].end for put in puts)
        taken, dropped = take_apart("clicks", to, [Timed(*r) for r in as_records(puts)])
        assert taken and not dropped
        seen += [(part.key.decode(), part.value) for part in taken]
    assert sorted(seen) == sorted((r.event.customer_id, r.value) for r in made)


def test_a_record_alone_carries_its_explicit_hash_key_in_a_header():
    (record,), ((shard, put, _),) = spread("customer_id+spread", 1)
    assert put[:2] == (record.event.customer_id.encode(), record.value)
    ((name, text),) = put[2]
    assert name == EXPLICIT_HEADER and ShardMap.even("clicks", 4).route(int(text)) == shard


def test_packs_across_shards_are_dropped_as_a_whole():
    _, out = packed("naive")
    dropped = []
    for shard, put, _ in out:
        taken, dead = take_apart("clicks", shard, [Timed(*r) for r in as_records([put])])
        assert not taken
        dropped += dead
    assert {row.reason for row in dropped} == {OUTSIDE}
    assert sorted(json.loads(row.value)["n"] for row in dropped) == list(range(2000))
    assert len({(row.offset, row.sub, row.shard) for row in dropped[:50]}) == 50


def test_a_pack_waits_for_company_and_not_longer():
    packer, choose = Packer(plan("kpl")), router(plan("kpl"), 1)
    for key, record in records(2):
        packer.add(choose(None, key, 10), record, now=0.0)
    assert not list(packer.due(0.05)) and len(packer) == 2
    assert list(packer.due(0.1)) and not len(packer)
    assert packer.records == 2 and packer.waited_s == pytest.approx(2 * 0.1)


def test_one_record_alone_is_sent_as_it_is():
    packer = Packer(plan("kpl"))
    ((key, record),) = records(1)
    packer.add(Route(2, key.encode()), record, now=0.0)
    ((shard, put, began),) = packer.due(0.0, all_=True)
    assert (shard, put[0], put[1], put[2]) == (2, key.encode(), record.value, []) and not began


def test_what_is_not_sent_can_be_taken_back_in_its_order():
    packer, choose = Packer(plan("kpl")), router(plan("kpl"), 1)
    for key, record in records(100):
        packer.add(choose(None, key, 10), record, now=0.0)
    back = packer.take_back()
    assert sorted(json.loads(r.value)["n"] for r in back) == list(range(100)) and not len(packer)
    for customer in range(37):
        mine = [json.loads(r.value)["n"] for r in back if r.key_hint == f"c-{customer}"]
        assert mine == sorted(mine)


@pytest.mark.parametrize(
    "headers", [[("range", b"zz-1")], [("range", b"")], [("range", b"\xff-\x00")]]
)
def test_a_range_that_is_none_makes_no_aggregate(headers):
    _, out = packed("kpl", 10)
    assert unpack(out[0][1][1], headers) is None
    assert unpack(out[0][1][1], []) is not None
    assert unpack(None, []) is None and MOST_TOGETHER == 2**13 - 1
