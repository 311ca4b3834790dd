"""Fetch and ListOffsets against a real server."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streaming.broker.embedded.messages import admin, data
from tests.broker.support import BASE_TIME, DEADLINE_S, Wire, make_batch, unique, values_in

HOUR_MS = 3_600_000


async def waiting(shared, wire, topic, request):
    """A second client whose Fetch is with the server for certain."""
    client = Wire(shared.port)
    await client.__aenter__()
    await client.send(1, 11, request)
    # A request on the same connection is answered after the Fetch, so ask on another one until
    # the server has had the chance to read what was sent first.
    for _ in range(3):
        await wire.list_offset(topic, -1)
    return client


async def test_a_waiting_fetch_is_answered_by_the_append(shared, wire):
    topic = await wire.create(unique(), 2)
    request = wire.fetch_request(topic, {0: 0, 1: 0}, wait_ms=HOUR_MS)
    client = await waiting(shared, wire, topic, request)
    await wire.produce(topic, make_batch([b"x"]), partition=1)
    answer = await client.receive(11, data.FetchResponse)
    first, second = answer.topics[0].partitions
    assert (first.records, first.high_watermark) == (b"", 0)
    assert values_in(second.records) == [(0, b"x")] and second.high_watermark == 1
    client.writer.close()


async def test_a_fetch_waits_for_the_bytes_it_asks_for(shared, wire):
    topic = await wire.create(unique())
    raw = make_batch([b"x" * 100])
    request = wire.fetch_request(topic, {0: 0}, wait_ms=HOUR_MS, min_bytes=3 * len(raw))
    client = await waiting(shared, wire, topic, request)
    for _ in range(3):
        await wire.produce(topic, raw)
    answer = await client.receive(11, data.FetchResponse)
    assert len(values_in(answer.topics[0].partitions[0].records)) == 3
    client.writer.close()


async def test_a_fetch_without_news_ends_when_its_time_is_up(wire):
    topic = await wire.create(unique())
    (part,) = await wire.fetch(topic, {0: 0}, wait_ms=20)
    assert (part.error_code, part.records, part.high_watermark) == (0, b"", 0)


async def test_deleting_a_topic_ends_the_waiting_for_it(shared, wire):
    topic = await wire.create(unique())
    request = wire.fetch_request(topic, {0: 0}, wait_ms=HOUR_MS)
    client = await waiting(shared, wire, topic, request)
    answer = await wire.call(
        20, 3, admin.DeleteTopicsRequest(names=[topic], timeout_ms=1), admin.DeleteTopicsResponse
    )
    assert answer.topics[0].error_code == 0
    answer = await client.receive(11, data.FetchResponse)
    assert answer.topics[0].partitions[0].error_code == 3
    client.writer.close()


async def test_many_clients_that_hang_up_while_waiting_leave_nothing(shared, wire):
    topic = await wire.create(unique())
    for _ in range(20):
        request = wire.fetch_request(topic, {0: 0}, wait_ms=HOUR_MS)
        (await waiting(shared, wire, topic, request)).writer.transport.abort()
    await wire.produce(topic, make_batch([b"x"]))
    assert len(values_in((await wire.fetch(topic, {0: 0}))[0].records)) == 1


async def test_limits_are_kept_but_one_batch_always_comes(wire):
    topic = await wire.create(unique(), 2)
    raw = make_batch([b"x" * 1000])
    for partition in (0, 0, 0, 0, 1, 1):
        await wire.produce(topic, raw, partition=partition)
    (part,) = await wire.fetch(topic, {0: 0}, each=10)
    assert len(part.records) == len(raw), "larger than the limit, but it is the first"
    (part,) = await wire.fetch(topic, {0: 0}, each=3 * len(raw) + 5)
    assert len(part.records) == 3 * len(raw)
    first, second = await wire.fetch(topic, {0: 0, 1: 0}, max_bytes=3 * len(raw))
    assert (len(first.records), len(second.records)) == (3 * len(raw), 0)
    first, second = await wire.fetch(topic, {0: 4, 1: 0}, max_bytes=1)
    assert (len(first.records), len(second.records)) == (0, len(raw))
    first, second = await wire.fetch(topic, {0: 0, 1: 0}, each=1)
    assert (len(first.records), len(second.records)) == (len(raw), 0), "only one batch for free"
    (part,) = await wire.fetch(topic, {0: 2})
    assert [offset for offset, _ in values_in(part.records)] == [2, 3]


async def test_errors_of_one_partition_leave_the_others_alone(wire):
    topic = await wire.create(unique())
    await wire.produce(topic, make_batch([b"a", b"b"]))
    for offset in (3, -1, 2**62):
        (part,) = await wire.fetch(topic, {0: offset}, wait_ms=HOUR_MS)
        assert part.error_code == 1 and part.high_watermark == 2
    good, unknown = await wire.fetch(topic, {0: 0, 7: 0}, wait_ms=HOUR_MS)
    assert (good.error_code, unknown.error_code) == (0, 3)
    assert len(values_in(good.records)) == 2


@pytest.mark.parametrize("version", range(4, 12))
async def test_every_offered_version_of_fetch(wire, version):
    topic = await wire.create(unique())
    await wire.produce(topic, make_batch([b"a", b"b"]))
    (part,) = await wire.fetch(topic, {0: 1}, version=version)
    assert values_in(part.records)[-1] == (1, b"b")
    assert part.last_stable_offset == 2


async def test_fetch_sessions_are_not_offered(wire):
    request = data.FetchRequest(
        max_wait_ms=0, min_bytes=1, max_bytes=1, session_id=5, session_epoch=1, topics=[]
    )
    answer = await wire.call(1, 7, request, data.FetchResponse)
    assert answer.error_code == 70


@pytest.mark.parametrize("compression", [0, 1])
async def test_offsets_by_position_and_time(wire, compression):
    topic = await wire.create(unique())
    for start in (0, 10):
        times = [BASE_TIME + 1000 * n for n in range(start, start + 10)]
        raw = make_batch([b"v" * 50] * 10, times=times, compression=compression)
        await wire.produce(topic, raw)
    assert (await wire.list_offset(topic, -2)).offset == 0
    assert (await wire.list_offset(topic, -1)).offset == 20
    for when, offset in ((0, 0), (4500, 5), (5000, 5), (5001, 6), (14_500, 15), (19_000, 19)):
        found = await wire.list_offset(topic, BASE_TIME + when if when else 0)
        assert (found.offset, found.timestamp) == (offset, BASE_TIME + 1000 * offset)
    none = await wire.list_offset(topic, BASE_TIME + 19_001)
    assert (none.error_code, none.offset, none.timestamp) == (0, -1, -1)
    assert (await wire.list_offset(topic, -1, partition=4)).error_code == 3
    for version in range(1, 6):
        assert (await wire.list_offset(topic, -1, version=version)).offset == 20


async def test_log_append_time_as_a_consumer_sees_it(shared, wire):
    topic = await wire.create(unique(), message_timestamp_type="LogAppendTime")
    async with AIOKafkaProducer(bootstrap_servers=shared.bootstrap) as producer:
        sent = await producer.send_and_wait(topic, b"x", timestamp_ms=BASE_TIME)
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=shared.bootstrap, auto_offset_reset="earliest"
    )
    async with consumer:
        message = await asyncio.wait_for(consumer.getone(), DEADLINE_S)
    assert message.timestamp_type == 1 and message.timestamp > BASE_TIME
    assert (sent.timestamp, sent.timestamp_type) == (message.timestamp, 1)


async def test_a_consumer_seeks_and_resets(shared, wire):
    topic = await wire.create(unique())
    for start in range(0, 100, 10):
        await wire.produce(topic, make_batch([b"%d" % n for n in range(start, start + 10)]))
    part = TopicPartition(topic, 0)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=shared.bootstrap, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    async with consumer:
        consumer.assign([part])
        for offset, first in ((55, 55), (99, 99), (5000, 0)):
            consumer.seek(part, offset)
            message = await asyncio.wait_for(consumer.getone(), DEADLINE_S)
            assert (message.offset, message.value) == (first, b"%d" % first)
        assert consumer.highwater(part) == 100


async def test_deleted_records_are_gone_for_consumers(wire):
    topic = await wire.create(unique())
    for start in range(0, 30, 10):
        await wire.produce(topic, make_batch([b"%d" % n for n in range(start, start + 10)]))

    async def delete(offset):
        part = admin.DeleteRecordsPartition(index=0, offset=offset)
        request = admin.DeleteRecordsRequest(
            topics=[admin.DeleteRecordsTopic(name=topic, partitions=[part])], timeout_ms=1
        )
        answer = await wire.call(21, 1, request, admin.DeleteRecordsResponse)
        return answer.topics[0].partitions[0]

    assert (await delete(15)).low_watermark == 15
    assert (await wire.list_offset(topic, -2)).offset == 15
    (part,) = await wire.fetch(topic, {0: 14})
    assert (part.error_code, part.log_start_offset) == (1, 15)
    assert (await delete(31)).error_code == 1
    assert (await delete(-1)).low_watermark == 30
