"""Offsets by position and by time, and DeleteRecords."""

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import RecordsToDelete

from streaming.broker.embedded.messages import data
from tests.broker.support import BASE_TIME, make_batch, unique
from tests.conformance.batches import CODECS, compressed
from tests.conformance.clients import admin_client, consumer, producer, read

LATEST, EARLIEST = -1, -2


async def asked(wire, topic, *parts, version=5):
    request = data.ListOffsetsRequest(
        topics=[data.ListOffsetsTopic(name=topic, partitions=list(parts))]
    )
    answer = await wire.call(2, version, request, data.ListOffsetsResponse)
    return answer.topics[0].partitions


async def found(wire, topic, time_ms):
    """Offset and time relative to BASE_TIME of the first record at or after a time."""
    result = await wire.list_offset(topic, BASE_TIME + time_ms)
    assert result.error_code == 0
    return result.offset, result.timestamp - BASE_TIME


@pytest.mark.parametrize("version", range(1, 6))
async def test_the_start_and_the_end_of_a_log(wire, version):
    topic = await wire.create()
    for position in (EARLIEST, LATEST):
        assert (await wire.list_offset(topic, position, version=version)).offset == 0
    await wire.produce(topic, make_batch([b"x"] * 3))
    start, end = [
        await wire.list_offset(topic, position, version=version) for position in (EARLIEST, LATEST)
    ]
    assert (start.offset, end.offset) == (0, 3)
    assert start.timestamp == end.timestamp == -1
    assert start.leader_epoch == (0 if version >= 4 else -1)


@pytest.mark.parametrize("codec", [None, *CODECS])
async def test_a_time_inside_a_batch_finds_the_very_record(wire, codec):
    topic = await wire.create()
    for start in (0, 10):
        times = [BASE_TIME + 1000 * number for number in range(start, start + 10)]
        values = [b"v" * 50] * 10
        raw = compressed(values, codec, times=times) if codec else make_batch(values, times=times)
        await wire.produce(topic, raw)
    for time_ms, offset in ((-5, 0), (4500, 5), (5000, 5), (5001, 6), (14_500, 15), (19_000, 19)):
        assert await found(wire, topic, time_ms) == (offset, 1000 * offset)


async def test_a_time_after_the_last_record_finds_nothing(wire):
    topic = await wire.create()
    await wire.produce(topic, make_batch([b"x"]))
    result = await wire.list_offset(topic, BASE_TIME + 1)
    assert (result.error_code, result.offset, result.timestamp) == (0, -1, -1)
    assert result.leader_epoch == -1


async def test_the_first_record_that_late_counts_when_times_go_back(wire):
    topic = await wire.create()
    for time_ms in (100, 300, 200, 400):
        await wire.produce(topic, make_batch([b"x"], times=[BASE_TIME + time_ms]))
    assert await found(wire, topic, 150) == (1, 300)
    assert await found(wire, topic, 250) == (1, 300)
    assert await found(wire, topic, 350) == (3, 400)


async def test_times_go_back_inside_a_batch(wire):
    topic = await wire.create()
    times = [BASE_TIME + time_ms for time_ms in (100, 500, 200, 300)]
    await wire.produce(topic, make_batch([b"x"] * 4, times=times))
    assert await found(wire, topic, 150) == (1, 500)
    assert await found(wire, topic, 500) == (1, 500)
    assert (await wire.list_offset(topic, BASE_TIME + 501)).offset == -1


async def test_a_stamped_batch_has_one_time(wire):
    topic = await wire.create(message_timestamp_type="LogAppendTime")
    done = await wire.produce(topic, make_batch([b"x"] * 3))
    result = await wire.list_offset(topic, done.log_append_time_ms)
    assert (result.offset, result.timestamp) == (0, done.log_append_time_ms)
    assert (await wire.list_offset(topic, done.log_append_time_ms + 1)).offset == -1


async def test_a_time_is_found_in_a_log_of_many_segments(wire):
    topic = await wire.create(internal_segment_bytes=500, index_interval_bytes=0)
    for number in range(40):
        times = [BASE_TIME + 10 * number]
        await wire.produce(topic, make_batch([b"x" * 100], times=times))
    for time_ms, offset in ((0, 0), (95, 10), (200, 20), (390, 39)):
        assert await found(wire, topic, time_ms) == (offset, 10 * offset)


async def test_a_client_finds_offsets_for_times(kafka, wire):
    topic = await wire.create()
    part = TopicPartition(topic, 0)
    async with producer(kafka, linger_ms=20) as sends:
        for number in range(20):
            await sends.send(topic, b"v", timestamp_ms=BASE_TIME + 1000 * number)
    async with consumer(kafka) as reads:
        hit = (await reads.offsets_for_times({part: BASE_TIME + 4500}))[part]
        none = (await reads.offsets_for_times({part: BASE_TIME + 99_000}))[part]
        assert await reads.beginning_offsets([part]) == {part: 0}
        assert await reads.end_offsets([part]) == {part: 20}
    assert (hit.offset, hit.timestamp, none) == (5, BASE_TIME + 5000, None)


