"""The default partitioner against Kafka's own vectors and two other clients."""

import random

import pytest
from aiokafka.partitioner import DefaultPartitioner, murmur2

from streaming.shards.kafka import MurmurPartitioner
from tests.broker.support import BrokerProcess

VECTORS = {
    "21": -973932308,
    "foobar": -790332482,
    "a-little-bit-long-string": -985981536,
    "a-little-bit-longer-string": -1486304829,
    "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    "abc": 479470107,
}


@pytest.mark.parametrize(("key", "signed"), VECTORS.items())
def test_kafkas_own_vectors(key, signed):
    assert murmur2(key.encode()) & 0xFFFFFFFF == signed & 0xFFFFFFFF
    for n in (1, 2, 3, 4, 7, 12, 200):
        assert MurmurPartitioner(n)(key) == (signed & 0x7FFFFFFF) % n


def keys(count):
    chance = random.Random(4)
    return ["", "é", "🧨", *(f"c-{chance.getrandbits(60):x}" for _ in range(count))]


def test_the_same_partition_as_aiokafka():
    theirs = DefaultPartitioner()
    for n in (1, 3, 4, 16):
        mine, partitions = MurmurPartitioner(n), list(range(n))
        for key in keys(500):
            assert mine(key) == mine(key) == theirs(key.encode(), partitions, partitions)


def test_the_same_partition_as_librdkafkas_murmur2(tmp_path):
    confluent = pytest.importorskip("confluent_kafka")
    from confluent_kafka.admin import AdminClient, NewTopic

    broker = BrokerProcess(tmp_path / "data").start()
    try:
        settings = {"bootstrap.servers": broker.bootstrap}
        admin = AdminClient(settings)
        admin.create_topics([NewTopic("t", 7, 1)])["t"].result(20)
        landed = {}
        producer = confluent.Producer(settings | {"partitioner": "murmur2"})
        for key in keys(200):
            producer.produce(
                "t", b"", key.encode(), on_delivery=lambda e, m: landed.update({m.key(): m})
            )
        assert producer.flush(20) == 0
    finally:
        broker.stop()
    mine = MurmurPartitioner(7)
    assert {k.decode(): m.partition() for k, m in landed.items()} == {k: mine(k) for k in keys(200)}


def test_the_memory_of_keys_is_bounded(monkeypatch):
    monkeypatch.setattr("streaming.shards.kafka._CACHE_LIMIT", 10)
    mine = MurmurPartitioner(5)
    first = [mine(key) for key in keys(100)]
    assert len(mine) <= 10
    assert [mine(key) for key in keys(100)] == first
