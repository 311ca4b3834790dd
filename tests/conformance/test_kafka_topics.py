"""Topics: made, refused with Kafka's codes, listed, extended, deleted."""

import pytest
from aiokafka.admin import NewPartitions, NewTopic

from streaming.broker.embedded.messages import admin, cluster, upkeep
from tests.broker.support import make_batch, unique, until
from tests.conformance.clients import admin_client, consumer, owning, producer, read
from tests.conformance.group_wire import commit, committed
from tests.conformance.support import NOT_YET


async def listed(wire):
    return {topic.name for topic in (await wire.metadata(None)).topics}


async def partitions_of(wire, topic):
    (described,) = (await wire.metadata([topic])).topics
    return len(described.partitions) if described.error_code == 0 else None


async def test_a_new_topic_has_its_partitions_numbered_from_0(kafka, wire):
    topic = unique()
    async with admin_client(kafka) as client:
        await client.create_topics([NewTopic(topic, 3, 1)])
        await until(lambda: has_partitions(wire, topic, 3))
        (described,) = await client.describe_topics([topic])
    assert sorted(part["partition"] for part in described["partitions"]) == [0, 1, 2]
    assert topic in await listed(wire)


async def test_a_topic_that_exists_is_not_made_again(wire):
    topic = await wire.create()
    assert (await wire.try_create(topic, 2)).error_code == 36
    assert await partitions_of(wire, topic) == 1


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "with space", "with/slash", "é", "x" * 250],
    ids=["empty", "dot", "dots", "space", "slash", "accent", "250"],
)
async def test_an_illegal_name_is_refused(wire, name):
    assert (await wire.try_create(name)).error_code == 17


@pytest.mark.parametrize("letter", ["x", "X"])
async def test_a_name_may_have_249_letters(wire, letter):
    topic = unique(letter * 240)[:249]
    await wire.create(topic)
    assert (await wire.produce(topic, make_batch([b"x"]))).error_code == 0
    assert await wire.delete_topic(topic) == 0


async def test_names_that_differ_in_capitals_are_two_topics(wire):
    topic = unique("a")
    for name, values in ((topic, [b"x"]), (topic.upper(), [b"x", b"y"])):
        await wire.create(name)
        await wire.produce(name, make_batch(values))
    assert (await wire.list_offset(topic, -1)).offset == 1
    assert (await wire.list_offset(topic.upper(), -1)).offset == 2


async def test_names_that_differ_in_dot_and_underscore_collide(wire):
    """Names of metrics replace dots by underscores, so Kafka keeps such topics apart."""
    topic = unique("a.b")
    await wire.create(topic)
    assert (await wire.try_create(topic.replace(".", "_"))).error_code == 17


@pytest.mark.parametrize("count", [0, -2])
async def test_a_topic_without_partitions_is_refused(wire, count):
    assert (await wire.try_create(unique(), count)).error_code == 37


async def test_more_than_10000_partitions_at_once_are_against_the_policy(wire):
    assert (await wire.try_create(unique(), 10_001)).error_code == 44


@pytest.mark.parametrize("replicas", [0, 99, -2])
async def test_a_replication_factor_the_cluster_cannot_give_is_refused(wire, replicas):
    assert (await wire.try_create(unique(), 1, replicas)).error_code == 38


async def test_minus_1_leaves_partitions_and_replicas_to_the_broker(wire):
    topic = unique()
    assert (await wire.try_create(topic, -1, -1)).error_code == 0
    await until(lambda: has_partitions(wire, topic, 1))


async def has_partitions(wire, topic, count):
    return await partitions_of(wire, topic) == count


@pytest.mark.parametrize(
    ("numbers", "assignments", "code"),
    [
        ((-1, -1), {0: [99]}, 39),
        ((-1, -1), {0: []}, 39),
        ((-1, -1), {0: ["own", "own"]}, 39),
        ((-1, -1), {1: ["own"]}, 39),
        ((-1, -1), {0: ["own"], 2: ["own"]}, 39),
        ((1, -1), {0: ["own"]}, 42),
        ((-1, 1), {0: ["own"]}, 42),
    ],
    ids=["stranger", "none", "twice", "from-1", "gap", "and-partitions", "and-replicas"],
)
async def test_a_bad_replica_assignment_is_refused(wire, numbers, assignments, code):
    chosen = {
        index: [wire.node if broker == "own" else broker for broker in brokers]
        for index, brokers in assignments.items()
    }
    result = await wire.try_create(unique(), *numbers, assignments=chosen)
    assert result.error_code == code


async def test_a_topic_twice_in_a_request_is_refused_and_the_others_are_made(wire):
    twice, other = unique(), unique()
    new = [
        admin.NewTopic(name=name, num_partitions=1, replication_factor=1)
        for name in (twice, other, twice)
    ]
    request = admin.CreateTopicsRequest(topics=new, timeout_ms=10_000)
    answer = await wire.call(19, 4, request, admin.CreateTopicsResponse)
    codes = sorted((topic.name, topic.error_code) for topic in answer.topics)
    assert codes == sorted([(twice, 42), (other, 0)])


async def test_a_dry_run_makes_nothing(wire):
    topic = unique()
    assert (await wire.try_create(topic, dry=True)).error_code == 0
    assert (await wire.try_create(topic, 0, dry=True)).error_code == 37
    assert topic not in await listed(wire)


