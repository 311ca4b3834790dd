"""A client that shares no code with aiokafka."""

import time

import pytest

from tests.broker.support import DEADLINE_S, unique

kafka = pytest.importorskip("confluent_kafka")


@pytest.mark.parametrize("compression", ["none", "zstd"])
def test_librdkafka_produces_and_consumes(shared, compression):
    from confluent_kafka.admin import AdminClient, NewTopic

    topic, group = unique(), unique("g")
    client = AdminClient({"bootstrap.servers": shared.bootstrap})
    for made in client.create_topics([NewTopic(topic, 3, 1)]).values():
        made.result(DEADLINE_S)
    failed = []
    producer = kafka.Producer(
        {
            "bootstrap.servers": shared.bootstrap,
            "enable.idempotence": True,
            "linger.ms": 1,
            "compression.type": compression,
        }
    )
    for number in range(3000):
        producer.produce(
            topic,
            b"%d" % number,
            partition=number % 3,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
    assert producer.flush(DEADLINE_S) == 0 and not failed
    consumer = kafka.Consumer(
        {
            "bootstrap.servers": shared.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    got = {0: [], 1: [], 2: []}
    end = time.monotonic() + DEADLINE_S
    try:
        while sum(map(len, got.values())) < 3000 and time.monotonic() < end:
            for message in consumer.consume(500, 0.2):
                assert message.error() is None
                got[message.partition()].append(int(message.value()))
        assert got == {part: list(range(part, 3000, 3)) for part in range(3)}
        consumer.commit(asynchronous=False)
        parts = [kafka.TopicPartition(topic, part) for part in range(3)]
        assert [part.offset for part in consumer.committed(parts, DEADLINE_S)] == [1000] * 3
        low, high = consumer.get_watermark_offsets(parts[0], DEADLINE_S)
        assert (low, high) == (0, 1000)
    finally:
        consumer.close()
    described = client.describe_consumer_groups([group])[group].result(DEADLINE_S)
    assert described.state == kafka.ConsumerGroupState.EMPTY
    for deleted in client.delete_topics([topic]).values():
        deleted.result(DEADLINE_S)


def test_librdkafka_refuses_transactions_at_once(shared):
    producer = kafka.Producer(
        {"bootstrap.servers": shared.bootstrap, "transactional.id": unique("tx")}
    )
    with pytest.raises(kafka.KafkaException):
        producer.init_transactions(DEADLINE_S)
