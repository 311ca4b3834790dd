"""aiokafka's clients under planted faults: nothing lost, nothing doubled, all in order."""

import asyncio
import contextlib

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from streaming.broker.backend import BrokerError, Embedded
from streaming.broker.embedded.faults import Drop, Fault, Latency, Pause, Refuse, Tear, Throttle
from streaming.broker.embedded.keys import ApiKey
from streaming.broker.orders import OrderError
from tests.broker.support import Wire, unique, until

PARTITIONS = 3
RECORDS = 300
BACKOFF_MS = 20

ANY = {
    "latency": Latency(ms=60),
    "throttle": Throttle(ms=60),
    "not leader": Refuse(code=6),
    "lost answer": Drop(),
    "lost request": Drop(carried_out=False),
    "torn length": Tear(after_bytes=3),
    "torn answer": Tear(after_bytes=21),
}
PRODUCE = ANY | {"lying timeout": Refuse(code=7, carried_out=True), "no replicas": Refuse(code=19)}


@pytest.fixture
async def topic(steered):
    async with Wire(steered.port) as wire:
        yield await wire.create(unique(), PARTITIONS)
    steered.lift()


async def produce(steered, topic, records=RECORDS):
    producer = AIOKafkaProducer(
        bootstrap_servers=steered.bootstrap,
        enable_idempotence=True,
        retry_backoff_ms=BACKOFF_MS,
        request_timeout_ms=3000,
        linger_ms=1,
    )
    await producer.start()
    try:
        for first in range(0, records, 30):
            sent = [
                await producer.send(topic, b"%d" % number, partition=number % PARTITIONS)
                for number in range(first, min(first + 30, records))
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


async def log_of(steered, topic):
    """All values of each partition, read without faults."""
    parts = [TopicPartition(topic, index) for index in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(bootstrap_servers=steered.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        found = {index: [] for index in range(PARTITIONS)}
        while sum(map(len, found.values())) < sum(ends.values()):
            record = await consumer.getone()
            found[record.partition].append(int(record.value))
        return found
    finally:
        await consumer.stop()


def whole(records=RECORDS):
    return {index: list(range(index, records, PARTITIONS)) for index in range(PARTITIONS)}


@pytest.mark.parametrize("effect", PRODUCE.values(), ids=PRODUCE)
async def test_an_idempotent_producer_loses_and_doubles_nothing(steered, topic, effect):
    number = steered.plant(effect, apis=(ApiKey.PRODUCE,), every=3)
    await produce(steered, topic)
    assert steered.struck(number) >= 2
    steered.lift()
    assert await log_of(steered, topic) == whole()


async def test_an_idempotent_producer_outlives_a_pause(steered, topic):
    number = steered.plant(Pause(), for_ms=700)
    await produce(steered, topic)
    assert steered.struck(number) >= 1
    assert await log_of(steered, topic) == whole()


CONSUMER_SIDE = {
    **{f"fetch {name}": ((ApiKey.FETCH,), effect) for name, effect in ANY.items()},
    "commit refused": ((ApiKey.OFFSET_COMMIT,), Refuse(code=14)),
    "commit lost": ((ApiKey.OFFSET_COMMIT,), Drop()),
    "heartbeat says rejoin": ((ApiKey.HEARTBEAT,), Refuse(code=27)),
    "no coordinator": ((ApiKey.FIND_COORDINATOR, ApiKey.JOIN_GROUP), Refuse(code=15)),
    "joins lost": ((ApiKey.JOIN_GROUP, ApiKey.SYNC_GROUP), Drop()),
    "offsets are being loaded": ((ApiKey.OFFSET_FETCH,), Refuse(code=14)),
    "no leader known": ((ApiKey.METADATA,), Refuse(code=5)),
    "everything slow": ((), Latency(ms=30)),
}


@pytest.mark.parametrize(("apis", "effect"), CONSUMER_SIDE.values(), ids=CONSUMER_SIDE)
async def test_a_group_member_reads_all_in_order(steered, topic, apis, effect):
    await produce(steered, topic)
    every = 2 if apis else 1
    number = steered.plant(effect, apis=apis, every=every, times=12)
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=steered.bootstrap,
        group_id=unique("g"),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=50,
        retry_backoff_ms=BACKOFF_MS,
        max_partition_fetch_bytes=600,
        fetch_max_wait_ms=50,
    )
    await consumer.start()
    found = {index: [] for index in range(PARTITIONS)}
    try:

        async def read():
            while sum(map(len, found.values())) < RECORDS:
                for part, records in (await consumer.getmany(timeout_ms=100)).items():
                    found[part.partition] += [int(record.value) for record in records]
                with contextlib.suppress(KafkaError):  # the next one covers it
                    await consumer.commit()

        await asyncio.wait_for(read(), 60)
        await until(lambda: steered.struck(number) >= 1)
    finally:
        steered.lift()
        # aiokafka lets out the cancellation of its own fetch that waits to try again.
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()
    for values in found.values():
        # A rejoin resumes at the last commit: what was read after it comes again, in order.
        assert [v for at, v in enumerate(values) if v not in values[:at]] == sorted(set(values))
    assert {index: sorted(set(values)) for index, values in found.items()} == whole()


# --- through the backend ----------------------------------------------------------------------


async def test_the_backend_plants_lifts_and_says_when_it_cannot(tmp_path):
    embedded = Embedded(tmp_path / "data", tmp_path / "broker.log", lambda *_: None)
    await embedded.start()
    try:
        port = int(embedded.connection.bootstrap.rsplit(":", 1)[1])
        orders = embedded.orders
        number = await orders.plant(
            Fault(effect=Refuse(code=6), apis=(ApiKey.LIST_OFFSETS,), times=1)
        )
        with pytest.raises(OrderError, match="named APIs"):
            await orders.plant(Fault(effect=Refuse(code=6)))
        async with Wire(port) as wire:
            await wire.create("t")
            codes = [(await wire.list_offset("t", -1)).error_code for _ in range(2)]
        assert codes == [6, 0]
        pause = await orders.plant(Fault(effect=Pause()))
        states = {state.id: state for state in await orders.faults()}
        assert (states[number].struck, states[number].active) == (1, False)
        assert states[pause].active
        assert not any(state.active for state in await orders.lift())
        embedded.kill()
        with pytest.raises((OrderError, BrokerError)):
            while True:
                await embedded.orders.faults()
        await until(lambda: embedded.restarts == 1 and embedded.state == "up")
        assert await embedded.orders.faults() == [], "faults end with the process"
    finally:
        await embedded.stop()
    with pytest.raises(BrokerError):
        _ = embedded.orders