async def test_offsets_of_unknown_topics_and_partitions_are_refused(wire):
    topic = await wire.create()
    for name, partition in ((topic, 9), (topic, -1), (unique(), 0)):
        result = await wire.list_offset(name, LATEST, partition)
        assert (result.error_code, result.offset) == (3, -1)


async def test_a_partition_twice_in_a_request_is_refused(wire):
    topic = await wire.create()
    part = data.ListOffsetsPartition(index=0, timestamp=LATEST)
    assert [one.error_code for one in await asked(wire, topic, part, part)] == [42]


async def test_a_leader_epoch_of_the_future_is_refused_here_too(wire):
    topic = await wire.create()
    for epoch, code in ((0, 0), (99, 75)):
        part = data.ListOffsetsPartition(index=0, timestamp=LATEST, current_leader_epoch=epoch)
        assert [one.error_code for one in await asked(wire, topic, part)] == [code]


@pytest.mark.parametrize("position", [-3, -4, -5, -6])
async def test_positions_of_newer_versions_are_refused_in_old_ones(wire, position):
    topic = await wire.create()
    assert (await wire.list_offset(topic, position)).error_code == 35


async def test_the_record_with_the_latest_time_is_found_since_version_7(wire):
    """KIP-734."""
    topic = await wire.create()
    none = await wire.list_offset(topic, -3, version=7)
    assert (none.error_code, none.offset, none.timestamp) == (0, -1, -1)
    for times in ([100, 500, 200], [300, 400]):
        raw = make_batch([b"x"] * len(times), times=[BASE_TIME + time_ms for time_ms in times])
        await wire.produce(topic, raw)
    latest = await wire.list_offset(topic, -3, version=7)
    assert (latest.offset, latest.timestamp) == (1, BASE_TIME + 500)


# --- DeleteRecords ------------------------------------------------------------------------------


@pytest.fixture
async def thirty(wire):
    """A topic with offsets 0 to 29 in batches of ten."""
    topic = await wire.create()
    for start in range(0, 30, 10):
        await wire.produce(topic, make_batch([b"%d" % n for n in range(start, start + 10)]))
    return topic


async def test_records_before_an_offset_are_deleted(wire, thirty):
    done = await wire.delete_records(thirty, 15)
    assert (done.error_code, done.low_watermark) == (0, 15)
    assert (await wire.list_offset(thirty, EARLIEST)).offset == 15
    assert (await wire.list_offset(thirty, LATEST)).offset == 30
    assert (await wire.fetch(thirty, {0: 14}))[0].error_code == 1
    (part,) = await wire.fetch(thirty, {0: 15})
    assert (part.error_code, part.log_start_offset) == (0, 15)


async def test_a_deletion_never_goes_back(wire, thirty):
    assert (await wire.delete_records(thirty, 15)).low_watermark == 15
    done = await wire.delete_records(thirty, 5)
    assert (done.error_code, done.low_watermark) == (0, 15)


async def test_all_records_are_deleted_and_the_log_goes_on(wire, thirty):
    assert (await wire.delete_records(thirty, -1)).low_watermark == 30
    assert (await wire.list_offset(thirty, EARLIEST)).offset == 30
    assert (await wire.produce(thirty, make_batch([b"x"]))).base_offset == 30


@pytest.mark.parametrize("offset", [31, -2, 2**60])
async def test_an_offset_outside_the_log_deletes_nothing(wire, thirty, offset):
    assert (await wire.delete_records(thirty, offset)).error_code == 1
    assert (await wire.list_offset(thirty, EARLIEST)).offset == 0


async def test_records_of_unknown_topics_and_partitions_are_not_deleted(wire, thirty):
    assert (await wire.delete_records(thirty, 0, 9)).error_code == 3
    assert (await wire.delete_records(unique(), 0)).error_code == 3


async def test_a_time_finds_no_deleted_record(wire):
    topic = await wire.create()
    times = [BASE_TIME + 10 * number for number in range(10)]
    await wire.produce(topic, make_batch([b"x"] * 10, times=times))
    await wire.delete_records(topic, 4)
    assert await found(wire, topic, 0) == (4, 40)


async def test_a_consumer_reads_on_after_a_deletion(kafka, wire, thirty):
    part = TopicPartition(thirty, 0)
    async with admin_client(kafka) as client:
        await client.delete_records({part: RecordsToDelete(12)})
    async with consumer(kafka) as reads:
        assert await reads.beginning_offsets([part]) == {part: 12}
        reads.assign([part])
        reads.seek(part, 3)
        messages = await read(reads, 18)
    assert [message.offset for message in messages] == list(range(12, 30))
