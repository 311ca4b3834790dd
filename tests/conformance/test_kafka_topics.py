"""Topics: made, refused with Kafka's codes, listed, extended, deleted."""

import pytest
from aiokafka.admin import NewTopic

from streaming.broker.embedded.messages import admin
from tests.broker.support import make_batch, unique, until
from tests.conformance.clients import admin_client
from tests.conformance.group_wire import commit, committed
from tests.conformance.support import has_partitions, listed, partitions_of


async def test_a_new_topic_has_its_partitions_numbered_from_0(kafka, wire):
    topic = unique()
    async with admin_client(kafka) as client:
        await client.create_topics([NewTopic(topic, 3, 1)])

        async def numbered():
            """Any node may answer, and each learns of the topic in its own time."""
            (described,) = await client.describe_topics([topic])
            return sorted(part["partition"] for part in described["partitions"]) == [0, 1, 2]

        await until(numbered)
    await until(lambda: has_partitions(wire, topic, 3))
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
