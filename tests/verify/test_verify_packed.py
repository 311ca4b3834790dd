"""Several records in one of the log: each is held against the store by its place."""

import json

import pytest

from streaming.shards.kpl import Aggregator, UserRecord
from streaming.shards.packed import RANGE_HEADER, range_text
from streaming.shards.shardmap import ShardMap
from tests.verify.verify_lab import START, event, faults, kinds

SHARD = ShardMap.even("orders", 1).shards[0]
HALF = ShardMap.even("orders", 2).shards


@pytest.fixture
def packed(empty):
    """Three orders in one record of the log, one alone, and a pack that readers drop."""
    fill(empty)
    return empty


def fill(lab):
    events = [event("orders", n, START + n) for n in range(4)]
    pack(lab, events[:3], SHARD)
    lab.log.put("orders", 0, events[3])
    pack(lab, [event("orders", n, START + n) for n in (7, 8)], HALF[0], keys=("a", "b", "c", "d"))
    for place, e in zip([(0, 0), (0, 1), (0, 2), (1, 0)], events, strict=True):
        lab.counted["orders"].append(e)
        lab.con.execute(
            "INSERT INTO events_orders VALUES (?, make_timestamp_ms(?), 0, ?, 0, ?, ?, 'x', ?, "
            "'s', 'p', '', '', '', '', '', '', 0, ?, 1, ?)",
            [e["id"], e["ts"], place[0], e["type"], e["order_id"], e["customer_id"],
             e["total_cents"], place[1]],
        )  # fmt: skip
    for sub, n in enumerate((7, 8)):
        size = len(json.dumps(event("orders", n, START + n)).encode())
        lab.con.execute(
            "INSERT INTO dead_letters VALUES ('orders', 0, 2, 'outside_shard', '', NULL, NULL, ?, "
            "make_timestamp_ms(?), ?)",
            [size, START, sub],
        )
    lab.settle(START + 4)


def pack(lab, events, shard, keys=("k",)):
    aggregator = Aggregator()
    for number, e in enumerate(events):
        data = json.dumps(e).encode()
        assert aggregator.add(UserRecord(keys[number % len(keys)], None, data))
    headers = [(RANGE_HEADER, range_text(shard.low, shard.high))]
    lab.log.put("orders", 0, aggregator.finish().data, headers=headers)


async def test_each_record_of_a_pack_is_counted_once(packed):
    report = await packed.verify()
    assert report.ok, report.findings
    assert (report.records, report.dead) == (6, 2)


@pytest.mark.parametrize(
    ("damage", "found", "kind"),
    [
        ("DELETE FROM events_orders WHERE sub = 1", (0, 0, 1), "orders_missing"),
        ("INSERT INTO events_orders FROM events_orders WHERE sub = 2", (0, 1, 0), "orders_twice"),
        ("UPDATE events_orders SET sub = 5 WHERE sub = 2", (0, 0, 2), "orders_missing"),
        ("DELETE FROM dead_letters WHERE sub = 1", (0, 0, 1), "invalid_record"),
        ("INSERT INTO dead_letters FROM dead_letters WHERE sub = 1", (0, 1, 0), "stored_twice"),
    ],
)
async def test_what_is_wrong_with_one_of_them_is_found(packed, damage, found, kind):
    packed.con.execute(damage)
    report = await packed.verify()
    assert faults(report) == found and kind in kinds(report)
    assert kind != "orders_twice" or "offset 0 record 2" in str(report.findings)
