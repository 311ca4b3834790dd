"""A cooperative member among others at the wire: what it reads on, lets go of and loses."""

import contextlib

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment

from streaming.consumer import sticky, subscription
from tests.broker.cooperative import Member
from tests.broker.support import until

STICKY = "cooperative-sticky"


@pytest.fixture
async def send(kafka):
    """Puts one value into each of some partitions."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()

    async def values(topic, value, partitions):
        for partition in partitions:
            await producer.send_and_wait(topic, value, partition=partition)

    yield values
    await producer.stop()


async def silent_member(new_member, topic, owned=()):
    """A member at the wire that says it has some partitions."""
    made = await new_member(rebalance_ms=20_000)
    says = sticky.Member(frozenset({topic}), frozenset((topic, n) for n in owned))
    made.protocols = {STICKY: subscription.encode(says)}
    return made


def given(answer):
    """The partitions of an assignment, by the bytes that a member got."""
    decoded = ConsumerProtocolMemberAssignment.decode(answer.assignment)
    return sorted(tp.partition for tp in decoded.partitions())


async def test_it_reads_on_while_it_waits_for_a_member_that_does_not_come(
    kafka, wire, new_member, send
):
    topic = await wire.create(partitions=4)
    async with Member(kafka, new_member.group, topic) as ours:
        await ours.settles(4)
        other = await silent_member(new_member, topic)
        await other.ask_to_join()
        await other.joined()
        assert not other.leads
        # In its first generation the other gets nothing: ours still has all there is.
        assert given(await other.sync()) == []
        await ours.settles(2)
        assert ours.revoked == [2, 3] and ours.told[-1] == ("assigned", [])
        # Ours joins again so that the other can have 2 and 3; the other takes its time.
        await until(other.told_to_rejoin)
        generation = ours.generation
        await send(topic, b"while it waits", range(4))
        await until(lambda: read_all(ours, 2))
        assert sorted(ours.values) == [(0, b"while it waits"), (1, b"while it waits")]
        assert ours.generation == generation and other.generation == generation
        await other.ask_to_join()
        await other.joined()
        assert given(await other.sync()) == [2, 3]
        # The other leaves in order: ours gets back what it had, and goes on reading the rest.
        assert await other.leave() == 0
        await ours.settles(4)
        await until(lambda: read_all(ours, 4))
        assert sorted(ours.values)[2:] == [(2, b"while it waits"), (3, b"while it waits")]
        assert ours.revoked == [2, 3]


async def read_all(ours, count):
    await ours.read()
    return len(ours.values) >= count


async def test_what_it_keeps_keeps_its_place_and_its_pause(kafka, wire, new_member, send):
    topic = await wire.create(partitions=2)
    async with contextlib.AsyncExitStack() as stack:
        one = await stack.enter_async_context(Member(kafka, new_member.group, topic))
        await one.settles(2)
        await send(topic, b"first", [0, 1])
        await until(lambda: read_all(one, 2))
        kept = next(tp for tp in one.consumer.assignment() if tp.partition == 0)
        one.consumer.pause(kept)
        two = await stack.enter_async_context(Member(kafka, new_member.group, topic))
        await one.settles(1)
        await two.settles(1)
        # Nothing is committed: what moved is read from its beginning, what stayed is not.
        await until(lambda: read_all(two, 1))
        assert (one.has, two.has, two.values) == ([0], [1], [(1, b"first")])
        assert one.consumer.paused() == {kept} and one.position(0) == 1
        one.consumer.resume(kept)
        await send(topic, b"second", [0])
        await until(lambda: read_all(one, 3))
        assert one.values[2:] == [(0, b"second")]


async def test_one_that_the_group_forgot_lost_everything_and_starts_anew(kafka, wire, new_member):
    topic = await wire.create(partitions=2)
    async with Member(kafka, new_member.group, topic) as ours:
        await ours.settles(2)
        remover = await new_member()
        remover.id = ours.consumer._coordinator.member_id
        assert await remover.leave() == 0
        await until(lambda: ours.told[-1:] == [("assigned", [0, 1])] and len(ours.told) == 3)
        assert ours.told == [("assigned", [0, 1]), ("revoked", [0, 1]), ("assigned", [0, 1])]
        assert ours.consumer._coordinator.member_id != remover.id


async def test_commits_do_not_throw_it_out_while_others_join(kafka, wire, new_member, send):
    """A commit behind a JoinGroup on one connection would come with a generation that is over."""
    topic = await wire.create(partitions=4)
    async with contextlib.AsyncExitStack() as stack:
        ours = await stack.enter_async_context(Member(kafka, new_member.group, topic))
        await ours.settles(4)
        await send(topic, b"value", range(4))
        await until(lambda: read_all(ours, 4))
        place = next(tp for tp in ours.consumer.assignment() if tp.partition == 0)

        async def settled(other):
            await ours.read()
            await ours.consumer.commit({place: 1})
            await other.read()
            return len(other.has) == 2

        other = await stack.enter_async_context(Member(kafka, new_member.group, topic))
        await until(lambda: settled(other))
        assert ours.revoked == [2, 3] and other.revoked == []
        assert await ours.consumer.committed(place) == 1
