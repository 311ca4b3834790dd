"""librdkafka, the C client under most languages' clients, through confluent-kafka."""

import time

import confluent_kafka as ck
import pytest
from confluent_kafka.admin import (
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    OffsetSpec,
    ResourceType,
)
from foreign_support import wait_until

from tests.broker.support import DEADLINE_S, unique


def consumer_of(kafka, group, **options):
    return ck.Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": group,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
        | {name.replace("_", "."): value for name, value in options.items()}
    )


def produce(kafka, topic, count, **options):
    """Send numbers as values, one after the other to each partition, and wait for all answers."""
    failed = []
    producer = ck.Producer(
        {"bootstrap.servers": kafka.bootstrap, "linger.ms": 1}
        | {name.replace("_", "."): value for name, value in options.items()}
    )
    for number in range(count):
        producer.produce(
            topic,
            b"%d" % number,
            partition=number % 3,
            on_delivery=lambda error, _: failed.append(error) if error else None,
        )
    assert producer.flush(DEADLINE_S) == 0 and not failed


def read(consumers, count):
    """The values of `count` messages by partition, in the order they came."""
    got = {0: [], 1: [], 2: []}
    end = time.monotonic() + DEADLINE_S
    while sum(map(len, got.values())) < count and time.monotonic() < end:
        for consumer in consumers:
            for message in consumer.consume(500, 0.1):
                assert message.error() is None, message.error()
                got[message.partition()].append(int(message.value()))
    return got


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_an_idempotent_producer_and_a_group_of_one(kafka, topic, admin, compression):
    produce(kafka, topic, 3000, enable_idempotence=True, compression_type=compression)
    group = unique("g")
    consumer = consumer_of(kafka, group, check_crcs=True)
    consumer.subscribe([topic])
    try:
        assert read([consumer], 3000) == {part: list(range(part, 3000, 3)) for part in range(3)}
        consumer.commit(asynchronous=False)
        parts = [ck.TopicPartition(topic, part) for part in range(3)]
        assert [part.offset for part in consumer.committed(parts, DEADLINE_S)] == [1000] * 3
        assert consumer.get_watermark_offsets(parts[0], DEADLINE_S) == (0, 1000)
    finally:
        consumer.close()
    described = admin.describe_consumer_groups([group])[group].result(DEADLINE_S)
    assert described.state == ck.ConsumerGroupState.EMPTY


@pytest.mark.parametrize("acks", [0, 1, "all"])
def test_every_acknowledgement_level_writes(kafka, topic, acks):
    if acks == 0:
        # Without answers a client is not told that a new partition's leader is not there yet.
        produce(kafka, topic, 3)
    produce(kafka, topic, 300, acks=acks)
    reader = consumer_of(kafka, unique("g"))
    reader.subscribe([topic])
    try:
        first = 1 if acks == 0 else 0
        got = read([reader], 300 + 3 * first)
        assert {part: values[first:] for part, values in got.items()} == {
            part: list(range(part, 300, 3)) for part in range(3)
        }
    finally:
        reader.close()


@pytest.mark.parametrize("strategy", ["range", "roundrobin", "cooperative-sticky"])
def test_a_second_member_takes_its_share_and_gives_it_back(kafka, topic, strategy):
    group = unique("g")
    moved = {"revoked": [], "lost": []}

    def keep(what):
        return lambda _, parts: moved[what].extend(part.partition for part in parts)

    members = [
        consumer_of(
            kafka,
            group,
            partition_assignment_strategy=strategy,
            heartbeat_interval_ms=200,
            session_timeout_ms=6000,
        )
        for _ in range(2)
    ]
    first, second = members

    def settled(*wanted):
        """Whether the members have as many partitions each as wanted, no record meanwhile."""
        for each in members[: len(wanted)]:
            assert not each.consume(10, 0.05)
        return sorted(len(each.assignment()) for each in members[: len(wanted)]) == sorted(wanted)

    first.subscribe([topic], on_revoke=keep("revoked"), on_lost=keep("lost"))
    wait_until(lambda: settled(3))
    second.subscribe([topic])
    wait_until(lambda: settled(1, 2))
    # A cooperative member gives up only what moves, and goes on reading the rest (KIP-429).
    given_up = 1 if strategy == "cooperative-sticky" else 3
    assert len(moved["revoked"]) == given_up and not moved["lost"]
    produce(kafka, topic, 300)
    assert read(members, 300) == {part: list(range(part, 300, 3)) for part in range(3)}
    first.commit(asynchronous=False)
    second.commit(asynchronous=False)
    second.close()
    wait_until(lambda: settled(3))
    parts = [ck.TopicPartition(topic, part) for part in range(3)]
    assert [part.offset for part in first.committed(parts, DEADLINE_S)] == [100] * 3
    first.close()


