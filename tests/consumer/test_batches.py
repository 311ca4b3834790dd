"""Whole batches against getmany, on a real broker: the same records, offsets and positions."""

import asyncio
import random
from collections import defaultdict

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import CorruptRecordException, OffsetOutOfRangeError
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from streaming.consumer.batches import BatchReader, _unpack
from streaming.consumer.brake import Brake
from streaming.lab.messages import Pace
from tests.broker.support import BrokerProcess

PARTITIONS, RECORDS = 3, 1500
TOPICS = {"plain": None, "gzip": "gzip"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = BrokerProcess(tmp_path_factory.mktemp("broker") / "data").start()
    asyncio.run(fill(made.bootstrap))
    yield made
    made.stop()


async def fill(bootstrap):
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in TOPICS])
    await admin.close()
    for topic, compression in TOPICS.items():
        chance = random.Random(topic)
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, compression_type=compression, linger_ms=5
        )
        await producer.start()
        for i in range(RECORDS):
            size = chance.choice([0, 1, 50, 900, 9000])
            key = None if i % 11 == 0 else b"k%d" % i
            value = None if i % 13 == 0 and key else chance.randbytes(size)
            headers = [("h", b"x")] if i % 7 == 0 else []
            await producer.send(
                topic, value, key, partition=chance.randrange(PARTITIONS),
                timestamp_ms=1_700_000_000_000 + i, headers=headers,
            )  # fmt: skip
        await producer.stop()


@pytest.fixture
async def consumer(broker):
    made = AIOKafkaConsumer(
        bootstrap_servers=broker.bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=60_000,
    )
    await made.start()
    yield made
    await made.stop()


def start(consumer, topic, offset=0):
    tps = [TopicPartition(topic, n) for n in range(PARTITIONS)]
    consumer.assign(tps)
    for tp in tps:
        consumer.seek(tp, offset)
    return tps


def plain(record):
    return (
        record.offset, record.timestamp, record.key, record.value, tuple(map(tuple, record.headers))
    )  # fmt: skip


async def read_all(consumer, tps, *, whole, max_records=20_000, begins=None, brake=None):
    """Everything to the end of each log; batches of a partition join without gap or overlap."""
    reader = BatchReader(consumer, whole_batches=whole, brake=brake)
    assert reader.whole_batches is whole
    ends = await consumer.end_offsets(tps)
    at = dict.fromkeys(tps, 0) | (begins or {})
    got = defaultdict(list)
    while any(at[tp] < ends[tp] for tp in tps):
        for batch in await reader.poll(1, max_records):
            tp = TopicPartition(batch.topic, batch.partition)
            assert batch.first == at[tp] < batch.next
            offsets = [record.offset for record in batch.records]
            assert offsets == list(range(batch.first, batch.next))
            got[tp] += map(plain, batch.records)
            at[tp] = batch.next
            assert await consumer.position(tp) >= batch.next
    assert {tp: await consumer.position(tp) for tp in tps} == ends
    return got


@pytest.mark.parametrize("topic", TOPICS)
async def test_both_ways_give_the_same(consumer, topic):
    tps = start(consumer, topic)
    one = await read_all(consumer, tps, whole=True)
    for most in (20_000, 7):
        start(consumer, topic)
        assert await read_all(consumer, tps, whole=False, max_records=most) == one
        start(consumer, topic)
        assert await read_all(consumer, tps, whole=True, max_records=most) == one
    assert sum(map(len, one.values())) == RECORDS


@pytest.mark.parametrize("whole", [True, False])
async def test_a_brake_holds_back_and_loses_nothing(consumer, whole):
    tps = start(consumer, "plain")
    everything = await read_all(consumer, tps, whole=whole)
    tps, brake = start(consumer, "plain"), Brake()
    brake.follow(Pace(paused=True))
    reader = BatchReader(consumer, whole_batches=whole, brake=brake)
    assert [await reader.poll(0.05) for _ in range(4)] == [[]] * 4
    assert consumer._subscription.fetcher_idle_time < 1.0  # it polls, and so stays in its group
    brake.follow(Pace(per_s=2000.0))
    assert await read_all(consumer, tps, whole=whole, brake=brake) == everything


@pytest.mark.parametrize("topic", TOPICS)
async def test_seeking_into_the_middle_of_a_batch(consumer, topic):
    tps = start(consumer, topic)
    everything = await read_all(consumer, tps, whole=True)
    chance = random.Random(9)
    for _ in range(4):
        begins = {tp: chance.randrange(len(everything[tp])) for tp in tps}
        for tp, offset in begins.items():
            consumer.seek(tp, offset)
        got = await read_all(consumer, tps, whole=True, begins=begins)
        assert got == {tp: everything[tp][begins[tp] :] for tp in tps}


async def test_what_was_fetched_before_a_seek_is_not_given(consumer):
    tps = start(consumer, "plain")
    reader = BatchReader(consumer)
    while not await reader.poll(1, 1):
        pass
    for tp in tps:
        consumer.seek(tp, 5)
    firsts = {}
    while len(firsts) < PARTITIONS:
        for batch in await reader.poll(1):
            firsts.setdefault(batch.partition, batch.first)
    assert set(firsts.values()) == {5}


