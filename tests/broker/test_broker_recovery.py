"""Hard ends: what was acknowledged is there, in order, once."""

import asyncio
import random
import sys

import pytest
from aiokafka import AIOKafkaProducer

from tests.broker.support import DEADLINE_S, Wire, make_batch, unique, until, values_in


async def everything(port, topic, partition=0):
    found, offset = [], 0
    async with Wire(port) as wire:
        end = (await wire.list_offset(topic, -1, partition)).offset
        while offset < end:
            (part,) = await wire.fetch(topic, {partition: offset}, each=2**22)
            found += values_in(part.records)
            offset = found[-1][0] + 1
    assert [at for at, _ in found] == list(range(end)), "offsets without gaps"
    return [value for _, value in found]


@pytest.mark.parametrize("seed", range(3))
async def test_kill_in_the_middle_of_producing(broker, seed):
    """One idempotent producer sends on while the server is killed and started again, thrice."""
    topic = unique()
    async with Wire(broker.port) as wire:
        await wire.create(topic, 2, internal_segment_bytes=50_000)
    broker.arguments = ("--port", str(broker.port))
    producer = AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap,
        enable_idempotence=True,
        retry_backoff_ms=20,
        max_batch_size=2000,
        linger_ms=1,
    )
    await producer.start()
    acked = {0: {}, 1: {}}
    dice = random.Random(seed)
    enough = asyncio.Event()
    sent = []

    def note(partition, number):
        def done(future):
            acked[partition][number] = future.result().offset

        return done

    async def send_all():
        while not enough.is_set():
            number = len(sent)
            future = await producer.send(topic, b"%06d" % number, partition=number % 2)
            future.add_done_callback(note(number % 2, number))
            sent.append(future)
        await asyncio.gather(*sent)

    def stored_so_far():
        return sum(map(len, acked.values()))

    sending = asyncio.create_task(send_all())
    for _ in range(3):
        goal = stored_so_far() + dice.randint(300, 1200)
        await until(lambda goal=goal: stored_so_far() > goal or sending.done())
        assert not sending.done()
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
    enough.set()
    async with asyncio.timeout(2 * DEADLINE_S):
        await sending
    await producer.stop()
    broker.kill()
    broker.start()
    for partition in range(2):
        stored = await everything(broker.port, topic, partition)
        assert stored == [b"%06d" % n for n in range(partition, len(sent), 2)]
        for number, offset in acked[partition].items():
            assert stored[offset] == b"%06d" % number


async def test_a_torn_tail_is_cut_and_the_rest_is_served(broker):
    topic = unique()
    async with Wire(broker.port) as wire:
        await wire.create(topic)
        for number in range(5):
            await wire.produce(topic, make_batch([b"%d" % number]))
    broker.kill()
    (log,) = broker.folder.glob(f"topics/{topic}-0/*.log")
    raw = log.read_bytes()
    log.write_bytes(raw + raw[: len(raw) // 5 - 7])
    broker.start()
    assert await everything(broker.port, topic) == [b"%d" % n for n in range(5)]
    async with Wire(broker.port) as wire:
        assert (await wire.produce(topic, make_batch([b"5"]))).base_offset == 5
    assert len(await everything(broker.port, topic)) == 6


async def test_a_clean_stop_needs_no_scan_and_keeps_all(broker):
    topic = unique()
    async with Wire(broker.port) as wire:
        await wire.create(topic, internal_segment_bytes=2000)
        for number in range(50):
            await wire.produce(topic, make_batch([b"%d" % number] * 3))
    assert broker.stop() == 0
    folder = broker.folder / "topics" / f"{topic}-0"
    logs = {path.stem for path in folder.glob("*.log")}
    assert logs == {path.stem for path in folder.glob("*.summary")} and len(logs) > 2
    broker.start()
    assert await everything(broker.port, topic) == [b"%d" % (n // 3) for n in range(150)]


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
async def test_a_full_disk_refuses_and_goes_on_when_there_is_room(broker):
    import resource

    topic = unique()
    async with Wire(broker.port) as wire:
        await wire.create(topic)
        assert (await wire.produce(topic, make_batch([b"x" * 1000]))).error_code == 0
        _, hard = resource.prlimit(broker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (1500, hard))
        refused = await wire.produce(topic, make_batch([b"y" * 1000]))
        assert refused.error_code == 56 and "cannot write" in refused.error_message
        assert (await wire.list_offset(topic, -1)).offset == 1
        (part,) = await wire.fetch(topic, {0: 0})
        assert len(values_in(part.records)) == 1
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert (await wire.produce(topic, make_batch([b"z"]))).base_offset == 1
    broker.kill()
    broker.start()
    assert await everything(broker.port, topic) == [b"x" * 1000, b"z"]


@pytest.mark.skipif(sys.platform != "linux", reason="needs prlimit")
async def test_an_idempotent_producer_waits_out_a_full_disk(broker):
    import resource

    topic = unique()
    async with Wire(broker.port) as wire:
        await wire.create(topic)
    async with AIOKafkaProducer(
        bootstrap_servers=broker.bootstrap, enable_idempotence=True, retry_backoff_ms=20
    ) as producer:
        await producer.send_and_wait(topic, b"0" * 500)
        _, hard = resource.prlimit(broker.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (700, hard))
        waits = await producer.send(topic, b"1" * 500)
        async with Wire(broker.port) as wire:
            refused = await wire.produce(topic, make_batch([b"x" * 500]))
        assert refused.error_code == 56 and not waits.done()
        resource.prlimit(broker.pid, resource.RLIMIT_FSIZE, (hard, hard))
        async with asyncio.timeout(DEADLINE_S):
            await waits
            await producer.send_and_wait(topic, b"2")
    assert await everything(broker.port, topic) == [b"0" * 500, b"1" * 500, b"2"]
