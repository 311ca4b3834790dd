"""What outlives kill -9 of the broker in the middle of appends.

One kill serves all checks: the fixture writes, kills, starts again, goes on and reads everything;
each check looks at one promise. Acknowledged records of Kafka survive the end of the process
because the system has them, not because of an fsync; the same is true of the embedded broker.
"""

import asyncio
import contextlib
import time
from dataclasses import dataclass, field

import pytest

from tests.broker.support import DEADLINE_S, BrokerProcess, make_batch, unique, until, values_in
from tests.conformance.clients import consumer, owning, producer, read
from tests.conformance.group_wire import commit, committed
from tests.conformance.mortal import MortalEmbedded, MortalNode
from tests.conformance.support import NodeWire
from tests.conformance.test_kafka_configs import value_of

BEFORE, AFTER = 2000, 500  # records acknowledged before the kill, and sent after it


@dataclass
class Seen:
    """What was done around the kill and what was found afterwards."""

    acknowledged: dict = field(default_factory=dict)  # number to offset
    sent: int = 0
    stored: list = field(default_factory=list)  # (offset, value) as read from the start
    commit: object = None
    setting: object = None
    producers: tuple = ()
    repeat: object = None
    gap: object = None
    following: object = None
    read_by_member: list = field(default_factory=list)
    plain: list = field(default_factory=list)


@pytest.fixture(scope="module")
def seen(broker_kind, request, tmp_path_factory):
    if broker_kind == "embedded":
        process = BrokerProcess(tmp_path_factory.mktemp("mortal")).start()
        yield asyncio.run(observed(MortalEmbedded(process)))
        process.stop()
    else:
        yield asyncio.run(observed(MortalNode(request.getfixturevalue("secured_kafka"))))


async def observed(mortal):
    seen = Seen()
    async with NodeWire(mortal.port) as wire:
        topic = await wire.create(internal_segment_bytes=50_000)
        plain = await wire.create(retention_bytes=12345678)
        group = await wire.group()
        first = await wire.new_producer()
        # Of today: a broker that starts forgets producers whose last batch is a day old.
        times = [int(time.time() * 1000)]
        batches = [make_batch([b"%d" % n], times=times, sequence=n, **first) for n in range(4)]
        for raw in batches[:3]:
            assert (await wire.produce(plain, raw)).error_code == 0
        assert await commit(wire, group, plain, 2, metadata="note") == 0
    member_group = unique("g")
    async with (
        consumer(mortal, plain, group_id=member_group) as member,
        producer(
            mortal,
            enable_idempotence=True,
            retry_backoff_ms=50,
            request_timeout_ms=120_000,
            max_batch_size=2000,
            linger_ms=1,
        ) as sends,
    ):
        await owning(member, 1)
        await kill_while_sending(mortal, sends, topic, seen)
        async with NodeWire(mortal.port) as wire:
            await wire.leads(topic, [0])
            await wire.leads(plain, [0])
            seen.repeat = await wire.produce(plain, batches[2])
            seen.gap = await wire.produce(
                plain, make_batch([b"gap"], times=times, sequence=9, **first)
            )
            seen.following = await wire.produce(plain, batches[3])
            seen.producers = (first, await wire.new_producer())
            seen.setting = await value_of(wire, plain, "retention.bytes")
            seen.stored = await everything(wire, topic)
            seen.plain = await everything(wire, plain)
        # It has committed nothing: when the kill costs it its place, it begins again.
        while b"3" not in seen.read_by_member:
            seen.read_by_member += [message.value for message in await read(member, 1)]
    await find_commit(mortal, group, plain, seen)
    return seen


async def kill_while_sending(mortal, sends, topic, seen):
    """Send on and on; kill when enough is acknowledged, start again, send some more."""
    futures, last = [], None

    def note(number):
        def done(future):
            seen.acknowledged[number] = future.result().offset

        return done

    async def send_all():
        while last is None or len(futures) < last:
            future = await sends.send(topic, b"%d" % len(futures), partition=0)
            future.add_done_callback(note(len(futures)))
            futures.append(future)

    sending = asyncio.create_task(send_all())
    await until(lambda: len(seen.acknowledged) >= BEFORE or sending.done())
    await asyncio.to_thread(mortal.kill)
    await asyncio.to_thread(mortal.start)
    last = len(futures) + AFTER
    async with asyncio.timeout(2 * DEADLINE_S):
        await sending
        await asyncio.gather(*futures)
    seen.sent = len(futures)


async def everything(wire, topic):
    """All records of partition 0 with their offsets."""
    found, offset = [], 0
    end = (await wire.list_offset(topic, -1)).offset
    while offset < end:
        (part,) = await wire.fetch(topic, {0: offset}, each=2**22)
        found += values_in(part.records)
        offset = found[-1][0] + 1
    return found


async def find_commit(mortal, group, topic, seen):
    """On a cluster another node may coordinate the group now: ask each.

    A node that becomes the coordinator just now answers with no error and no commit for a while;
    what was committed must be there in the end.
    """
    ports = [int(address.rpartition(":")[2]) for address in mortal.bootstrap.split(",")]

    async def found():
        for port in ports:
            async with NodeWire(port) as wire:
                if await wire.coordinates(group):
                    seen.commit = await committed(wire, group, topic)
                    if seen.commit.offset >= 0:
                        return True
        return False

    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DEADLINE_S):
            while not await found():
                await asyncio.sleep(0.2)


def test_acknowledged_records_are_there_where_they_were_acknowledged(seen):
    stored = dict(seen.stored)
    assert len(seen.acknowledged) == seen.sent > BEFORE + AFTER
    assert all(stored[offset] == b"%d" % number for number, offset in seen.acknowledged.items())


def test_no_record_is_stored_twice_and_the_order_is_that_of_sending(seen):
    assert [value for _, value in seen.stored] == [b"%d" % number for number in range(seen.sent)]


def test_offsets_have_no_gaps(seen):
    assert [offset for offset, _ in seen.stored] == list(range(seen.sent))


def test_a_repeat_across_the_kill_is_answered_and_not_stored(seen):
    assert (seen.repeat.error_code, seen.repeat.base_offset) == (0, 2)
    assert [value for _, value in seen.plain] == [b"0", b"1", b"2", b"3"]


def test_a_gap_across_the_kill_is_refused(seen):
    assert seen.gap.error_code == 45
    assert (seen.following.error_code, seen.following.base_offset) == (0, 3)


def test_no_producer_id_is_given_out_twice(seen):
    before, after = seen.producers
    assert after["producer_id"] != before["producer_id"]


def test_commits_are_there(seen):
    assert (seen.commit.offset, seen.commit.metadata) == (2, "note")


def test_settings_are_there(seen):
    assert seen.setting == ("12345678", 1)


def test_a_member_rides_the_kill_out_and_reads_on(seen):
    assert list(dict.fromkeys(seen.read_by_member)) == [b"0", b"1", b"2", b"3"]
    assert seen.read_by_member[-4:] == [b"0", b"1", b"2", b"3"]
