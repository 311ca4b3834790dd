"""Planted faults on the raw wire: what each does to an answer, which requests it strikes."""

import asyncio
import struct
import time

import pytest

from streaming.broker.embedded.faults import Drop, Latency, Pause, Refuse, Tear, Throttle
from streaming.broker.embedded.keys import ApiKey
from streaming.broker.embedded.messages import cluster, data, groups
from tests.broker.support import Wire, make_batch, unique, until, values_in

NOT_LEADER = 6
TIMED_OUT = 7
LOADING = 14


@pytest.fixture
async def wire(steered):
    async with Wire(steered.port) as client:
        yield client
    steered.lift()


@pytest.fixture
async def other(steered):
    async with Wire(steered.port, "other") as client:
        yield client


async def end_of(wire, topic, partition=0):
    return (await wire.list_offset(topic, -1, partition)).offset


async def ended(wire):
    async with asyncio.timeout(30):
        return await wire.reader.read()


async def send_batch(wire, topic, value=b"v"):
    part = data.ProducePartition(index=0, records=make_batch([value]))
    topics = [data.ProduceTopic(name=topic, partitions=[part])]
    await wire.send(0, 8, data.ProduceRequest(acks=-1, timeout_ms=1000, topics=topics))


async def test_latency_holds_the_answer_not_the_work(steered, wire, other):
    topic = await wire.create(unique())
    steered.plant(Latency(ms=400), apis=(ApiKey.PRODUCE,))
    began = time.monotonic()
    await send_batch(wire, topic)

    async def written():
        return await end_of(other, topic) == 1

    await until(written)
    assert time.monotonic() - began < 0.4, "another client sees the record before the answer"
    answer = await wire.receive(8, data.ProduceResponse)
    assert time.monotonic() - began >= 0.4
    assert answer.topics[0].partitions[0].error_code == 0


async def test_throttling_is_said_and_the_connection_is_not_read_meanwhile(steered, wire):
    topic = await wire.create(unique())
    steered.plant(Throttle(ms=300), apis=(ApiKey.LIST_OFFSETS,), times=1)
    part = data.ListOffsetsPartition(index=0, timestamp=-1)
    topics = [data.ListOffsetsTopic(name=topic, partitions=[part])]
    request = data.ListOffsetsRequest(topics=topics)
    said = [(await wire.call(2, 5, request, data.ListOffsetsResponse)).throttle_time_ms]
    began = time.monotonic()
    said.append((await wire.call(2, 5, request, data.ListOffsetsResponse)).throttle_time_ms)
    assert said == [300, 0]
    assert time.monotonic() - began >= 0.25


@pytest.mark.parametrize("carried_out", [False, True])
async def test_an_error_in_some_partitions_leaves_the_others_alone(steered, wire, carried_out):
    topic = await wire.create(unique(), 3)
    steered.plant(
        Refuse(code=NOT_LEADER, carried_out=carried_out),
        apis=(ApiKey.PRODUCE,),
        topics=(topic,),
        partitions=(1,),
    )
    parts = [data.ProducePartition(index=i, records=make_batch([b"v"])) for i in range(3)]
    topics = [data.ProduceTopic(name=topic, partitions=parts)]
    request = data.ProduceRequest(acks=-1, timeout_ms=1000, topics=topics)
    answer = await wire.call(0, 8, request, data.ProduceResponse)
    codes = {part.index: part.error_code for part in answer.topics[0].partitions}
    assert codes == {0: 0, 1: NOT_LEADER, 2: 0}
    ends = [await end_of(wire, topic, i) for i in range(3)]
    assert ends == [1, int(carried_out), 1]


async def test_a_refused_fetch_answers_at_once_without_records(steered, wire):
    topic = await wire.create(unique(), 2)
    for partition in (0, 1):
        await wire.produce(topic, make_batch([b"v"]), partition)
    steered.plant(Refuse(code=NOT_LEADER), apis=(ApiKey.FETCH,), partitions=(0,))
    both = await wire.fetch(topic, {0: 0, 1: 0}, wait_ms=60_000)
    found = {part.index: (part.error_code, bytes(part.records)) for part in both}
    assert found[0] == (NOT_LEADER, b"")
    assert found[1][0] == 0 and values_in(found[1][1]) == [(0, b"v")]
    (alone,) = await wire.fetch(topic, {0: 0}, wait_ms=60_000)
    assert alone.error_code == NOT_LEADER


