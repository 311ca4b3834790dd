"""Topics are made once and only grow; log positions are asked of the broker or unknown."""

import asyncio

import pytest
from aiokafka import TopicPartition

from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.broker.topics import LogWatch, ensure_topics
from tests.broker.support import BrokerProcess


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = BrokerProcess(tmp_path_factory.mktemp("broker") / "data").start()
    yield made
    made.stop()


async def test_topics_are_made_grow_and_never_shrink(broker):
    for wanted, has in ((2, 2), (2, 2), (5, 5), (3, 5)):
        got = await ensure_topics(Connection(broker.bootstrap), {"a": wanted, "b": 1}, ["dead"], 1)
        assert got == {"a": has, "b": 1}


async def test_a_topic_the_broker_refuses(broker):
    with pytest.raises(BrokerError, match="did not make topic"):
        await ensure_topics(Connection(broker.bootstrap), {"no/such name": 1}, [], 1)


async def test_no_kafka_at_the_address():
    with pytest.raises(BrokerError, match="does not answer as Kafka does"):
        await ensure_topics(Connection("127.0.0.1:1"), {"a": 1}, [], 1)


async def test_positions_asked_at_once_share_one_connection(broker):
    await ensure_topics(Connection(broker.bootstrap), {"c": 3}, [], 1)
    watch = LogWatch(Connection(broker.bootstrap))
    answers = await asyncio.gather(*(watch.ends({"c": 3}) for _ in range(5)))
    assert answers == [{TopicPartition("c", n): 0 for n in range(3)}] * 5
    assert await watch.begins({"c": 3}) == answers[0]
    await watch.close()
    assert await watch.ends({"c": 1}) == {TopicPartition("c", 0): 0}
    await watch.close()


async def test_without_a_broker_positions_are_unknown():
    watch = LogWatch(Connection("127.0.0.1:1"))
    assert await watch.ends({"a": 1}) is None
    await watch.close()
