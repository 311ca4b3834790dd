"""A call is a request: what collection does, as a broker counts it."""

import asyncio
import time

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from generators.shop import Shop, ShopConfig
from generators.wire import Emitted
from streaming.broker.connection import Connection
from streaming.broker.embedded.faults import Latency
from streaming.broker.embedded.keys import ApiKey
from streaming.producer.delivery import Delivery
from streaming.producer.outbox import COLLECTED
from streaming.shards.plan import StreamPlan
from streaming.shards.shardmap import ShardMap
from tests.broker.support import BrokerProcess, until

STREAMS = ("clicks", "orders")
SHARDS = 4


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = BrokerProcess(tmp_path_factory.mktemp("broker") / "data", "--control").start()
    yield made
    made.stop()


@pytest.fixture
async def topics(broker):
    names = {stream: f"{stream}-{time.monotonic_ns()}" for stream in STREAMS}
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, SHARDS, 1) for name in names.values()])
    await admin.close()
    return names


def plan(stream, epoch=1, **changes):
    return StreamPlan(
        stream=stream, epoch=epoch, key="customer_id", view="kinesis", shards=SHARDS,
        shard_map=ShardMap.even(stream, SHARDS), **changes,
    )  # fmt: skip


def records(count, stream="clicks"):
    return [Emitted(stream, None, b"%d" % n, f"c-{n % 97}") for n in range(count)]


class Counting:
    """How many Produce requests that name these topics a broker got."""

    def __init__(self, broker, *topics):
        self._broker = broker
        self._fault = broker.plant(Latency(ms=0), apis=(ApiKey.PRODUCE,), topics=topics)

    def __call__(self):
        return self._broker.struck(self._fault)

    def done(self):
        count = self()
        self._broker.lift(self._fault)
        return count


async def deliver(broker, topics, some, **how):
    """Deliver these; what calls that made, and the requests that the broker got."""
    delivery = Delivery(Connection(broker.bootstrap), topics, [plan(s, **how) for s in STREAMS])
    await delivery.start()
    counted = Counting(broker, *topics.values())
    try:
        await delivery.write(some)
        await delivery.flush()
    finally:
        await delivery.stop()
    assert delivery.acked == len(some) and not delivery.failed
    assert sum(end.end for end in delivery.ends()) == sum(s.puts for s in delivery.collection())
    return {s.stream: s for s in delivery.collection()}, counted.done()


async def test_with_collection_a_call_puts_into_all_shards_by_one_request(broker, topics):
    some = [*records(1200), *records(300, "orders")]
    stats, requests = await deliver(broker, topics, some)
    assert (stats["clicks"].calls, stats["clicks"].puts) == (3, 1200)
    assert (stats["orders"].calls, stats["orders"].puts) == (1, 300)
    assert requests == 4  # the streams share none


async def test_without_collection_each_record_is_a_request(broker, topics):
    stats, requests = await deliver(broker, topics, records(150), collect=False)
    assert (stats["clicks"].calls, stats["clicks"].puts) == (150, 150)
    assert requests == 150


async def test_without_collection_a_pack_is_a_request(broker, topics):
    shop = Shop(ShopConfig(seed=7, rate=20_000, streams=STREAMS), 0)
    some = [*shop.tick(), *shop.tick()]
    stats, requests = await deliver(broker, topics, some, aggregate="kpl", collect=False)
    assert requests == sum(s.calls for s in stats.values()) == sum(s.puts for s in stats.values())
    assert sum(s.records for s in stats.values()) == len(some) > 20 * requests


async def test_records_wait_for_company_and_not_longer(broker, topics):
    delivery = Delivery(Connection(broker.bootstrap), topics, [plan("clicks", buffer_ms=200)])
    await delivery.start()
    try:
        await delivery.write(records(10))
        await until(lambda: delivery.acked == 10)
        (stats,) = delivery.collection()
        assert stats.calls == 1 and stats.waited_ms >= 10 * 200 and not stats.waiting
    finally:
        await delivery.stop()


async def test_a_change_of_plan_comes_between_two_calls_and_loses_nothing(broker, topics):
    delivery = Delivery(Connection(broker.bootstrap), topics, [plan("clicks", collect=False)])
    await delivery.start()
    try:
        await delivery.write(records(3000))
        await until(lambda: delivery.acked > 20)
        await delivery.hold()
        held = delivery.acked
        assert delivery.collection()[0].waiting == 3000 - held > 0
        await asyncio.sleep(0)
        assert delivery.acked == held
        await delivery.adopt([plan("clicks", epoch=2)])
        await delivery.flush()
        (stats,) = delivery.collection()
        assert stats.puts == 3000 - held and stats.calls <= -(-stats.puts // COLLECTED.records) + 1
        assert delivery.acked == 3000
    finally:
        await delivery.stop()
