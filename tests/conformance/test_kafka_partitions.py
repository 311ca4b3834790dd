"""Partitions that are added to a topic: numbers, records that stay, clients that go on."""

from aiokafka.admin import NewPartitions

from streaming.broker.embedded.messages import admin
from tests.broker.support import make_batch, unique, until
from tests.conformance.clients import admin_client, consumer, owning, producer, read
from tests.conformance.support import has_partitions, partitions_of


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