@pytest.mark.parametrize(
    ("key", "version", "request_", "kind"),
    [
        (
            ApiKey.HEARTBEAT,
            3,
            groups.HeartbeatRequest(group_id="g", generation_id=1, member_id="m"),
            groups.HeartbeatResponse,
        ),
        (
            ApiKey.FIND_COORDINATOR,
            2,
            cluster.FindCoordinatorRequest(key="g"),
            cluster.FindCoordinatorResponse,
        ),
        (
            ApiKey.OFFSET_FETCH,
            5,
            groups.OffsetFetchRequest(group_id="g", topics=None),
            groups.OffsetFetchResponse,
        ),
        (
            ApiKey.INIT_PRODUCER_ID,
            1,
            data.InitProducerIdRequest(transaction_timeout_ms=1),
            data.InitProducerIdResponse,
        ),
    ],
)
async def test_an_error_for_the_whole_request(steered, wire, key, version, request_, kind):
    steered.plant(Refuse(code=LOADING), apis=(key,), times=1)
    first = await wire.call(key, version, request_, kind)
    second = await wire.call(key, version, request_, kind)
    assert first.error_code == LOADING != second.error_code


async def test_metadata_without_a_leader(steered, wire):
    topic = await wire.create(unique(), 2)
    request = cluster.MetadataRequest(topics=[topic])
    steered.plant(Refuse(code=5), apis=(ApiKey.METADATA,), topics=(topic,), partitions=(1,))
    (found,) = (await wire.call(3, 8, request, cluster.MetadataResponse)).topics
    assert [(part.error_code, part.leader_id) for part in found.partitions] == [(0, 1), (5, -1)]
    steered.lift()
    steered.plant(Refuse(code=3), apis=(ApiKey.METADATA,), topics=(topic,))
    (found,) = (await wire.call(3, 8, request, cluster.MetadataResponse)).topics
    assert (found.error_code, found.partitions) == (3, [])


async def test_a_lie_about_an_unanswered_produce_closes_the_connection(steered, wire, other):
    topic = await wire.create(unique())
    steered.plant(Refuse(code=TIMED_OUT, carried_out=True), apis=(ApiKey.PRODUCE,))
    part = data.ProducePartition(index=0, records=make_batch([b"v"]))
    topics = [data.ProduceTopic(name=topic, partitions=[part])]
    await other.send(0, 8, data.ProduceRequest(acks=0, timeout_ms=1000, topics=topics))
    assert await ended(other) == b""
    assert await end_of(wire, topic) == 1


@pytest.mark.parametrize("carried_out", [True, False])
async def test_a_dropped_connection_instead_of_an_answer(steered, wire, other, carried_out):
    topic = await wire.create(unique())
    steered.plant(Drop(carried_out=carried_out), apis=(ApiKey.PRODUCE,), times=1)
    await send_batch(other, topic)
    assert await ended(other) == b""
    assert await end_of(wire, topic) == int(carried_out)


@pytest.mark.parametrize("after_bytes", [0, 3, 4, 20, 10_000])
async def test_a_torn_answer(steered, wire, other, after_bytes):
    topic = await wire.create(unique())
    await wire.produce(topic, make_batch([b"x" * 500]))
    request = wire.fetch_request(topic, {0: 0})
    other.correlation = wire.correlation  # answers of equal requests are equal
    await wire.send(1, 11, request)
    size = await wire.reader.readexactly(4)
    whole = size + await wire.reader.readexactly(int.from_bytes(size, "big"))
    steered.plant(Tear(after_bytes=after_bytes), apis=(ApiKey.FETCH,), times=1)
    await other.send(1, 11, request)
    assert await ended(other) == whole[:after_bytes]


async def test_a_pause_begins_nothing_and_ends_when_it_is_lifted(steered, wire, other):
    topic = await wire.create(unique())
    number = steered.plant(Pause(), client_ids=("oth*",))
    await send_batch(other, topic)

    async def held():
        return steered.struck(number) == 1

    await until(held)
    assert await end_of(wire, topic) == 0, "and clients it is not for go on"
    steered.lift(number)
    answer = await other.receive(8, data.ProduceResponse)
    assert answer.topics[0].partitions[0].error_code == 0
    assert await end_of(wire, topic) == 1


async def test_a_pause_holds_the_answer_of_a_request_that_waits_already(steered, wire, other):
    topic = await wire.create(unique())
    await other.send(1, 11, other.fetch_request(topic, {0: 0}, wait_ms=60_000))
    await end_of(wire, topic)
    number = steered.plant(Pause(), apis=(ApiKey.FETCH,))
    await wire.produce(topic, make_batch([b"v"]))

    async def held():
        return steered.struck(number) == 1

    await until(held)
    reading = asyncio.create_task(other.receive(11, data.FetchResponse))
    await end_of(wire, topic)
    assert not reading.done()
    steered.lift(number)
    (part,) = (await reading).topics[0].partitions
    assert values_in(part.records) == [(0, b"v")]


