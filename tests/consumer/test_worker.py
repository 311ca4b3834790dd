"""A consumer between group and engine: what it hands over is all of what it says it read."""

import asyncio
from types import SimpleNamespace

import pytest
from aiokafka import TopicPartition

from streaming.broker.wire import Wire
from streaming.clock import LabClock
from streaming.consumer import worker as module
from streaming.consumer.batches import FetchedBatch
from streaming.consumer.config import WorkerConfig
from streaming.consumer.worker import MAX_IN_FLIGHT, Worker
from streaming.lab.messages import Ack, Claim, Claimed, ConsumerState, Handover, Position, ShardId

ZERO, ONE = TopicPartition("x.clicks", 0), TopicPartition("x.clicks", 1)


class Client:
    """The Kafka client as far as a worker steers it."""

    def __init__(self):
        self.has = set()
        self.sought = {}
        self.committed = {}
        self._coordinator = SimpleNamespace(generation=1, member_id="m")

    def assignment(self):
        return set(self.has)

    def pause(self, *tps):
        pass

    def resume(self, *tps):
        pass

    def seek(self, tp, offset):
        self.sought[tp] = offset

    async def commit(self, offsets):
        self.committed |= offsets


class Engine:
    """The engine at the other end of the channel; it answers handovers when it is told to."""

    def __init__(self):
        self.stands = {0: 0, 1: 0}
        self.sent = []
        self.waiting = []
        self.claims = 0
        self.answers = asyncio.Queue()

    async def send(self, message):
        self.sent.append(message)
        if isinstance(message, Claim):
            self.claims += 1
            positions = tuple(
                Position("clicks", s.shard, self.stands[s.shard], None, None)
                for s in message.shards
            )
            await self.answers.put(Claimed(self.claims, positions))
        elif isinstance(message, Handover):
            self.waiting.append(message)

    async def receive(self):
        return await self.answers.get()

    async def acknowledge(self):
        for handover in self.waiting:
            for part in handover.ranges:
                assert self.stands[part.shard] == part.first
                self.stands[part.shard] = part.next
            await self.answers.put(Ack(handover.seq, True))
        self.waiting = []


@pytest.fixture
async def parts(monkeypatch):
    """A worker with client and engine of ours, its answers being read."""
    monkeypatch.setattr(module, "_REVOKE_WAIT_S", 0.02)
    config = WorkerConfig(
        name="c-0", engine="", kafka=Wire("127.0.0.1:1"), group="g", topics={"clicks": "x.clicks"},
        dead_letter_topic="d", lateness_ms=0, flush_ms=100, session_timeout_ms=6000,
        assignor="cooperative-sticky", store_clicks=False, clock=LabClock(0, 0, 1.0),
    )  # fmt: skip
    engine, client = Engine(), Client()
    worker = Worker(config, engine)
    worker._consumer = worker._commits._consumer = client
    worker._dead_letters = SimpleNamespace(publish=lambda dead: asyncio.sleep(0))
    reading = asyncio.create_task(worker._read_answers())
    yield worker, client, engine
    reading.cancel()


def read(worker, shard, first, next_):
    """Let it read records that are no events: each is a dead letter, and can be counted."""
    records = [
        SimpleNamespace(offset=n, timestamp=0, key=None, value=b"?", headers=())
        for n in range(first, next_)
    ]
    worker._absorb([FetchedBatch("x.clicks", shard, first, next_, records, 10)])


def whole(handovers):
    """Check that each handover has a row for every record of its ranges."""
    for handover in handovers:
        wanted = {(r.shard, n) for r in handover.ranges for n in range(r.first, r.next)}
        assert {(row.shard, row.offset) for row in handover.dead} == wanted
    return [(r.shard, r.first, r.next) for handover in handovers for r in handover.ranges]


async def test_what_could_not_be_handed_over_before_a_rebalance_is_read_again(parts):
    worker, client, engine = parts
    client.has = {ZERO, ONE}
    await worker.on_partitions_assigned({ZERO, ONE})
    for n in range(MAX_IN_FLIGHT):
        read(worker, 0, 10 * n, 10 * n + 10)
        read(worker, 1, 10 * n, 10 * n + 10)
        await worker._hand_over()
    read(worker, 0, 20, 25)  # the engine has not answered: these wait
    before = list(engine.waiting)
    assert len(before) == MAX_IN_FLIGHT
    await worker.on_partitions_revoked({ONE})
    assert ConsumerState("running", (ShardId("clicks", 1),)) in engine.sent
    read(worker, 0, 25, 30)  # it came while nothing was to be read
    await engine.acknowledge()
    while worker._in_flight:
        await asyncio.sleep(0)
    client.has = {ZERO}
    await worker.on_partitions_assigned(set())
    assert client.sought[ZERO] == 20
    read(worker, 0, 30, 35)  # fetched before the seek: it is read again in its turn
    read(worker, 0, 20, 40)
    await worker._hand_over()
    after = [message for message in engine.waiting if message not in before]
    assert whole(before + after)[-1] == (0, 20, 40)
    await engine.acknowledge()
    assert engine.stands == {0: 40, 1: 20}


async def test_what_is_kept_goes_on_where_it_stood(parts):
    worker, client, engine = parts
    client.has = {ZERO}
    await worker.on_partitions_assigned({ZERO})
    read(worker, 0, 0, 5)

    async def answering():
        while True:
            await engine.acknowledge()
            await asyncio.sleep(0)

    task = asyncio.create_task(answering())
    client.has = {ZERO, ONE}
    await worker.on_partitions_assigned({ONE})
    task.cancel()
    assert client.sought == {ZERO: 5, ONE: 0}
    claim = [message for message in engine.sent if isinstance(message, Claim)][-1]
    assert sorted(shard.shard for shard in claim.shards) == [0, 1]
    assert whole([m for m in engine.sent if isinstance(m, Handover)]) == [(0, 0, 5)]


async def test_an_eager_member_that_lets_go_of_all_is_joining(parts):
    worker, client, engine = parts
    client.has = {ZERO, ONE}
    await worker.on_partitions_assigned({ZERO, ONE})
    await worker.on_partitions_revoked({ZERO, ONE})
    told = [message for message in engine.sent if isinstance(message, ConsumerState)]
    assert [state.state for state in told] == ["running", "joining"]
    assert sorted(shard.shard for shard in told[-1].lets_go) == [0, 1]
    read(worker, 0, 0, 5)
    assert worker._collector.records == 0
