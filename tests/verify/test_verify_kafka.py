"""The Kafka log source against the embedded broker."""

import asyncio
import json
import socket
import sys

import pytest
from aiokafka import AIOKafkaProducer

from streaming.broker.connection import Connection
from streaming.verify import KafkaLog, VerifyError, verify
from tests.verify.verify_lab import START, kinds


@pytest.fixture
async def bootstrap(tmp_path):
    broker = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "streaming.broker.embedded", "--port", "0", "--data", str(tmp_path),
        "--partitions", "2", "--parent-pipe",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert broker.stdin is not None and broker.stdout is not None
    ready = json.loads(await broker.stdout.readline())
    yield f"{ready['host']}:{ready['port']}"
    broker.stdin.close()
    await broker.wait()


async def fill(bootstrap, lab, count):
    """The same records into the broker as into the lab's own log."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for i in range(count):
            headers = [("label", b"duplicate")] if i == 7 else []
            lab.put("clicks", i % 2, START + i * 10, headers=headers)
        lab.put_dead("clicks", 1, None, "null_value")
        sent = [
            await producer.send(
                "shop.clicks", record.value, key=record.key, partition=shard,
                headers=list(record.headers), timestamp_ms=record.timestamp_ms,
            )
            for (_, shard), records in lab.log.records.items()
            for record in records
        ]  # fmt: skip
        await asyncio.gather(*sent)
    finally:
        await producer.stop()


def plain(records):
    return [record._replace(headers=list(record.headers)) for record in records]


async def test_the_log_of_a_broker(bootstrap, empty):
    topics = {"clicks": "shop.clicks"}
    await fill(bootstrap, empty, 5000)
    empty.settle(START + 50_000)
    async with KafkaLog(Connection(bootstrap), topics) as log:
        assert await log.bounds("clicks") == {0: (0, 2500), 1: (0, 2501)}
        assert await log.bounds("orders") == {}
        ranges = {("clicks", 0): (0, 2500), ("clicks", 1): (10, 2501)}
        read = plain([record async for batch in log.read(ranges) for record in batch])
    mine = empty.log.records
    assert [r for r in read if r.shard == 0] == plain(mine["clicks", 0])
    assert [r for r in read if r.shard == 1] == plain(mine["clicks", 1][10:])
    report = await verify(empty.image(), Connection(bootstrap), topics=topics)
    assert report.ok and (report.records, report.dead) == (5001, 1)
    assert report.planted_duplicates == 1

    empty.con.execute("UPDATE offsets SET next_offset = 2000 WHERE shard = 0")
    report = await verify(empty.image(), Connection(bootstrap), topics=topics)
    assert report.beyond_store == 500 and report.duplicates == 500
    assert report.records == 4501

    empty.con.execute("UPDATE offsets SET next_offset = 2600, acked_end = 2600 WHERE shard = 0")
    report = await verify(empty.image(), Connection(bootstrap), topics=topics)
    assert report.lost == 100 and kinds(report) == {"log_truncated", "acked_missing"}


async def test_a_topic_that_is_not_there_reads_as_an_empty_log(bootstrap, empty):
    empty.put("clicks", 0, START)
    empty.settle(START)
    report = await verify(empty.image(), Connection(bootstrap))
    assert not report.ok and report.lost == 1


async def test_no_progress_is_an_error_and_no_hang(bootstrap, empty):
    await fill(bootstrap, empty, 3)
    async with KafkaLog(Connection(bootstrap), {"clicks": "shop.clicks"}, stall_s=0.6) as log:
        with pytest.raises(VerifyError, match="clicks/0 at offset 2 of 99"):
            [batch async for batch in log.read({("clicks", 0): (0, 99)})]


async def test_nobody_listens(empty):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(VerifyError, match="Is the broker running"):
        await verify(empty.image(), Connection(f"127.0.0.1:{port}"))