async def test_a_pause_holds_the_first_question_of_any_client(steered, wire, other):
    """Newer clients ask in a version that is answered with the known ones alone (KIP-511)."""
    number = steered.plant(Pause(), client_ids=("new",))
    body = struct.pack(">hhih", 18, 4, 77, 3) + b"new" + b"\x00\x05name\x02v\x00"
    other.writer.write(struct.pack(">i", len(body)) + body)

    async def held():
        return steered.struck(number) == 1

    await until(held)
    reading = asyncio.create_task(other.reader.readexactly(10))
    await wire.create(unique())
    assert not reading.done()
    steered.lift(number)
    assert struct.unpack(">iih", await reading)[1:] == (77, 35)


async def test_a_client_that_hangs_up_in_a_pause_is_forgotten(steered, wire):
    topic = await wire.create(unique())
    number = steered.plant(Pause(), client_ids=("gone",))
    async with Wire(steered.port, "gone") as gone:
        await send_batch(gone, topic)

        async def held():
            return steered.struck(number) == 1

        await until(held)
        gone.writer.close()
        await gone.writer.wait_closed()
    await end_of(wire, topic)  # by then the server has seen the end of the other connection
    steered.lift(number)
    for _ in range(3):
        assert await end_of(wire, topic) == 0


async def test_how_often_and_how_long(steered, wire):
    topic = await wire.create(unique())
    number = steered.plant(Refuse(code=NOT_LEADER), apis=(ApiKey.LIST_OFFSETS,), every=3, times=2)
    codes = [(await wire.list_offset(topic, -1)).error_code for _ in range(10)]
    assert codes == [0, 0, NOT_LEADER, 0, 0, NOT_LEADER, 0, 0, 0, 0]
    states = {state["id"]: state for state in steered.lift(0)}
    assert (states[number]["struck"], states[number]["active"]) == (2, False)
    steered.plant(Refuse(code=NOT_LEADER), apis=(ApiKey.LIST_OFFSETS,), for_ms=150)
    assert (await wire.list_offset(topic, -1)).error_code == NOT_LEADER

    async def over():
        return (await wire.list_offset(topic, -1)).error_code == 0

    await until(over)


async def test_faults_for_other_topics_and_clients_do_not_strike(steered, wire, other):
    topic, spared = await wire.create(unique()), await wire.create(unique())
    steered.plant(Refuse(code=NOT_LEADER), apis=(ApiKey.LIST_OFFSETS,), topics=(topic,))
    steered.plant(Drop(), client_ids=("other",), apis=(ApiKey.LIST_OFFSETS,))
    assert (await wire.list_offset(topic, -1)).error_code == NOT_LEADER
    assert (await wire.list_offset(spared, -1)).error_code == 0
    part = data.ListOffsetsPartition(index=0, timestamp=-1)
    topics = [data.ListOffsetsTopic(name=spared, partitions=[part])]
    await other.send(2, 5, data.ListOffsetsRequest(topics=topics))
    assert await ended(other) == b""


@pytest.mark.parametrize(
    "line",
    [
        b"hello",
        b"{}",
        b'{"op": "stop", "n": 1}',
        b'{"op": "plant", "n": 1, "fault": {"effect": {"kind": "fire"}}}',
        b'{"op": "plant", "n": 1, "fault": {"effect": {"kind": "latency", "ms": -1}}}',
        b'{"op": "plant", "n": 1, "fault": {"effect": {"kind": "error", "code": 6}}}',
        b'{"op": "plant", "n": 1, "fault": {"effect": {"kind": "drop"}, "every": 0}}',
        b'{"op": "plant", "n": 1, "fault": {"effect": {"kind": "drop"}, "apis": [999]}}',
        b'{"op": "plant", "n": 1, "fault": {"effect": {"kind": "error", "code": 6}, "apis": [18]}}',
        b"\xff\xfe",
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_with_the_reason(steered, wire, line):
    answer = steered.order(line)
    assert answer["error"] and answer["id"] is None
    assert not any(state["active"] for state in steered.lift(0))
    await wire.create(unique())


async def test_there_is_a_limit_of_faults(steered, wire):
    for _ in range(50):
        steered.plant(Latency(ms=0), client_ids=("nobody",))
    answer = steered.order(b'{"op": "plant", "n": 1, "fault": {"effect": {"kind": "drop"}}}')
    assert "too many" in answer["error"]
    steered.lift()
    steered.plant(Latency(ms=0))
    await wire.create(unique())


def test_an_endless_line_is_dropped(steered):
    steered.process.stdin.write(b"x" * 2**20)
    assert steered.order(b"")["error"]
    assert steered.order(b'{"op": "faults", "n": 4}')["n"] == 4


def test_without_control_standard_input_orders_nothing(broker):
    broker.process.stdin.write(b'{"op": "plant", "n": 1, "fault": {"effect": {"kind": "drop"}}}\n')
    broker.process.stdin.flush()
    assert broker.stop() == 0
