"""Consumer groups with real clients, also ones that die."""

import asyncio
import subprocess
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from tests.broker.support import DEADLINE_S, Wire, make_batch, unique, until

MEMBER = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer

async def main(bootstrap, topic, group):
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=group,
        session_timeout_ms=1500, heartbeat_interval_ms=100,
    )
    await consumer.start()
    while not consumer.assignment():
        await consumer.getmany(timeout_ms=50)
    print("joined", flush=True)
    while True:
        await consumer.getmany(timeout_ms=50)

asyncio.run(main(*sys.argv[1:]))
"""


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


async def test_a_killed_member_is_evicted_without_anybody_asking(shared, wire):
    topic, group = await wire.create(unique(), 2), unique("g")
    command = [sys.executable, "-c", MEMBER, shared.bootstrap, topic, group]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert await asyncio.to_thread(process.stdout.readline) == b"joined\n"
        async with member(shared, topic, group) as stays:
            await until(owns(stays, 1))
            process.kill()
            await until(owns(stays, 2))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


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


async def test_commits_while_others_join_are_kept(shared, wire):
    """aiokafka commits what it has when partitions are taken from it, before it joins again."""
    topic, group = await wire.create(unique(), 2), unique("g")
    for partition in range(2):
        await wire.produce(topic, make_batch([b"x"] * 10), partition=partition)
    committed = []

    class Listener(ConsumerRebalanceListener):
        def __init__(self, consumer):
            self.consumer = consumer

        async def on_partitions_revoked(self, revoked):
            if revoked:
                await self.consumer.commit()
                committed.append(set(revoked))

        async def on_partitions_assigned(self, assigned):
            pass

    first = AIOKafkaConsumer(
        bootstrap_servers=shared.bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=50,
    )
    await first.start()
    first.subscribe([topic], listener=Listener(first))
    try:
        read = 0
        while read < 20:
            read += sum(map(len, (await first.getmany(timeout_ms=50)).values()))
        async with member(shared, topic, group) as second:
            await until(owns(second, 1))
            await until(owns(first, 1))
            assert committed == [{TopicPartition(topic, 0), TopicPartition(topic, 1)}]
            for part in committed[0]:
                assert await second.committed(part) == 10
    finally:
        await first.stop()
