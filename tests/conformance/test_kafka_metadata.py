"""What brokers say of topics and of themselves, and topics that come to be by being asked for."""

from streaming.broker.embedded.messages import cluster, upkeep
from tests.broker.support import make_batch, unique, until
from tests.conformance.clients import admin_client, producer
from tests.conformance.support import NOT_YET, has_partitions, listed


async def test_an_unknown_topic_is_made_by_a_producer(kafka):
    async with producer(kafka) as sends:
        assert (await sends.send_and_wait(unique("auto"), b"x")).offset == 0


async def test_metadata_makes_topics_only_when_allowed(wire):
    topic = unique("auto")
    (answer,) = (await wire.metadata([topic], create=False)).topics
    assert answer.error_code == 3 and topic not in await listed(wire)
    (answer,) = (await wire.metadata([topic], create=True)).topics
    assert answer.error_code == 0 or answer.error_code in NOT_YET
    await until(lambda: has_partitions(wire, topic, 1))


async def test_metadata_refuses_illegal_names_it_would_have_to_make(wire):
    (answer,) = (await wire.metadata(["with space"], create=True)).topics
    assert answer.error_code == 17


async def test_metadata_of_known_and_unknown_topics_together(wire):
    there, none = await wire.create(partitions=2), unique()
    answer = await wire.metadata([none, there])
    codes = {topic.name: (topic.error_code, len(topic.partitions)) for topic in answer.topics}
    assert codes == {there: (0, 2), none: (3, 0)}


async def test_metadata_names_a_topic_once_however_often_it_is_asked(wire):
    topic = await wire.create()
    assert [one.name for one in (await wire.metadata([topic, topic])).topics] == [topic]


async def test_metadata_of_all_topics_is_null_and_in_version_0_an_empty_list(wire):
    topic = await wire.create()
    for version in (1, 8):
        everything = await wire.metadata(None, version=version)
        assert topic in {one.name for one in everything.topics}
        assert (await wire.metadata([], version=version)).topics == []
    assert topic in {one.name for one in (await wire.metadata([], version=0)).topics}


async def test_metadata_describes_leaders_and_replicas(wire):
    topic = await wire.create(partitions=2)
    (described,) = (await wire.metadata([topic])).topics
    assert not described.is_internal
    for part in described.partitions:
        assert (part.error_code, part.leader_id, part.leader_epoch) == (0, wire.node, 0)
        assert (part.replicas, part.in_sync, part.offline) == ([wire.node], [wire.node], [])


async def test_the_cluster_describes_itself(kafka, wire):
    async with admin_client(kafka) as client:
        described = await client.describe_cluster()
    nodes = {broker["node_id"]: broker["port"] for broker in described["brokers"]}
    assert described["cluster_id"] and described["controller_id"] in nodes
    assert nodes[wire.node] == wire.port


async def test_every_node_is_found_through_the_coordinator_of_a_group(wire):
    group = await wire.group()
    for version in (0, 1, 2):
        request = cluster.FindCoordinatorRequest(key=group)
        found = await wire.call(10, version, request, cluster.FindCoordinatorResponse)
        assert (found.error_code, found.node_id, found.port) == (0, wire.node, wire.port)


async def test_a_coordinator_of_no_known_kind_is_refused(wire):
    request = cluster.FindCoordinatorRequest(key="x", key_type=9)
    assert (await wire.call(10, 2, request, cluster.FindCoordinatorResponse)).error_code == 42


async def test_the_size_of_a_log_on_disk_is_told(wire):
    topic = await wire.create(partitions=2)
    raw = make_batch([b"x" * 1000])
    await wire.produce(topic, raw, 1)
    asked = upkeep.LogDirTopic(name=topic, partitions=[0, 1])
    request = upkeep.DescribeLogDirsRequest(topics=[asked])
    answer = await wire.call(35, 1, request, upkeep.DescribeLogDirsResponse)
    sizes = {
        part.index: part.size
        for folder in answer.results
        for found in folder.topics
        for part in found.partitions
    }
    assert sizes == {0: 0, 1: len(raw)}