def test_the_admin_client_sees_and_changes_topics(kafka, topic, admin):
    admin.create_partitions([NewPartitions(topic, 5)])[topic].result(DEADLINE_S)

    def described():
        return admin.describe_topics(ck.TopicCollection([topic]))[topic].result(DEADLINE_S)

    wait_until(lambda: [part.id for part in described().partitions] == [0, 1, 2, 3, 4])
    assert {len(part.replicas) for part in described().partitions} == {kafka.replication}
    cluster = admin.describe_cluster().result(DEADLINE_S)
    assert len(cluster.nodes) == len(kafka.bootstrap.split(","))

    resource = ConfigResource(
        ResourceType.TOPIC,
        topic,
        incremental_configs=[
            ConfigEntry("retention.ms", "86400000", incremental_operation=AlterConfigOpType.SET)
        ],
    )
    for done in admin.incremental_alter_configs([resource]).values():
        done.result(DEADLINE_S)

    def retention():
        (configs,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic)]).values()
        return configs.result(DEADLINE_S)["retention.ms"]

    wait_until(lambda: retention().value == "86400000")
    assert not retention().is_default
    assert topic in admin.list_topics(timeout=DEADLINE_S).topics


def test_the_admin_client_finds_and_deletes_records(kafka, topic, admin):
    produce(kafka, topic, 300)
    first, second = ck.TopicPartition(topic, 0), ck.TopicPartition(topic, 1)

    def offsets(spec, part=first):
        return admin.list_offsets({part: spec})[part].result(DEADLINE_S).offset

    assert offsets(OffsetSpec.earliest()) == 0 and offsets(OffsetSpec.latest()) == 100
    assert 0 <= offsets(OffsetSpec.max_timestamp()) < 100
    assert offsets(OffsetSpec.for_timestamp(1)) == 0
    cut = ck.TopicPartition(topic, 0, 40)
    assert admin.delete_records([cut])[cut].result(DEADLINE_S).low_watermark == 40
    assert offsets(OffsetSpec.earliest()) == 40 and offsets(OffsetSpec.earliest(), second) == 0


def test_the_admin_client_sees_and_changes_groups(kafka, topic, admin):
    produce(kafka, topic, 300)
    group = unique("g")
    member = consumer_of(kafka, group, client_id="foreigner")
    member.subscribe([topic])
    read([member], 300)
    member.commit(asynchronous=False)

    def listed(*states):
        found = admin.list_consumer_groups(states=set(states)).result(DEADLINE_S)
        assert not found.errors
        return {part.group_id: part.state for part in found.valid}

    assert listed()[group] == ck.ConsumerGroupState.STABLE
    assert group in listed(ck.ConsumerGroupState.STABLE)
    assert group not in listed(ck.ConsumerGroupState.EMPTY)
    described = admin.describe_consumer_groups([group])[group].result(DEADLINE_S)
    assert described.partition_assignor == "range"
    (one,) = described.members
    assert one.client_id == "foreigner"
    assert sorted(p.partition for p in one.assignment.topic_partitions) == [0, 1, 2]
    with pytest.raises(ck.KafkaException, match="NON_EMPTY_GROUP"):
        admin.delete_consumer_groups([group])[group].result(DEADLINE_S)
    member.close()

    moved = ck.ConsumerGroupTopicPartitions(group, [ck.TopicPartition(topic, 0, 7)])
    admin.alter_consumer_group_offsets([moved])[group].result(DEADLINE_S)
    asked = ck.ConsumerGroupTopicPartitions(group)
    stored = admin.list_consumer_group_offsets([asked])[group].result(DEADLINE_S)
    offsets = {part.partition: part.offset for part in stored.topic_partitions}
    assert offsets == {0: 7, 1: 100, 2: 100}
    admin.delete_consumer_groups([group])[group].result(DEADLINE_S)
    assert group not in listed()
