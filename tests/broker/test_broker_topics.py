"""Topics: made, described, changed, deleted, and found again after a restart."""

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from streaming.broker.embedded.messages import admin, cluster
from tests.broker.support import BrokerProcess, Wire, make_batch, unique


async def test_topics_keep_names_settings_and_data_across_restarts(broker):
    async with Wire(broker.port) as wire:
        for name in ("Both", "both", "a.b_c-D"):
            await wire.create(name, 2, retention_ms=5000)
            await wire.produce(name, make_batch([name.encode()]), partition=1)
        gone = await wire.create("gone")
        answer = await wire.call(
            20,
            3,
            admin.DeleteTopicsRequest(names=[gone, "none"], timeout_ms=1),
            admin.DeleteTopicsResponse,
        )
        assert [topic.error_code for topic in answer.topics] == [0, 3]
        before = await wire.call(
            3, 8, cluster.MetadataRequest(topics=None), cluster.MetadataResponse
        )
    broker.kill()
    broker.start()
    async with Wire(broker.port) as wire:
        after = await wire.call(
            3, 8, cluster.MetadataRequest(topics=None), cluster.MetadataResponse
        )
        assert after.topics == before.topics and after.cluster_id == before.cluster_id
        for name in ("Both", "both"):
            assert (await wire.list_offset(name, -1, partition=1)).offset == 1
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await client.start()
    try:
        resource = ConfigResource(ConfigResourceType.TOPIC, "both")
        (answer,) = await client.describe_configs([resource])
        found = {entry[0]: entry[1] for entry in answer.resources[0][4]}
        assert found["retention.ms"] == "5000"
    finally:
        await client.close()


async def test_a_topic_made_again_is_empty(wire):
    topic = await wire.create(unique())
    await wire.produce(topic, make_batch([b"old"]))
    request = admin.DeleteTopicsRequest(names=[topic], timeout_ms=1)
    await wire.call(20, 3, request, admin.DeleteTopicsResponse)
    await wire.create(topic)
    assert (await wire.list_offset(topic, -1)).offset == 0


async def test_bad_topics_are_refused_with_their_reason(shared, wire):
    there = await wire.create(unique())
    client = AIOKafkaAdminClient(bootstrap_servers=shared.bootstrap)
    await client.start()
    try:
        for new, code in (
            (NewTopic(there, 1, 1), 36),
            (NewTopic(unique(), 0, 1), 37),
            (NewTopic(unique(), 100_000, 1), 37),
            (NewTopic(unique(), 1, 3), 38),
            (NewTopic("bad name!", 1, 1), 17),
            (NewTopic("..", 1, 1), 17),
            (NewTopic("x" * 250, 1, 1), 17),
            (NewTopic("X" * 200, 1, 1), 17),
            (NewTopic(unique(), -1, -1, replica_assignments={0: [9]}), 39),
            (NewTopic(unique(), 1, 1, topic_configs={"no.such": "1"}), 40),
            (NewTopic(unique(), 1, 1, topic_configs={"retention.ms": "soon"}), 40),
        ):
            answer = await client.create_topics([new])
            assert answer.topic_errors[0][1] == code, new.name
        only = unique()
        await client.create_topics([NewTopic(only, 1, 1)], validate_only=True)
        assert only not in await client.list_topics()
    finally:
        await client.close()


async def test_unknown_topics_are_made_only_where_that_is_on(shared, wire, tmp_path):
    name = unique()

    def asked(allow):
        return cluster.MetadataRequest(topics=[name], allow_auto_topic_creation=allow)

    answer = await wire.call(3, 8, asked(False), cluster.MetadataResponse)
    assert answer.topics[0].error_code == 3
    answer = await wire.call(3, 8, asked(True), cluster.MetadataResponse)
    assert answer.topics[0].error_code == 0 and len(answer.topics[0].partitions) == 1
    strict = BrokerProcess(tmp_path / "strict", "--no-auto-create").start()
    try:
        async with Wire(strict.port) as other:
            answer = await other.call(3, 8, asked(True), cluster.MetadataResponse)
            assert answer.topics[0].error_code == 3
    finally:
        strict.stop()


async def test_settings_are_changed_one_by_one_or_as_a_whole(wire):
    topic = await wire.create(unique(), retention_ms=5000, segment_bytes=9999)

    async def own():
        resource = admin.DescribeConfigsResource(kind=2, name=topic)
        request = admin.DescribeConfigsRequest(resources=[resource])
        answer = await wire.call(32, 2, request, admin.DescribeConfigsResponse)
        return {c.name: c.value for c in answer.results[0].configs if c.source == 1}

    async def change(*changes):
        resource = admin.ChangeConfigsResource(kind=2, name=topic, configs=list(changes))
        request = admin.IncrementalAlterConfigsRequest(resources=[resource])
        answer = await wire.call(44, 0, request, admin.AlterConfigsResponse)
        return answer.results[0].error_code

    assert await change(admin.ConfigChange(name="max.message.bytes", operation=0, value="70")) == 0
    assert (await wire.produce(topic, make_batch([b"x" * 100]))).error_code == 10
    assert await change(admin.ConfigChange(name="max.message.bytes", operation=1)) == 0
    assert (await wire.produce(topic, make_batch([b"x" * 100]))).error_code == 0
    assert await change(admin.ConfigChange(name="no.such", operation=0, value="1")) == 40
    assert await own() == {"retention.ms": "5000", "segment.bytes": "9999"}
    resource = admin.AlterConfigsResource(
        kind=2, name=topic, configs=[admin.ConfigValue(name="retention.ms", value="7")]
    )
    request = admin.AlterConfigsRequest(resources=[resource])
    await wire.call(33, 1, request, admin.AlterConfigsResponse)
    assert await own() == {"retention.ms": "7"}
