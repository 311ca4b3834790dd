"""Consumer groups with real clients when the server dies."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.broker.support import DEADLINE_S, Wire, make_batch, unique, until


def member(shared, topic, group, **settings):
    return AIOKafkaConsumer(
        topic,
        bootstrap_servers=shared.bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        session_timeout_ms=6000,
        heartbeat_interval_ms=50,
        **settings,
    )


def owns(consumer, count):
    async def check():
        await consumer.getmany(timeout_ms=20)
        return len(consumer.assignment()) == count

    return check


async def test_commits_resume_a_group_and_survive_kill(broker):
    topic, group = unique(), unique("g")
    async with Wire(broker.port) as wire:
        await wire.create(topic)
        for start in range(0, 40, 10):
            await wire.produce(topic, make_batch([b"%d" % n for n in range(start, start + 10)]))
    part = TopicPartition(topic, 0)
    async with member(broker, topic, group) as consumer:
        await until(owns(consumer, 1))
        await consumer.commit({part: (23, "note")})
    broker.kill()
    broker.start()
    async with member(broker, topic, group) as consumer:
        message = await asyncio.wait_for(consumer.getone(), DEADLINE_S)
        assert message.offset == 23
        assert await consumer.committed(part) == 23
    client = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await client.start()
    try:
        offsets = await client.list_consumer_group_offsets(group)
        assert (offsets[part].offset, offsets[part].metadata) == (23, "note")
        assert group in [name for name, _ in await client.list_consumer_groups()]
    finally:
        await client.close()


async def test_a_member_rides_out_the_servers_death(broker):
    """The server forgets members with its process; they are told so and join again."""
    topic, group = unique(), unique("g")
    async with Wire(broker.port) as wire:
        await wire.create(topic)
    port = broker.port
    broker.arguments = ("--port", str(port))
    async with member(broker, topic, group) as consumer:
        await until(owns(consumer, 1))
        broker.kill()
        broker.start()
        async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap) as producer:
            await producer.send_and_wait(topic, b"after")
        message = await asyncio.wait_for(consumer.getone(), DEADLINE_S)
        assert message.value == b"after"

        async def commits():
            try:
                await consumer.commit()
            except Exception:
                return False
            return True

        await until(commits)
