"""Our cooperative members in one group with librdkafka's and Java's: any may lead, all share."""

import asyncio
import contextlib
import subprocess

import confluent_kafka as ck
import pytest
from java_tools import command

import kafka_jars
from kafka_fixtures import unavailable
from tests.broker.cooperative import Member
from tests.broker.support import unique, until


class Theirs:
    """A member of librdkafka; it is polled in threads, where it also hears of its partitions."""

    def __init__(self, kafka, group, topic):
        self.revoked = []
        self.values = []
        self.consumer = ck.Consumer(
            {
                "bootstrap.servers": kafka.bootstrap,
                "group.id": group,
                "partition.assignment.strategy": "cooperative-sticky",
                "auto.offset.reset": "earliest",
                "enable.auto.commit": False,
                "heartbeat.interval.ms": 100,
                "session.timeout.ms": 10_000,
            }
        )
        self.consumer.subscribe(
            [topic],
            on_revoke=lambda _, parts: self.revoked.extend(part.partition for part in parts),
            on_lost=lambda _, parts: self.revoked.extend(part.partition for part in parts),
        )

    @property
    def has(self):
        return sorted(part.partition for part in self.consumer.assignment())

    async def read(self):
        for message in await asyncio.to_thread(self.consumer.consume, 100, 0.05):
            assert message.error() is None, message.error()
            self.values.append((message.partition(), message.value()))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        await asyncio.to_thread(self.consumer.close)


async def settle(members, *counts):
    """Wait until the members have so many partitions, each of which one has."""

    async def settled():
        for member in members:
            await member.read()
        shares = [member.has for member in members]
        parts = sorted(part for share in shares for part in share)
        return sorted(map(len, shares)) == sorted(counts) and parts == [0, 1, 2]

    await until(settled)


@pytest.mark.parametrize("first", ["ours", "theirs"])
async def test_one_joins_the_other_and_only_what_moves_stops(kafka, topic, first):
    group = unique("g")
    async with contextlib.AsyncExitStack() as stack:
        makers = [Member, Theirs] if first == "ours" else [Theirs, Member]
        one = await stack.enter_async_context(makers[0](kafka, group, topic))
        await settle([one], 3)
        two = await stack.enter_async_context(makers[1](kafka, group, topic))
        await settle([one, two], 1, 2)
        assert len(one.revoked) == 1 and not two.revoked
        producer = ck.Producer({"bootstrap.servers": kafka.bootstrap})
        for number in range(90):
            producer.produce(topic, b"%d" % number, partition=number % 3)
        assert producer.flush(10) == 0
        wanted = sorted((number % 3, b"%d" % number) for number in range(90))

        async def all_read():
            for member in (one, two):
                await member.read()
            return sorted(one.values + two.values) == wanted

        await until(all_read)


@pytest.mark.parametrize("first", ["ours", "theirs"])
async def test_what_one_leaves_the_other_has_at_once(kafka, topic, first):
    group = unique("g")
    async with contextlib.AsyncExitStack() as stack:
        makers = [Member, Theirs] if first == "ours" else [Theirs, Member]
        leaver = makers[0](kafka, group, topic)
        async with leaver:
            await settle([leaver], 3)
            stayer = await stack.enter_async_context(makers[1](kafka, group, topic))
            await settle([leaver, stayer], 1, 2)
        await settle([stayer], 3)
        assert not stayer.revoked


JAVA_STICKY = "org.apache.kafka.clients.consumer.CooperativeStickyAssignor"


@contextlib.asynccontextmanager
async def java_member(kafka, group, topic):
    """Kafka's console consumer in a cooperative group."""
    options = {
        "partition.assignment.strategy": JAVA_STICKY, "group.protocol": "classic",
        "heartbeat.interval.ms": "200", "auto.offset.reset": "earliest",
        "enable.auto.commit": "false",
    }  # fmt: skip
    try:
        kafka_jars.java()
        line = command("kafka-console-consumer", "--bootstrap-server", kafka.bootstrap)
    except kafka_jars.KafkaUnavailable as error:
        unavailable(str(error))
    line += ["--topic", topic, "--group", group]
    for name, value in options.items():
        line += ["--command-property", f"{name}={value}"]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()  # it leaves the group in order
        await asyncio.to_thread(process.wait, 30)


def shares(admin, group):
    """How many partitions the members of a group have, by the broker."""
    described = admin.describe_consumer_groups([group])[group].result(10)
    if described.state != ck.ConsumerGroupState.STABLE:
        return []
    return sorted(len(member.assignment.topic_partitions) for member in described.members)


@pytest.mark.soak
@pytest.mark.parametrize("first", ["ours", "java"])
async def test_java_members_share_with_ours(kafka, topic, admin, first):
    group = unique("g")

    async def shared(*counts):
        async def so():
            await ours.read()
            return await asyncio.to_thread(shares, admin, group) == sorted(counts)

        await until(so)

    async with contextlib.AsyncExitStack() as stack:
        ours = Member(kafka, group, topic)
        if first == "ours":
            await stack.enter_async_context(ours)
            await ours.settles(3)
        async with java_member(kafka, group, topic):
            if first == "java":
                await until(lambda: shares(admin, group) == [3])
                await stack.enter_async_context(ours)
            await shared(1, 2)
            assert len(ours.revoked) == (1 if first == "ours" else 0)
            had = list(ours.has)
        await ours.settles(3)
        assert len(ours.revoked) == (1 if first == "ours" else 0) and set(had) < set(ours.has)
