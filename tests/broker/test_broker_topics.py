"""Topics: made, described, changed, deleted, and found again after a restart."""

from aiokafka.admin import AIOKafkaAdminClient
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


async def test_unknown_topics_are_not_made_where_that_is_off(tmp_path):
    strict = BrokerProcess(tmp_path / "strict", "--no-auto-create").start()
    try:
        async with Wire(strict.port) as wire:
            request = cluster.MetadataRequest(topics=[unique()], allow_auto_topic_creation=True)
            answer = await wire.call(3, 8, request, cluster.MetadataResponse)
        assert answer.topics[0].error_code == 3
    finally:
        strict.stop()


async def test_the_number_of_partitions_is_bounded(wire):
    request = admin.CreateTopicsRequest(
        topics=[admin.NewTopic(name=unique(), num_partitions=5000, replication_factor=1)],
        timeout_ms=1000,
    )
    answer = await wire.call(19, 4, request, admin.CreateTopicsResponse)
    assert answer.topics[0].error_code == 44
    assert "4096" in answer.topics[0].error_message
