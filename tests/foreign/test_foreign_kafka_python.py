"""kafka-python 3, which shares no code with aiokafka any more."""

import time

import pytest
from foreign_support import wait_until
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, OffsetSpec
from kafka.errors import NoError
from kafka.structs import OffsetAndMetadata

from tests.broker.support import DEADLINE_S, unique


@pytest.fixture
def tools(kafka):
    client = KafkaAdminClient(bootstrap_servers=kafka.bootstrap.split(","))
    yield client
    client.close()


def produce(kafka, topic, count, **options):
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap.split(","), **options)
    sent = [
        producer.send(topic, b"%d" % number, key=b"k", partition=number % 3, headers=[("h", b"1")])
        for number in range(count)
    ]
    producer.flush(DEADLINE_S)
    assert sorted({(at.partition, at.offset) for at in (one.get(0) for one in sent)}) == [
        (part, offset) for part in range(3) for offset in range(count // 3)
    ]
    producer.close()


def consumer_of(kafka, group, **options):
    return KafkaConsumer(
        bootstrap_servers=kafka.bootstrap.split(","),
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=200,
        session_timeout_ms=6000,
        **options,
    )


def subscribe(consumer, topic):
    """Subscribe once this client knows the topic: a leader without it assigns nothing for good."""
    wait_until(lambda: len(consumer.partitions_for_topic(topic) or ()) == 3)
    consumer.subscribe([topic])


def read(consumers, count, settled=lambda: True):
    """Poll until this many different records have come and the group is as wanted."""
    got = {0: set(), 1: set(), 2: set()}

    def poll():
        for consumer in consumers:
            for records in consumer.poll(50).values():
                for record in records:
                    assert (record.key, record.headers) == (b"k", [("h", b"1")])
                    got[record.partition].add(int(record.value))

    wait_until(lambda: sum(map(len, got.values())) >= count and settled(), meanwhile=poll)
    return got


@pytest.mark.parametrize("compression", [None, "gzip"])
def test_an_idempotent_producer_and_a_group_of_two(kafka, topic, compression):
    produce(kafka, topic, 3000, enable_idempotence=True, acks="all", compression_type=compression)
    group = unique("g")
    members = [consumer_of(kafka, group) for _ in range(2)]
    for member in members:
        subscribe(member, topic)

    def shared_and_read():
        """Whoever owns a partition at last stands at its end: it may have come from the other."""
        owned = [(member, part) for member in members for part in member.assignment()]
        return (
            sorted(len(member.assignment()) for member in members) == [1, 2]
            and sorted(part.partition for _, part in owned) == [0, 1, 2]
            and all(member.position(part) == 1000 for member, part in owned)
        )

    # A record may come twice when the first member had begun before the second one joined.
    got = read(members, 3000, settled=shared_and_read)
    assert got == {part: set(range(part, 3000, 3)) for part in range(3)}
    for member in members:
        member.commit()
    parts = [TopicPartition(topic, part) for part in range(3)]
    assert [members[0].committed(part) for part in parts] == [1000] * 3
    assert members[0].end_offsets(parts) == dict.fromkeys(parts, 1000)
    for member in members:
        member.close()


def test_times_are_found_both_ways(kafka, topic):
    producer = KafkaProducer(bootstrap_servers=kafka.bootstrap.split(","))
    now_ms = int(time.time() * 1000)
    for step in range(10):
        producer.send(topic, b"x", partition=0, timestamp_ms=now_ms + 1000 * step)
    producer.flush(DEADLINE_S)
    producer.close()
    reader = consumer_of(kafka, None)
    part = TopicPartition(topic, 0)
    found = reader.offsets_for_times({part: now_ms + 2500})[part]
    assert (found.offset, found.timestamp) == (3, now_ms + 3000)
    assert reader.offsets_for_times({part: now_ms + 60_000})[part] is None
    reader.close()


def test_its_tools_change_topics_and_records(kafka, topic, tools):
    produce(kafka, topic, 300)
    tools.create_partitions({topic: NewPartitions(4)})
    wait_until(lambda: len(tools.describe_topics([topic])[0]["partitions"]) == 4)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    assert tools.delete_records({first: 40})[first]["low_watermark"] == 40
    offsets = tools.list_partition_offsets(
        {first: OffsetSpec.EARLIEST, second: OffsetSpec.MAX_TIMESTAMP}
    )
    assert offsets[first].offset == 40 and 0 <= offsets[second].offset < 100

    resource = ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": "86400000"})
    assert tools.alter_configs([resource])["topic"][topic] == "OK"

    def changed():
        """Values the topic has of its own."""
        configs = tools.describe_configs([resource])["topic"][topic]
        return {name: config["value"] for name, config in configs.items()}

    wait_until(lambda: changed().get("retention.ms") == "86400000")
    assert tools.reset_configs([resource])["topic"][topic] == "OK"
    wait_until(lambda: "retention.ms" not in changed())
    sizes = {
        (name["name"], part["partition_index"]): part["partition_size"]
        for broker in tools.describe_log_dirs()
        for folder in broker["log_dirs"]
        for name in folder["topics"]
        for part in name["partitions"]
    }
    assert sizes[topic, 1] > 0 and sizes[topic, 3] == 0


def test_its_tools_change_groups(kafka, topic, tools):
    produce(kafka, topic, 300)
    group = unique("g")
    member = consumer_of(kafka, group)
    subscribe(member, topic)
    read([member], 300)
    member.commit()

    def listed(*states):
        return {one["group_id"]: one["group_state"] for one in tools.list_groups(None, states)}

    assert listed("Stable")[group] == "Stable" and group not in listed("Empty")
    described = tools.describe_groups([group])[group]
    assert described["group_state"] == "Stable" and len(described["members"]) == 1
    member.close()

    parts = [TopicPartition(topic, part) for part in range(3)]
    done = tools.alter_group_offsets(group, {parts[0]: OffsetAndMetadata(3, "", -1)})
    assert done == {parts[0]: NoError}
    assert tools.delete_group_offsets(group, [parts[2]]) == {parts[2]: NoError}
    stored = tools.list_group_offsets([group])[group]
    assert {part: at.offset for part, at in stored.items()} == {parts[0]: 3, parts[1]: 100}
    assert tools.delete_groups([group])[group] == "OK"
    assert group not in listed()