@pytest.mark.parametrize(
    "settings",
    [
        {"no.such": "1"},
        {"retention.ms": "soon"},
        {"retention.ms": "-2"},
        {"retention.ms": None},
        {"segment.ms": "0"},
        {"segment.bytes": "100"},
        {"max.message.bytes": "-1"},
        {"min.cleanable.dirty.ratio": "2"},
        {"message.timestamp.type": "Yesterday"},
        {"cleanup.policy": "shred"},
        {"compression.type": "zip"},
        {"preallocate": "maybe"},
    ],
    ids=lambda settings: "{0[0]}={0[1]}".format(*settings.items()),
)
async def test_a_topic_with_a_bad_setting_is_refused(wire, settings):
    assert (await wire.try_create(unique(), settings=settings)).error_code == 40


@pytest.mark.parametrize(
    "settings",
    [
        {"cleanup.policy": "compact,delete"},
        {"retention.bytes": " 77 "},
        {"preallocate": "TRUE"},
        {"compression.type": "gzip"},
        {"message.timestamp.before.max.ms": "5"},
        {"message.timestamp.after.max.ms": "5"},
        {"local.retention.ms": "5"},
        {"follower.replication.throttled.replicas": "*"},
        {"index.interval.bytes": "0"},
    ],
    ids=lambda settings: "{0[0]}={0[1]}".format(*settings.items()),
)
async def test_settings_of_kafka_are_known(wire, settings):
    assert (await wire.try_create(unique(), settings=settings, dry=True)).error_code == 0


async def test_a_deleted_topic_is_gone(wire):
    topic = await wire.create()
    assert await wire.delete_topic(topic) == 0
    await until(lambda: gone(wire, topic))
    assert (await wire.produce(topic, make_batch([b"x"]))).error_code == 3
    assert (await wire.fetch(topic, {0: 0}))[0].error_code == 3
    assert await wire.delete_topic(topic) == 3


async def gone(wire, topic):
    return topic not in await listed(wire) and (await wire.list_offset(topic, -1)).error_code == 3


async def test_what_never_was_cannot_be_deleted(wire):
    assert await wire.delete_topic(unique()) == 3


async def test_a_topic_made_again_is_empty_and_nothing_is_committed(wire):
    topic, group = await wire.create(), await wire.group()
    await wire.produce(topic, make_batch([b"old", b"older"]))
    assert await commit(wire, group, topic, 2) == 0
    assert await wire.delete_topic(topic) == 0
    await until(lambda: gone(wire, topic))
    await wire.create(topic)
    assert (await wire.list_offset(topic, -1)).offset == 0

    async def forgotten():
        return (await committed(wire, group, topic)).offset == -1

    await until(forgotten)


async def extended(wire, topic, count, **fields):
    """The error code of CreatePartitions."""
    new = admin.NewPartitions(name=topic, count=count, assignments=fields.pop("assignments", None))
    request = admin.CreatePartitionsRequest(topics=[new], timeout_ms=10_000, **fields)
    answer = await wire.call(37, 1, request, admin.CreatePartitionsResponse)
    return answer.topics[0].error_code


async def test_partitions_are_added_never_taken_away(wire):
    topic = await wire.create(partitions=2)
    for count in (2, 1, 0, -1):
        assert await extended(wire, topic, count) == 37
    assert await extended(wire, topic, 4) == 0
    await until(lambda: has_partitions(wire, topic, 4))


async def test_what_is_in_a_partition_stays_when_others_are_added(wire):
    topic = await wire.create()
    await wire.produce(topic, make_batch([b"x"]))
    own = admin.NewReplicas(brokers=[wire.node])
    assert await extended(wire, topic, 2, assignments=[own]) == 0
    await wire.leads(topic, range(2))
    assert (await wire.list_offset(topic, -1)).offset == 1
    assert (await wire.produce(topic, make_batch([b"y"]), partition=1)).error_code == 0


async def test_a_dry_extension_adds_nothing(wire):
    topic = await wire.create()
    assert await extended(wire, topic, 3, validate_only=True) == 0
    assert await partitions_of(wire, topic) == 1


async def test_an_extension_with_a_bad_assignment_is_refused(wire):
    topic = await wire.create()
    stranger, own, nobody = (
        admin.NewReplicas(brokers=brokers) for brokers in ([99], [wire.node], [])
    )
    for assignments in ([stranger], [nobody], [own, own]):
        assert await extended(wire, topic, 2, assignments=assignments) == 39, assignments


async def test_an_unknown_topic_is_not_extended(wire):
    assert await extended(wire, unique(), 3) == 3


async def test_a_running_producer_uses_added_partitions(kafka, wire):
    topic = await wire.create(partitions=1)
    async with producer(kafka) as sends, admin_client(kafka) as client:
        await sends.send_and_wait(topic, b"before")
        await client.create_partitions({topic: NewPartitions(2)})

        async def seen():
            return len(await sends.partitions_for(topic)) == 2

        await until(seen)
        assert (await sends.send_and_wait(topic, b"after", partition=1)).offset == 0


async def test_a_running_group_takes_added_partitions(kafka, wire):
    topic, group = await wire.create(partitions=1), await wire.group()
    async with consumer(kafka, topic, group_id=group) as reads, admin_client(kafka) as client:
        await owning(reads, 1)
        await client.create_partitions({topic: NewPartitions(3)})
        await owning(reads, 3)
        async with producer(kafka) as sends:
            await until(lambda: has_partitions(wire, topic, 3))
            await sends.send_and_wait(topic, b"new", partition=2)
        (message,) = await read(reads, 1)
        assert (message.partition, message.value) == (2, b"new")


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
