"""Idempotent producers (KIP-98): once, in order, fenced by their epoch."""

import asyncio

import pytest

from streaming.broker.embedded.messages import data
from tests.broker.support import make_batch, values_in
from tests.conformance.clients import consumer, producer, read
from tests.conformance.support import ready


class Sender:
    """An idempotent producer that says itself what it sends."""

    def __init__(self, wire, topic, producer_id, epoch=0):
        self.wire, self.topic = wire, topic
        self.producer_id, self.epoch = producer_id, epoch

    async def send(self, sequence, count=2, *, epoch=None, **fields):
        raw = make_batch(
            [b"%d" % (sequence + at) for at in range(count)],
            producer_id=self.producer_id,
            epoch=self.epoch if epoch is None else epoch,
            sequence=sequence,
        )
        return await self.wire.produce(self.topic, raw, **fields)

    async def code(self, *args, **fields):
        return (await self.send(*args, **fields)).error_code

    async def offset(self, *args, **fields):
        done = await self.send(*args, **fields)
        assert done.error_code == 0, done
        return done.base_offset


@pytest.fixture
async def sender(wire):
    topic = await wire.create()
    return Sender(wire, topic, (await wire.new_producer())["producer_id"])


async def stored(sender):
    (part,) = await sender.wire.fetch(sender.topic, {0: 0})
    return [value for _, value in values_in(part.records)]


async def test_every_producer_gets_an_id_of_its_own_and_epoch_0(wire):
    request = data.InitProducerIdRequest(transaction_timeout_ms=1000)
    ids = set()
    for version in (0, 1, 0, 1):
        answer = await ready(
            lambda v=version: wire.call(22, v, request, data.InitProducerIdResponse)
        )
        assert (answer.error_code, answer.producer_epoch) == (0, 0)
        ids.add(answer.producer_id)
    assert len(ids) == 4 and min(ids) >= 0


async def test_an_empty_transactional_id_is_refused(wire):
    request = data.InitProducerIdRequest(transactional_id="", transaction_timeout_ms=1000)
    answer = await wire.call(22, 1, request, data.InitProducerIdResponse)
    assert answer.error_code == 42


async def test_a_repeat_is_answered_with_its_offset_and_not_stored(sender):
    assert [await sender.offset(sequence) for sequence in (0, 2, 4)] == [0, 2, 4]
    assert [await sender.offset(sequence) for sequence in (2, 0, 4)] == [2, 0, 4]
    assert await stored(sender) == [b"%d" % number for number in range(6)]


async def test_a_repeat_is_answered_with_the_time_of_its_batch(sender):
    first = await sender.send(0)
    again = await sender.send(0)
    assert (first.log_append_time_ms, again.log_append_time_ms) == (-1, 1_700_000_000_001)


async def test_five_batches_are_remembered_and_not_six(sender):
    for sequence in range(0, 14, 2):
        await sender.offset(sequence)
    assert await sender.offset(4) == 4
    assert await sender.code(2) == 45


async def test_a_gap_is_refused(sender):
    await sender.offset(0)
    assert await sender.code(4) == 45
    assert await sender.offset(2) == 2


@pytest.mark.parametrize(("sequence", "count"), [(2, 1), (3, 1), (2, 4), (1, 2)])
async def test_what_is_like_a_repeat_but_is_none_is_refused(sender, sequence, count):
    await sender.offset(0)
    await sender.offset(2)
    assert await sender.code(sequence, count) == 45
    assert await stored(sender) == [b"0", b"1", b"2", b"3"]


async def test_a_new_epoch_begins_at_0(sender):
    await sender.offset(0)
    assert await sender.code(2, epoch=1) == 45
    assert await sender.offset(0, epoch=1) == 2


async def test_an_older_epoch_is_fenced_off_also_for_repeats(sender):
    await sender.offset(0)
    await sender.offset(0, epoch=3)
    assert await sender.code(2, epoch=0) == 47
    assert await sender.code(0, epoch=0) == 47
    assert await sender.offset(2, epoch=3) == 4


async def test_a_producer_unknown_to_the_partition_begins_where_it_likes(wire, sender):
    stranger = Sender(wire, sender.topic, (await wire.new_producer())["producer_id"])
    assert await stranger.offset(7) == 0
    assert await stranger.offset(9) == 2
    assert await stranger.code(7, epoch=-1) == 47


async def test_producers_do_not_mind_each_other(wire, sender):
    other = Sender(wire, sender.topic, (await wire.new_producer())["producer_id"])
    assert await sender.offset(0) == 0
    assert await other.offset(0) == 2
    await wire.produce(sender.topic, make_batch([b"of nobody"]))
    assert await sender.offset(2) == 5
    assert (await other.offset(0), await sender.offset(0)) == (2, 0)


async def test_partitions_count_apart(wire):
    topic = await wire.create(partitions=2)
    sender = Sender(wire, topic, (await wire.new_producer())["producer_id"])
    for partition in range(2):
        assert await sender.offset(0, partition=partition) == 0
    assert await sender.code(4, partition=1) == 45


async def test_sequences_wrap_around(sender):
    assert await sender.offset(2**31 - 2) == 0
    assert await sender.offset(0) == 2
    assert await sender.offset(2**31 - 2) == 0, "still known"


async def test_sequences_wrap_around_inside_a_batch(sender):
    assert await sender.offset(2**31 - 1) == 0
    assert await sender.offset(1) == 2
    assert await sender.offset(2**31 - 1) == 0, "still known"


async def test_a_producer_goes_on_after_its_records_were_deleted(wire, sender):
    await sender.offset(0)
    await sender.offset(2)
    await wire.delete_records(sender.topic, -1)
    assert await sender.offset(2) == 2, "a repeat"
    assert await sender.code(6) == 45
    assert await sender.offset(4) == 4


async def test_a_damaged_batch_costs_no_sequence(wire, sender):
    raw = bytearray(make_batch([b"x"], producer_id=sender.producer_id, epoch=0, sequence=0))
    raw[-2] ^= 0xFF
    assert (await wire.produce(sender.topic, raw)).error_code == 2
    assert await sender.offset(0) == 0


async def test_a_client_with_many_batches_in_flight_keeps_the_order(kafka, wire):
    topic = await wire.create(partitions=3)
    async with producer(kafka, enable_idempotence=True, linger_ms=2, max_batch_size=500) as sends:
        futures = [await sends.send(topic, b"%d" % n, partition=n % 3) for n in range(3000)]
        results = await asyncio.gather(*futures)
    assert [result.offset for result in results] == [n // 3 for n in range(3000)]
    async with consumer(kafka, topic) as reads:
        messages = await read(reads, 3000)
    for partition in range(3):
        values = [message.value for message in messages if message.partition == partition]
        assert values == [b"%d" % n for n in range(partition, 3000, 3)]


async def test_batches_built_by_the_caller_are_kept_in_order(kafka, wire):
    topic = await wire.create()
    async with producer(kafka, enable_idempotence=True, acks="all") as sends:
        results = []
        for start in range(0, 500, 50):
            batch = sends.create_batch()
            for number in range(start, start + 50):
                assert batch.append(key=None, value=b"%d" % number, timestamp=None)
            results.append(await sends.send_batch(batch, topic, partition=0))
        done = await asyncio.gather(*results)
    assert [result.offset for result in done] == list(range(0, 500, 50))
