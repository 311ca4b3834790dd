"""Producers: aiokafka's against a real server, and raw frames for what it never sends."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streaming.broker.embedded.messages import data
from tests.broker.support import (
    DEADLINE_S,
    BrokerProcess,
    Wire,
    make_batch,
    unique,
    values_in,
)


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
