"""Group members as real clients: they share, leave, die, and lose nothing."""

import asyncio
import itertools
import struct
import subprocess
import sys
import time

from aiokafka import ConsumerRebalanceListener, TopicPartition

from tests.broker.support import DEADLINE_S, make_batch, until
from tests.conformance.clients import consumer, owning, owning_all, producer, read
from tests.conformance.group_wire import WireMember, settle

# A member that writes down each record before it commits: partition, offset, value.
MEMBER = """
import asyncio, struct, sys
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

async def main(bootstrap, topic, group, path):
    reads = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, group_id=group, auto_offset_reset="earliest",
        enable_auto_commit=False, session_timeout_ms=1000, heartbeat_interval_ms=100,
        fetch_max_wait_ms=50, max_partition_fetch_bytes=20_000,
    )
    await reads.start()
    with open(path, "ab", buffering=0) as out:
        while True:
            batches = await reads.getmany(timeout_ms=100, max_records=2000)
            rows = [
                struct.pack(">iqq", part.partition, record.offset, int(record.value))
                for part, records in batches.items() for record in records
            ]
            if not rows:
                continue
            out.write(b"".join(rows))
            try:
                await reads.commit()
            except KafkaError:
                pass  # a rebalance: the next owner reads these again

asyncio.run(main(*sys.argv[1:]))
"""
ROW = struct.Struct(">iqq")


