"""Records in shards that their hash keys do not belong to are found (kinesis view)."""

import msgspec
import pytest

from streaming.shards.hash_keys import HASH_KEYS, hash_key
from streaming.shards.plan import StreamPlan
from streaming.shards.route import explicit_headers
from streaming.shards.shardmap import ShardMap
from tests.verify.verify_lab import START, faults, kinds

K = hash_key("k")
"""Every record of the hand-made log has the key `k`."""

MAP = ShardMap.even("clicks", 4)
HOME = MAP.route(K)
OTHER = (HOME + 1) % 4


def begin(lab, epoch, plan, starts=None):
    """An epoch of the clicks, as the store has it."""
    lab.con.execute(
        "INSERT INTO epochs VALUES ('clicks', ?, make_timestamp_ms(?), NULL, ?, ?, ?, '', 0, "
        "'null', 'null', ?)",
        [epoch, START, plan.key, plan.view, plan.shards, msgspec.json.encode(plan).decode()],
    )  # fmt: skip
    for shard, first in (starts or {}).items():
        lab.con.execute(
            "INSERT INTO epoch_starts VALUES ('clicks', ?, ?, ?)", [epoch, shard, first]
        )


def kinesis(shard_map, epoch=1):
    return StreamPlan(
        stream="clicks", epoch=epoch, key="customer_id", view="kinesis",
        shards=len(shard_map.shards), shard_map=shard_map,
    )  # fmt: skip


def explicit(shard):
    return explicit_headers(MAP.shards[shard].end)


async def test_records_in_their_shards_are_right(empty):
    begin(empty, 1, kinesis(MAP))
    empty.put("clicks", HOME, START)
    empty.put("clicks", OTHER, START + 1, headers=explicit(OTHER))
    empty.settle(START + 2)
    report = await empty.verify()
    assert report.ok and report.records == 2, report.findings


@pytest.mark.parametrize(
    ("shard", "headers"),
    [
        (OTHER, ()),  # the key's own hash says otherwise
        (HOME, explicit(OTHER)),  # it is overridden
        (OTHER, [("ExplicitHashKey", str(HASH_KEYS).encode())]),  # by no hash key at all
        (OTHER, [("ExplicitHashKey", b"1_0")]),
    ],
)
async def test_a_record_elsewhere_is_found(empty, shard, headers):
    begin(empty, 1, kinesis(MAP))
    empty.put("clicks", shard, START, headers=headers)
    empty.settle(START + 2)
    report = await empty.verify()
    assert faults(report) == (0, 0, 1) and kinds(report) == {"wrong_shard"}
    (finding,) = report.findings
    assert finding.where == f"clicks/{shard} offset 0" and "a shard of" in finding.stored


async def test_each_record_is_judged_by_the_epoch_that_it_is_of(empty):
    """Partitions of Kafka first, then ranges; a split does not change the ranges that were."""
    msk = StreamPlan(stream="clicks", epoch=1, key="customer_id", view="msk", shards=4)
    begin(empty, 1, msk)
    begin(empty, 2, kinesis(MAP, 2), {OTHER: 1})
    begin(empty, 3, kinesis(MAP.split(HOME, K + 1), 3), {OTHER: 1})
    empty.put("clicks", OTHER, START)  # a partition takes any
    empty.put("clicks", 4, START + 1)  # the lower part of what was HOME
    empty.put("clicks", 5, START + 3)
    empty.put("clicks", OTHER, START + 4)
    empty.settle(START + 5)
    report = await empty.verify()
    assert report.records == 4
    assert sorted(finding.where for finding in report.findings) == sorted(
        ["clicks/5 offset 0", f"clicks/{OTHER} offset 1"]
    )
