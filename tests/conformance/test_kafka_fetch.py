"""Fetching: limits, waiting, positions, and what one partition's trouble does to the others."""

import asyncio

import pytest
from aiokafka import TopicPartition

from streaming.broker.embedded.messages import data
from tests.broker.support import DEADLINE_S, make_batch, unique, values_in
from tests.conformance.clients import consumer, producer, read

HOUR_MS = 3_600_000
RAW = make_batch([b"x" * 1000])


@pytest.fixture
async def filled(wire):
    """A topic with four batches of one size in partition 0 and two in partition 1."""
    topic = await wire.create(partitions=2)
    for partition in (0, 0, 0, 0, 1, 1):
        await wire.produce(topic, RAW, partition)
    return topic


async def batches_fetched(wire, topic, offsets, **limits):
    """How many whole batches each partition returns; Kafka may cut another one at the limit."""
    parts = await wire.fetch(topic, offsets, **limits)
    return [len(part.records or b"") // len(RAW) for part in parts]


async def waiting(wire, topic, offsets, **limits):
    """Another client whose Fetch the broker holds back."""
    client = wire.again()
    await client.__aenter__()
    await client.send(1, 11, wire.fetch_request(topic, offsets, wait_ms=HOUR_MS, **limits))
    for _ in range(3):  # the broker has had the chance to read what was sent before
        await wire.list_offset(topic, -1)
    return client


async def answered(client):
    answer = await client.receive(11, data.FetchResponse)
    client.writer.close()
    return answer.topics[0].partitions


# --- limits -------------------------------------------------------------------------------------


async def test_all_there_is_comes_at_once(wire, filled):
    assert await batches_fetched(wire, filled, {0: 0, 1: 0}) == [4, 2]


@pytest.mark.parametrize("each", [0, 1, len(RAW) - 1, len(RAW)])
async def test_one_batch_comes_however_small_the_limit(wire, filled, each):
    assert await batches_fetched(wire, filled, {0: 0}, each=each) == [1]


async def test_as_many_batches_come_as_the_limit_of_the_partition_allows(wire, filled):
    assert await batches_fetched(wire, filled, {0: 0}, each=3 * len(RAW) + 5) == [3]


async def test_the_limit_of_a_request_is_shared_in_its_order(wire, filled):
    assert await batches_fetched(wire, filled, {0: 0, 1: 0}, max_bytes=3 * len(RAW)) == [3, 0]
    assert await batches_fetched(wire, filled, {1: 0, 0: 0}, max_bytes=5 * len(RAW)) == [2, 3]


@pytest.mark.parametrize("max_bytes", [0, 1])
async def test_the_free_batch_comes_once_in_a_request(wire, filled, max_bytes):
    assert await batches_fetched(wire, filled, {0: 0, 1: 0}, max_bytes=max_bytes) == [1, 0]
    assert await batches_fetched(wire, filled, {0: 0, 1: 0}, each=1) == [1, 0]


async def test_the_free_batch_is_left_for_the_first_partition_that_has_one(wire, filled):
    assert await batches_fetched(wire, filled, {0: 4, 1: 0}, max_bytes=1) == [0, 1]


async def test_a_backlog_larger_than_the_limit_is_read_piece_by_piece(wire):
    topic = await wire.create(max_message_bytes=2_000_000)
    for _ in range(6):
        await wire.produce(topic, make_batch([b"x" * 900_000]))
    offset = answers = 0
    while offset < 6:
        (part,) = await wire.fetch(topic, {0: offset}, max_bytes=2_000_000, each=2**24)
        assert 0 < len(part.records) <= 2_000_000
        offset = values_in(part.records)[-1][0] + 1
        answers += 1
    assert answers == 3


async def test_a_clients_small_fetches_lose_nothing(kafka, wire):
    topic = await wire.create(partitions=4)
    for number in range(80):
        await wire.produce(topic, make_batch([b"%d" % number] * 5), number % 4)
    limits = {"max_partition_fetch_bytes": 200, "fetch_max_bytes": 300}
    async with consumer(kafka, topic, **limits) as reads:
        messages = await read(reads, 400)
    for partition in range(4):
        offsets = [message.offset for message in messages if message.partition == partition]
        assert offsets == list(range(100))


# --- waiting ------------------------------------------------------------------------------------


async def test_an_append_wakes_an_idle_long_poll(wire):
    topic = await wire.create(partitions=2)
    client = await waiting(wire, topic, {0: 0, 1: 0})
    await wire.produce(topic, RAW, partition=1)
    first, second = await answered(client)
    assert (first.records, first.high_watermark) == (b"", 0)
    assert (len(second.records), second.high_watermark) == (len(RAW), 1)


async def test_many_idle_long_polls_are_woken_by_one_append(wire):
    topic = await wire.create()
    clients = [await waiting(wire, topic, {0: 0}) for _ in range(10)]
    await wire.produce(topic, RAW)
    assert [len((await answered(client))[0].records) for client in clients] == [len(RAW)] * 10


async def test_a_clients_idle_poll_is_woken_again_and_again(kafka, wire):
    """With polls of an hour nothing but a wake-up brings a record within the test's time."""
    topic = await wire.create()
    async with (
        consumer(kafka, topic, fetch_max_wait_ms=HOUR_MS, request_timeout_ms=2 * HOUR_MS) as reads,
        producer(kafka) as sends,
    ):
        for number in range(10):
            waits = asyncio.create_task(reads.getone())
            await sends.send_and_wait(topic, b"%d" % number)
            message = await asyncio.wait_for(waits, DEADLINE_S)
            assert message.value == b"%d" % number


async def test_a_fetch_waits_for_the_bytes_it_asks_for(wire):
    topic = await wire.create()
    client = await waiting(wire, topic, {0: 0}, min_bytes=3 * len(RAW))
    for _ in range(3):
        await wire.produce(topic, RAW)
    (part,) = await answered(client)
    assert len(part.records) == 3 * len(RAW)


async def test_bytes_of_several_partitions_count_together(wire):
    topic = await wire.create(partitions=3)
    client = await waiting(wire, topic, {0: 0, 1: 0, 2: 0}, min_bytes=3 * len(RAW))
    for partition in range(3):
        await wire.produce(topic, RAW, partition)
    assert [len(part.records) for part in await answered(client)] == [len(RAW)] * 3


async def test_what_cannot_be_returned_is_not_waited_for(wire, filled):
    limits = {"min_bytes": 10**6, "max_bytes": 2000, "wait_ms": HOUR_MS}
    assert await batches_fetched(wire, filled, {0: 0}, **limits) == [1]


async def test_a_fetch_without_news_ends_when_its_time_is_up(wire, filled):
    assert await batches_fetched(wire, filled, {0: 4}, wait_ms=20) == [0]
    assert await batches_fetched(wire, filled, {0: 2}, wait_ms=20, min_bytes=10**6) == [2]


async def test_a_fetch_that_asks_for_no_bytes_does_not_wait(wire, filled):
    assert await batches_fetched(wire, filled, {0: 4}, wait_ms=HOUR_MS, min_bytes=0) == [0]


async def test_a_fetch_of_nothing_does_not_wait(wire):
    request = data.FetchRequest(max_wait_ms=HOUR_MS, min_bytes=1, max_bytes=1, topics=[])
    answer = await wire.call(1, 11, request, data.FetchResponse)
    assert (answer.error_code, answer.topics) == (0, [])


async def test_deleting_a_topic_ends_the_waiting_for_it(wire):
    topic = await wire.create()
    client = await waiting(wire, topic, {0: 0})
    await wire.delete_topic(topic)
    assert (await answered(client))[0].error_code == 3


async def test_clients_that_hang_up_while_waiting_leave_nothing(wire):
    topic = await wire.create()
    for _ in range(20):
        (await waiting(wire, topic, {0: 0})).writer.transport.abort()
    await wire.produce(topic, RAW)
    assert await batches_fetched(wire, topic, {0: 0}) == [1]


# --- positions ----------------------------------------------------------------------------------


async def test_a_fetch_from_inside_a_batch_returns_the_whole_batch(wire):
    topic = await wire.create()
    await wire.produce(topic, make_batch([b"a", b"b"]))
    await wire.produce(topic, make_batch([b"c", b"d", b"e"]))
    (part,) = await wire.fetch(topic, {0: 3})
    assert values_in(part.records) == [(2, b"c"), (3, b"d"), (4, b"e")]


@pytest.mark.parametrize("offset", [5, 2**62, -1])
async def test_a_position_outside_the_log_is_an_error_at_once(wire, filled, offset):
    (part,) = await wire.fetch(filled, {0: offset}, wait_ms=HOUR_MS)
    assert (part.error_code, part.high_watermark, part.log_start_offset) == (1, -1, -1)


async def test_the_end_of_the_log_is_a_position(wire, filled):
    (part,) = await wire.fetch(filled, {0: 4})
    assert (part.error_code, part.high_watermark, part.records) == (0, 4, b"")


@pytest.mark.parametrize("other", [{7: 0}, {1: 99}], ids=["unknown", "outside"])
async def test_trouble_of_one_partition_is_told_at_once_and_spoils_no_other(wire, filled, other):
    good, bad = await wire.fetch(filled, {0: 0} | other, wait_ms=HOUR_MS)
    assert good.error_code == 0 and len(good.records) == 4 * len(RAW)
    assert bad.error_code in (1, 3) and not bad.records


async def test_an_unknown_topic_is_told_at_once(wire):
    (part,) = await wire.fetch(unique(), {0: 0}, wait_ms=HOUR_MS)
    assert part.error_code == 3


async def test_of_a_partition_named_twice_the_last_counts(wire, filled):
    parts = [
        data.FetchPartition(index=0, fetch_offset=offset, max_bytes=2**20) for offset in (0, 3)
    ]
    request = wire.fetch_request(filled, {})
    request.topics[0].partitions = parts
    answer = await wire.call(1, 11, request, data.FetchResponse)
    (part,) = answer.topics[0].partitions
    assert [offset for offset, _ in values_in(part.records)] == [3]


async def test_a_leader_epoch_of_the_future_is_refused(wire, filled):
    """KIP-320: the client knows of a later leader, so this node must be behind."""
    for epoch, code in ((0, 0), (99, 75)):
        part = data.FetchPartition(
            index=0, fetch_offset=0, max_bytes=2**20, current_leader_epoch=epoch
        )
        request = data.FetchRequest(
            max_wait_ms=0,
            min_bytes=1,
            max_bytes=2**20,
            topics=[data.FetchTopic(name=filled, partitions=[part])],
        )
        answer = await wire.call(1, 11, request, data.FetchResponse)
        assert answer.topics[0].partitions[0].error_code == code


@pytest.mark.parametrize("version", range(4, 12))
async def test_every_version_of_fetch_both_offer(wire, version):
    topic = await wire.create()
    await wire.produce(topic, make_batch([b"a", b"b"]))
    (part,) = await wire.fetch(topic, {0: 1}, version=version)
    assert values_in(part.records)[-1] == (1, b"b")
    assert (part.high_watermark, part.last_stable_offset) == (2, 2)


async def test_reading_committed_records_shows_the_same_and_no_aborted(wire, filled):
    request = wire.fetch_request(filled, {0: 0})
    request.isolation_level = 1
    answer = await wire.call(1, 11, request, data.FetchResponse)
    (part,) = answer.topics[0].partitions
    assert (len(part.records), part.last_stable_offset) == (4 * len(RAW), 4)
    assert part.aborted_transactions == []


@pytest.mark.parametrize(("session", "epoch", "code"), [(5, 1, 70), (5, 0, 0), (5, -1, 0)])
async def test_a_fetch_session_that_is_not_there(wire, filled, session, epoch, code):
    """KIP-227: epochs 0 and -1 are full requests, so they need no session."""
    request = wire.fetch_request(filled, {0: 0})
    request.session_id, request.session_epoch = session, epoch
    answer = await wire.call(1, 11, request, data.FetchResponse)
    assert answer.error_code == code
    assert len(answer.topics) == (0 if code else 1)


async def test_a_consumer_seeks_and_reads_on_in_order(kafka, wire):
    topic = await wire.create(partitions=4)
    for partition in range(4):
        for start in range(0, 200, 10):
            values = [b"%d" % number for number in range(start, start + 10)]
            await wire.produce(topic, make_batch(values), partition)
    parts = [TopicPartition(topic, partition) for partition in range(4)]
    async with consumer(kafka) as reads:
        reads.assign(parts)
        for part in parts:
            reads.seek(part, 55)
        messages = await read(reads, 4 * 145)
        assert all(reads.highwater(part) == 200 for part in parts)
    for partition in range(4):
        offsets = [message.offset for message in messages if message.partition == partition]
        assert offsets == list(range(55, 200))


async def test_a_consumer_past_the_end_starts_again_where_it_is_told(kafka, wire, filled):
    part = TopicPartition(filled, 0)
    async with consumer(kafka) as reads:
        reads.assign([part])
        reads.seek(part, 9999)
        assert [message.offset for message in await read(reads, 4)] == [0, 1, 2, 3]