@pytest.mark.parametrize("whole", [True, False])
async def test_paused_partitions_give_nothing_and_lose_nothing(consumer, whole):
    tps = start(consumer, "plain")
    reader = BatchReader(consumer, whole_batches=whole)
    consumer.pause(tps[0])
    ends = await consumer.end_offsets(tps)
    at = dict.fromkeys(tps, 0)
    while any(at[tp] < ends[tp] for tp in tps[1:]):
        for batch in await reader.poll(1, 100):
            at[TopicPartition(batch.topic, batch.partition)] = batch.next
    assert at[tps[0]] == 0 == await consumer.position(tps[0])
    consumer.resume(tps[0])
    begins = {tp: ends[tp] for tp in tps[1:]}
    got = await read_all(consumer, tps, whole=whole, begins=begins)
    assert len(got[tps[0]]) == ends[tps[0]] and set(got) == {tps[0]}


@pytest.mark.parametrize("whole", [True, False])
async def test_nothing_there_gives_nothing(consumer, whole):
    tps = start(consumer, "plain")
    for tp, end in (await consumer.end_offsets(tps)).items():
        consumer.seek(tp, end)
    reader = BatchReader(consumer, whole_batches=whole)
    assert await reader.poll(0.05) == [] == await reader.poll(0)
    await asyncio.sleep(0)  # a waiter is forgotten in the loop's next turn
    assert not consumer._fetcher._fetch_waiters


@pytest.mark.parametrize("whole", [True, False])
async def test_an_offset_the_log_does_not_have_raises(consumer, whole):
    start(consumer, "plain", 10**6)
    reader = BatchReader(consumer, whole_batches=whole)
    with pytest.raises(OffsetOutOfRangeError):
        for _ in range(50):
            await reader.poll(1)


async def test_without_the_private_interface_getmany_is_used(consumer, caplog):
    fetcher = consumer._fetcher
    consumer._fetcher = object()
    try:
        assert not BatchReader(consumer).whole_batches
    finally:
        consumer._fetcher = fetcher
    assert "record by record" in caplog.text


# --- batches that no client of ours writes --------------------------------------------------

TP = TopicPartition("t", 0)


def built(base, count, *, control=False):
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1 << 20)
    for i in range(count):
        builder.append(i, 1_700_000_000_000, b"k", b"v%d" % (base + i), [])
    data = builder.build()
    data[0:8] = base.to_bytes(8, "big")
    if control:
        from aiokafka.record.util import calc_crc32c_py

        data[22] |= 0x20
        data[17:21] = calc_crc32c_py(bytes(data[21:])).to_bytes(4, "big")
    return data


class Fetched:
    """What aiokafka keeps of one fetch answer."""

    def __init__(self, data, offset=0, check=True):
        self._records = MemoryRecords(bytes(data))
        self._aborted_transactions = []
        self._check_crcs = check
        self.next_fetch_offset = offset


def shape(batch):
    return (batch.first, batch.next, [record.offset for record in batch.records])


def test_a_compacted_logs_holes_are_covered():
    fetched = Fetched(built(3, 2) + built(9, 1), offset=1)
    assert shape(_unpack(TP, fetched)[0]) == (1, 10, [3, 4, 9])
    assert fetched.next_fetch_offset == 10


def test_a_control_batch_only_moves_the_position():
    fetched = Fetched(built(0, 2) + built(2, 1, control=True) + built(3, 2))
    assert shape(_unpack(TP, fetched)[0]) == (0, 5, [0, 1, 3, 4])
    only = Fetched(built(2, 1, control=True), 2)
    assert shape(_unpack(TP, only)[0]) == (2, 3, [])
    assert _unpack(TP, Fetched(b"", 7)) == (None, False)


def damaged():
    data = built(4, 3)
    data[-2] ^= 1
    return data


def test_a_damaged_batch_raises_and_what_is_before_it_is_read():
    with pytest.raises(CorruptRecordException, match=r"t/0 at offset 4"):
        _unpack(TP, Fetched(damaged(), 4))
    fetched = Fetched(built(0, 4) + damaged() + built(7, 1))
    assert shape(_unpack(TP, fetched)[0]) == (0, 4, [0, 1, 2, 3])
    assert fetched.next_fetch_offset == 4
    assert shape(_unpack(TP, Fetched(damaged(), 4, check=False))[0]) == (4, 7, [4, 5, 6])


def test_a_seek_into_a_batch_gives_its_rest():
    batch, _ = _unpack(TP, Fetched(built(10, 5), 12))
    assert (batch.first, batch.next) == (12, 15)
    assert [r.value for r in batch.records] == [b"v12", b"v13", b"v14"]


def test_a_part_of_an_answer_is_whole_batches():
    fetched = Fetched(built(0, 4) + built(4, 3) + built(7, 1))
    batch, more = _unpack(TP, fetched, 5)
    assert (shape(batch), more) == ((0, 7, list(range(7))), True)
    batch, more = _unpack(TP, fetched, 5)
    assert (shape(batch), more) == ((7, 8, [7]), False)
    # What follows a damaged batch is fetched again, and must not be taken for its place.
    assert _unpack(TP, Fetched(built(0, 4) + damaged() + built(7, 1)), 100)[1] is False
