"""Producers: aiokafka's against a real server, and raw frames for what it never sends."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.structs import OffsetAndMetadata

from streaming.broker.embedded.messages import data
from tests.broker.support import (
    DEADLINE_S,
    BrokerProcess,
    Wire,
    make_batch,
    unique,
    until,
    values_in,
)


async def stored(bootstrap, topic, partitions=1):
    """All values of a topic by partition, in order; checks that offsets have no gaps."""
    parts = [TopicPartition(topic, index) for index in range(partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        found = {index: [] for index in range(partitions)}
        async with asyncio.timeout(DEADLINE_S):
            while sum(map(len, found.values())) < sum(ends.values()):
                for part, messages in (await consumer.getmany(timeout_ms=200)).items():
                    assert messages[0].offset == len(found[part.partition])
                    found[part.partition] += [message.value for message in messages]
        return found
    finally:
        await consumer.stop()


@pytest.mark.parametrize("acks", [0, 1, "all"])
async def test_every_kind_of_acknowledgement_stores_once(shared, wire, acks):
    topic = await wire.create(unique())
    async with AIOKafkaProducer(bootstrap_servers=shared.bootstrap, acks=acks) as producer:
        for number in range(20):
            await producer.send_and_wait(topic, b"%d" % number)

    async def all_there():
        return (await wire.list_offset(topic, -1)).offset == 20

    await until(all_there)
    assert await stored(shared.bootstrap, topic) == {0: [b"%d" % n for n in range(20)]}


async def test_idempotent_producers_keep_the_order_of_every_partition(shared, wire):
    topic = await wire.create(unique(), 3)
    async with AIOKafkaProducer(
        bootstrap_servers=shared.bootstrap, enable_idempotence=True, linger_ms=2, max_batch_size=500
    ) as producer:
        sent = [
            await producer.send(topic, b"%d" % number, partition=number % 3)
            for number in range(3000)
        ]
        results = await asyncio.gather(*sent)
    assert [result.offset for result in results] == [number // 3 for number in range(3000)]
    assert await stored(shared.bootstrap, topic, 3) == {
        part: [b"%d" % number for number in range(part, 3000, 3)] for part in range(3)
    }


@pytest.mark.parametrize("compression", [None, "gzip"])
async def test_batches_built_by_the_caller(shared, wire, compression):
    topic = await wire.create(unique())
    async with AIOKafkaProducer(
        bootstrap_servers=shared.bootstrap,
        enable_idempotence=True,
        acks="all",
        compression_type=compression,
    ) as producer:
        results = []
        for start in range(0, 500, 50):
            batch = producer.create_batch()
            for number in range(start, start + 50):
                assert batch.append(key=None, value=b"%d" % number, timestamp=None)
            results.append(await producer.send_batch(batch, topic, partition=0))
        done = await asyncio.gather(*results)
    assert [result.offset for result in done] == list(range(0, 500, 50))
    assert await stored(shared.bootstrap, topic) == {0: [b"%d" % n for n in range(500)]}


async def test_oversized_batches_are_refused_and_the_topic_may_allow_them(shared, wire):
    small, large = (
        await wire.create(unique()),
        await wire.create(unique(), max_message_bytes=3000000),
    )
    async with AIOKafkaProducer(
        bootstrap_servers=shared.bootstrap, max_request_size=4_000_000, max_batch_size=4_000_000
    ) as producer:
        await producer.send_and_wait(small, b"x" * 1_048_000)
        with pytest.raises(MessageSizeTooLargeError):
            await producer.send_and_wait(small, b"x" * 2_000_000)
        await producer.send_and_wait(large, b"x" * 2_000_000)
    assert (await wire.list_offset(small, -1)).offset == 1


async def test_damaged_batches_are_refused(wire):
    topic = await wire.create(unique())
    raw = bytearray(make_batch([b"value" * 5]))
    raw[-3] ^= 0xFF
    refused = await wire.produce(topic, raw)
    assert refused.error_code == 2 and "CRC" in refused.error_message
    assert (await wire.produce(topic, make_batch([b"x"]))).base_offset == 0


@pytest.mark.parametrize("version", range(3, 9))
async def test_every_offered_version_of_produce(wire, version):
    topic = await wire.create(unique())
    await wire.produce(topic, make_batch([b"a", b"b"]), version=version)
    done = await wire.produce(topic, make_batch([b"c"]), version=version)
    assert (done.error_code, done.base_offset) == (0, 2)


async def test_unknown_topics_partitions_and_acks_are_refused(wire):
    topic = await wire.create(unique())
    good = make_batch([b"x"])
    assert (await wire.produce(unique("none"), good)).error_code == 3
    assert (await wire.produce(topic, good, partition=1)).error_code == 3
    assert (await wire.produce(topic, good, partition=-1)).error_code == 3
    assert (await wire.produce(topic, good, acks=2)).error_code == 21
    assert (await wire.list_offset(topic, -1)).offset == 0


async def test_a_refusal_without_acknowledgements_closes_the_connection(shared, wire):
    async with Wire(shared.port) as other:
        part = data.ProducePartition(index=0, records=b"nonsense")
        request = data.ProduceRequest(
            acks=0, timeout_ms=1, topics=[data.ProduceTopic(name="none", partitions=[part])]
        )
        await other.send(0, 8, request)
        async with asyncio.timeout(DEADLINE_S):
            assert await other.reader.read() == b""
    await wire.create(unique())


async def test_a_repeat_after_a_lost_answer_is_stored_once(broker):
    async with Wire(broker.port) as wire:
        topic = await wire.create(unique())
        answer = await wire.call(
            22, 1, data.InitProducerIdRequest(transaction_timeout_ms=1), data.InitProducerIdResponse
        )
        ids = {"producer_id": answer.producer_id, "epoch": answer.producer_epoch}
        batches = [make_batch([b"%d" % n, b"x"], sequence=2 * n, **ids) for n in range(3)]
        for number, raw in enumerate(batches):
            assert (await wire.produce(topic, raw)).base_offset == 2 * number
        assert (await wire.produce(topic, batches[1])).base_offset == 2
        ahead = make_batch([b"gap"], sequence=9, **ids)
        assert (await wire.produce(topic, ahead)).error_code == 45
    broker.kill()
    broker.start()
    async with Wire(broker.port) as wire:
        assert (await wire.produce(topic, batches[2])).base_offset == 4, "known after kill -9"
        assert (await wire.produce(topic, ahead)).error_code == 45
        after = make_batch([b"next"], sequence=6, **ids)
        assert (await wire.produce(topic, after)).base_offset == 6
        again = await wire.call(
            22, 1, data.InitProducerIdRequest(transaction_timeout_ms=1), data.InitProducerIdResponse
        )
        assert again.producer_id > ids["producer_id"], "no id is given out twice"
        records = (await wire.fetch(topic, {0: 0}))[0].records
    assert [value for _, value in values_in(records)] == [
        b"0", b"x", b"1", b"x", b"2", b"x", b"next"
    ]  # fmt: skip


async def test_an_answer_lost_on_the_way_to_aiokafka_is_not_a_second_record(tmp_path):
    """The answer to a Produce is thrown away with its connection; the producer sends again."""
    topic = unique()
    tasks, armed, dropped = [], asyncio.Event(), asyncio.Event()

    async def pipe(reader, writer, *, answers):
        try:
            while chunk := await reader.read(65536):
                if answers and armed.is_set() and not dropped.is_set() and topic.encode() in chunk:
                    dropped.set()
                    break
                writer.write(chunk)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def connect(reader, writer):
        up_reader, up_writer = await asyncio.open_connection("127.0.0.1", broker.port)
        tasks.append(asyncio.create_task(pipe(reader, up_writer, answers=False)))
        tasks.append(asyncio.create_task(pipe(up_reader, writer, answers=True)))

    proxy = await asyncio.start_server(connect, "127.0.0.1", 0)
    through = str(proxy.sockets[0].getsockname()[1])
    broker = BrokerProcess(tmp_path / "data", "--advertised-port", through).start()
    producer = AIOKafkaProducer(
        bootstrap_servers=f"127.0.0.1:{through}", enable_idempotence=True, retry_backoff_ms=10
    )
    await producer.start()
    try:
        await producer.send_and_wait(topic, b"0", partition=0)
        armed.set()
        sent = [await producer.send(topic, b"%d" % n, partition=0) for n in range(1, 30)]
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*sent)
        assert dropped.is_set(), "the test dropped nothing"
        async with Wire(broker.port) as wire:
            (part,) = await wire.fetch(topic, {0: 0})
        assert values_in(part.records) == [(n, b"%d" % n) for n in range(30)]
    finally:
        await producer.stop()
        proxy.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        broker.stop()


async def test_transactions_are_refused_at_once(shared):
    producer = AIOKafkaProducer(bootstrap_servers=shared.bootstrap, transactional_id=unique("tx"))
    with pytest.raises(KafkaError):
        async with asyncio.timeout(DEADLINE_S):
            await producer.start()
    await producer.client.close()


async def test_partitions_are_added_under_a_running_producer_and_consumer(shared, wire):
    from streaming.broker.embedded.messages import admin

    topic, group = await wire.create(unique(), 2), unique("g")
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=shared.bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        metadata_max_age_ms=100,
        heartbeat_interval_ms=50,
    )
    async with (
        AIOKafkaProducer(bootstrap_servers=shared.bootstrap, metadata_max_age_ms=100) as producer,
        consumer,
    ):
        await producer.send_and_wait(topic, b"before", partition=1)
        request = admin.CreatePartitionsRequest(
            topics=[admin.NewPartitions(name=topic, count=4)], timeout_ms=1
        )
        answer = await wire.call(37, 1, request, admin.CreatePartitionsResponse)
        assert answer.topics[0].error_code == 0

        async def seen():
            return len(await producer.partitions_for(topic)) == 4

        await until(seen)
        await producer.send_and_wait(topic, b"after", partition=3)
        got = []
        async with asyncio.timeout(DEADLINE_S):
            while len(got) < 2:
                for messages in (await consumer.getmany(timeout_ms=50)).values():
                    got += [message.value for message in messages]
        assert sorted(got) == [b"after", b"before"]
        await consumer.commit({TopicPartition(topic, 3): OffsetAndMetadata(1, "")})
    fewer = admin.CreatePartitionsRequest(
        topics=[admin.NewPartitions(name=topic, count=4)], timeout_ms=1
    )
    answer = await wire.call(37, 1, fewer, admin.CreatePartitionsResponse)
    assert answer.topics[0].error_code == 37