def start_member(kafka, topic, group, path):
    command = [sys.executable, "-c", MEMBER, kafka.bootstrap, topic, group, str(path)]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def rows_of(path):
    """Whole rows of a member's file; a kill may leave a part of the last one."""
    raw = path.read_bytes() if path.exists() else b""
    return list(ROW.iter_unpack(raw[: len(raw) // ROW.size * ROW.size]))


async def test_two_members_share_and_the_one_that_stays_gets_all(kafka, wire):
    topic, group = await wire.create(partitions=4), await wire.group()
    async with consumer(kafka, topic, group_id=group) as stays:
        await owning(stays, 4)
        async with consumer(kafka, topic, group_id=group) as leaves:
            await owning_all({stays: 2, leaves: 2})
            assert not stays.assignment() & leaves.assignment()
        await owning(stays, 4)


async def test_ten_members_share_ten_partitions(kafka, wire):
    topic, group = await wire.create(partitions=10), await wire.group()
    members = [consumer(kafka, topic, group_id=group) for _ in range(10)]
    await asyncio.gather(*(member.start() for member in members))
    try:
        await owning_all(dict.fromkeys(members, 1))
        owned = [part for member in members for part in member.assignment()]
        assert len(set(owned)) == 10
    finally:
        await asyncio.gather(*(member.stop() for member in members))


async def test_a_dead_member_is_evicted_within_its_session_and_a_second(wire):
    """The bound is a promise of the broker's timers, not of the machine's speed."""
    group = await wire.group()
    async with wire.again() as first, wire.again() as second:
        lives, dies = WireMember(first, group), WireMember(second, group, session_ms=1000)
        await settle(lives)
        await settle(lives, dies)
        assert await dies.beat() == 0
        last_sign = time.monotonic()
        await until(lives.told_to_rejoin)
        assert time.monotonic() - last_sign < 2.0


async def test_a_killed_member_leaves_its_partitions_to_the_others(kafka, wire, tmp_path):
    topic, group = await wire.create(partitions=2), await wire.group()
    process = start_member(kafka, topic, group, tmp_path / "rows")
    try:
        async with consumer(kafka, topic, group_id=group) as stays:

            async def shared():
                await stays.getmany(timeout_ms=10)
                return len(stays.assignment()) == 1

            await until(shared)
            process.kill()
            await owning(stays, 2)
    finally:
        process.kill()
        process.wait()


class Counts:
    """What a topic of numbered records must give back: the value of each (partition, offset)."""

    def __init__(self, partitions, records):
        self.partitions = partitions
        self.records = records
        self.expected = {
            (number % partitions, number // partitions): number for number in range(records)
        }

    async def produce(self, kafka, topic, end, sent):
        async with producer(kafka, enable_idempotence=True, linger_ms=2) as sends:
            for number in range(sent, end):
                await sends.send(topic, b"%d" % number, partition=number % self.partitions)


async def test_kills_and_joins_lose_and_reorder_nothing(kafka, wire, tmp_path):
    """24,000 records; three members, one killed, one joining, one killed, while records come."""
    counts = Counts(partitions=6, records=24_000)
    topic, group = await wire.create(partitions=6), await wire.group()
    paths = [tmp_path / f"member-{number}" for number in range(4)]
    members = [start_member(kafka, topic, group, path) for path in paths[:3]]

    def written():
        return sum(path.stat().st_size for path in paths if path.exists()) // ROW.size

    def distinct():
        return len({row[:2] for path in paths for row in rows_of(path)})

    try:
        sent = 0
        for kill in (0, None, 1):
            await counts.produce(kafka, topic, sent + 6000, sent)
            sent += 6000
            await until(lambda goal=sent - 5500: written() >= goal)
            if kill is None:
                members.append(start_member(kafka, topic, group, paths[3]))
            else:
                members[kill].kill()
        await counts.produce(kafka, topic, counts.records, sent)
        await until(lambda: written() >= counts.records and distinct() == counts.records)
    finally:
        for member in members:
            member.kill()
            member.wait()
    rows = [row for path in paths for row in rows_of(path)]
    assert {row[:2]: row[2] for row in rows} == counts.expected, "lost, or another record"
    assert all(counts.expected[row[:2]] == row[2] for row in rows)
    for path in paths:
        for partition in range(6):
            offsets = [offset for at, offset, _ in rows_of(path) if at == partition]
            back = sum(after <= before for before, after in itertools.pairwise(offsets))
            assert back <= 3, "a member goes back only when it is given a partition again"
    async with consumer(kafka, topic) as reads:
        stored = await read(reads, counts.records)
        ends = await reads.end_offsets([TopicPartition(topic, at) for at in range(6)])
    assert sum(ends.values()) == counts.records, "the broker stored none twice"
    assert {(m.partition, m.offset): int(m.value) for m in stored} == counts.expected


async def test_automatic_commits_during_rebalances_hang_nobody_and_lose_nothing(kafka, wire):
    """Members join and leave while each commits every 20 ms, as clients do by default."""
    records, partitions = 20_000, 4
    topic, group = await wire.create(partitions=partitions), await wire.group()
    settings = {"enable_auto_commit": True, "auto_commit_interval_ms": 20}
    seen = set()
    finished = asyncio.Event()

    async def member():
        async with consumer(kafka, topic, group_id=group, **settings) as reads:
            taken = 0
            while not finished.is_set() and taken < 3000:
                for messages in (await reads.getmany(timeout_ms=20, max_records=500)).values():
                    seen.update((message.partition, message.offset) for message in messages)
                    taken += len(messages)

    async def come_and_go():
        while not finished.is_set():
            await member()

    async def produce():
        async with producer(kafka, linger_ms=2) as sends:
            for number in range(records):
                await sends.send(topic, b"%d" % number, partition=number % partitions)

    working = [asyncio.create_task(come_and_go()) for _ in range(3)]
    await produce()
    await until(lambda: len(seen) == records or any(task.done() for task in working))
    finished.set()
    async with asyncio.timeout(DEADLINE_S):
        await asyncio.gather(*working)
    assert len(seen) == records


async def test_a_commit_when_partitions_are_taken_away_is_kept(kafka, wire):
    topic, group = await wire.create(partitions=2), await wire.group()
    for partition in range(2):
        await wire.produce(topic, make_batch([b"x"] * 10), partition)
    committed = []

    class Listener(ConsumerRebalanceListener):
        async def on_partitions_revoked(self, revoked):
            if revoked:
                await first.commit()
                committed.append(set(revoked))

        async def on_partitions_assigned(self, assigned):
            pass

    first = consumer(kafka, group_id=group)
    first.subscribe([topic], listener=Listener())
    async with first:
        await read(first, 20)
        async with consumer(kafka, topic, group_id=group) as second:
            await owning_all({first: 1, second: 1})
            assert committed[0] == {TopicPartition(topic, 0), TopicPartition(topic, 1)}
            for part in committed[0]:
                assert await second.committed(part) == 10


async def test_200_partitions_are_made_filled_and_read_by_a_group(kafka, wire):
    topic, group = await wire.create(partitions=200), await wire.group()
    async with producer(kafka, linger_ms=5) as sends:
        sent = [await sends.send(topic, b"%d" % n, partition=n % 200) for n in range(4000)]
        await asyncio.gather(*sent)
    async with consumer(kafka, topic, group_id=group) as reads:
        messages = await read(reads, 4000)
        assert len(reads.assignment()) == 200
    for partition in range(200):
        values = [int(m.value) for m in messages if m.partition == partition]
        assert values == list(range(partition, 4000, 200))


async def test_many_small_batches_are_read_in_order(kafka, wire):
    """2,000 batches of one record, as a producer that never waits makes them."""
    topic = await wire.create()
    await wire.produce_all(topic, [make_batch([b"%d" % number]) for number in range(2000)])
    async with consumer(kafka, topic) as reads:
        messages = await read(reads, 2000)
    assert [int(message.value) for message in messages] == list(range(2000))
