"""Declared windows through a consumer's collector and a real store, held against the log."""

import json
import random
import time

import pytest

from streaming.consumer.batches import FetchedBatch
from streaming.consumer.collector import Collector
from streaming.declarations.specification import Declarations
from streaming.lab.messages import ShardId
from streaming.store.store import Store
from streaming.verify import check_log, read_store
from tests.verify.verify_lab import MemoryLog, event, kinds
from tests.windows.declared_support import KINDS, plan_of, spec
from tests.windows.window_support import Record

STREAMS = ("clicks", "orders")
LATENESS = 5_000


class Declared:
    """A store, a member that reads, and the log they read."""

    def __init__(self, path):
        self.store = Store(path, STREAMS, LATENESS)
        self.log = MemoryLog()
        self.collector = Collector(STREAMS, LATENESS, store_clicks=False)
        self.begin = int(time.time() * 1000) // 60_000 * 60_000 - 3_600_000
        self.number = 0
        self.seq = 0
        for stream in STREAMS:
            for shard in range(2):
                self.store.ledger.shard(stream, shard)

    def declare(self, *specs):
        def make(number, before):
            return plan_of(*specs, number=number, lateness_ms=LATENESS, before=before)

        self.store.declare(make, Declarations(), self.begin)

    def claim(self):
        shards = tuple(ShardId("clicks", shard) for shard in range(2))
        self.claimed = self.store.ledger.claim("c1", shards)
        self.collector.follow(self.store.declared.plan)
        self.collector.begin([self.store.position(s.stream, s.shard) for s in shards])

    def put(self, shard, at_ms, **more):
        self.number += 1
        made = event("clicks", self.number, self.begin + at_ms, **more)
        offset = self.log.put("clicks", shard, made)
        record = Record(offset, json.dumps(made).encode())
        batch = FetchedBatch("clicks", shard, offset, offset + 1, [_Read(record)], 100)
        assert self.collector.absorb("clicks", batch) is None

    def merge(self):
        handover = self.collector.hand_over(self.claimed, self.seq)
        self.seq += 1
        (ack,) = self.store.merge([("c1", handover)], frozenset()).acks
        assert ack.ok, ack.reason

    async def verify(self):
        return await check_log(read_store(self.store.reader()), self.log)


class _Read:
    """A record as a consumer gets it."""

    def __init__(self, record):
        self.offset, self.value, self.key = record.offset, record.value, record.key
        self.headers, self.timestamp = (), 0


@pytest.fixture
def lab(tmp_path):
    made = Declared(tmp_path / "lab.duckdb")
    made.declare(*(spec(name, **how) for name, how in KINDS.items()))
    made.claim()
    chance = random.Random(5)
    for i in range(300):
        made.put(i % 2, i * 400 + chance.randrange(3_000), type=chance.choice(["view", "land"]))
        if i % 50 == 49:
            made.put(0, i * 400 - 40_000)  # late
            made.merge()
    yield made
    made.store.close()


async def test_every_kind_agrees_with_the_log(lab):
    report = await lab.verify()
    assert report.ok, report.findings
    names = {name for name, _ in read_store(lab.store.reader()).declared.final}
    assert names == set(KINDS)
    assert lab.store.declared.late.total() > 0


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "change, kind",
    [
        ("UPDATE window_results SET n = n + 1", "declared_window"),
        ("UPDATE window_results SET end_at = end_at + INTERVAL 1 SECOND", "declared_window"),
        ("UPDATE window_results SET vals = replace(vals, '\"clicks\":', '\"clicks\":1')",
         "declared_window"),
        ("UPDATE window_results SET vals = replace(vals, '\"share\":', '\"share\":1')",
         "declared_window"),
        ("UPDATE window_results SET key = key || 'x'", "extra_window"),
        ("DELETE FROM window_results", "missing_window"),
    ],
)  # fmt: skip
async def test_a_wrong_row_is_found(lab, name, change, kind):
    lab.store._con.execute(f"{change} WHERE is_final AND name = '{name}'")
    report = await lab.verify()
    assert report.wrong and kind in kinds(report)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("UPDATE window_late SET watermark_at = event_at", "not_late"),
        ("UPDATE window_late SET event_at = event_at - INTERVAL 1 SECOND", "late_record"),
        ('UPDATE window_late SET "offset" = 99999', "no_such_record"),
        ("UPDATE window_late SET panes = 'others'", "late_record"),
        ("INSERT INTO window_late FROM window_late", "stored_twice"),
    ],
)
async def test_a_wrong_late_record_is_found(lab, change, kind):
    lab.store._con.execute(change)
    assert kind in kinds(await lab.verify())


async def test_windows_that_change_are_of_the_records_from_then_on(lab):
    stays, changed = spec("tumbling", size="10s"), spec("session", gap="9s", longest="20s")
    lab.declare(stays, changed, spec("stagger", size="3s", group_by="{country}:{device}"))
    lab.collector.follow(lab.store.declared.plan)
    for i in range(300, 600):
        lab.put(i % 2, i * 400)
        if i % 60 == 59:
            lab.merge()
    report = await lab.verify()
    assert report.ok, report.findings
    final = read_store(lab.store.reader()).declared.final
    assert set(final) >= {("tumbling", 1), ("session", 1), ("session", 2), ("stagger", 2)}
    assert max(start for start, _ in final["tumbling", 1]) > lab.begin + 200_000
    assert max(start for start, _ in final["hopping", 1]) < lab.begin + 130_000
    lab.store._con.execute(
        "UPDATE window_starts SET first_offset = first_offset + 9 WHERE number = 2"
    )
    assert not (await lab.verify()).ok


async def test_a_consumer_with_older_windows_is_refused(lab):
    lab.declare(spec("tumbling", size="20s"))
    lab.collector.follow(lab.store.declared.plan)
    lab.put(0, 200_000)
    lab.merge()
    lab.put(0, 200_001)
    handover = lab.collector.hand_over(lab.claimed, 99)
    import msgspec

    old = msgspec.structs.replace(handover, plan=1)
    (ack,) = lab.store.merge([("c1", old)], frozenset()).acks
    assert not ack.ok and "newer windows" in ack.reason


async def test_a_restart_goes_on_where_the_file_stands(lab, tmp_path):
    plan = lab.store.declared.plan
    lab.store.close()
    lab.store = Store(tmp_path / "lab.duckdb", STREAMS, LATENESS)
    assert lab.store.declared.plan == plan
    lab.declare(*(spec(name, **how) for name, how in KINDS.items()))
    assert lab.store.declared.plan.number == 1
    lab.claim()
    for i in range(300, 400):
        lab.put(i % 2, i * 400)
    lab.merge()
    report = await lab.verify()
    assert report.ok, report.findings
