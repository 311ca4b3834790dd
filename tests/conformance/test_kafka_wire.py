"""The wire itself: versions, order, strangers on the port, and garbage."""

import asyncio
import random
import struct

import pytest

from streaming.broker.embedded.messages import admin, cluster, data, groups
from tests.broker.support import DEADLINE_S, Wire, make_batch, unique
from tests.conformance.group_wire import subscription
from tests.conformance.support import encoded

# API key: versions that aiokafka 0.14, librdkafka 2 and kafka-python 3 can settle on.
OFFERED = {
    0: (3, 8),
    1: (4, 11),
    2: (1, 5),
    3: (0, 8),
    8: (2, 7),
    9: (1, 5),
    10: (0, 2),
    11: (0, 5),
    12: (0, 3),
    13: (0, 3),
    14: (0, 3),
    15: (0, 4),
    16: (0, 2),
    18: (0, 2),
    19: (2, 4),
    20: (1, 3),
    21: (0, 1),
    22: (0, 1),
    32: (1, 2),
    33: (0, 1),
    37: (0, 1),
    42: (0, 1),
    44: (0, 0),
}


def framed(key, version, body=b"", *, correlation=1, client_id=None):
    name = struct.pack(">h", -1 if client_id is None else len(client_id)) + (client_id or b"")
    payload = struct.pack(">hhi", key, version, correlation) + name + body
    return struct.pack(">i", len(payload)) + payload


async def said(wire, raw):
    """What the broker answers to bytes: a frame without its length, or b"" for a hang-up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    try:
        writer.write(raw)
        async with asyncio.timeout(DEADLINE_S):
            size = await reader.read(4)
            return await reader.readexactly(struct.unpack(">i", size)[0]) if size else b""
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def alive(wire):
    return (await wire.metadata([])).controller_id >= 0


# --- versions and order -------------------------------------------------------------------------


@pytest.mark.parametrize("version", [0, 1, 2])
async def test_the_offer_covers_what_clients_need(wire, version):
    answer = await wire.call(18, version, cluster.ApiVersionsRequest(), cluster.ApiVersionsResponse)
    offer = {one.api_key: (one.min_version, one.max_version) for one in answer.apis}
    assert answer.error_code == 0
    for key, (first, last) in OFFERED.items():
        assert offer[key][0] <= first and last <= offer[key][1], key


@pytest.mark.parametrize("version", [99, -1])
async def test_an_unknown_version_of_the_question_for_versions_is_answered(wire, version):
    """KIP-511: error 35 in version 0, with the versions of this one API."""
    frame = await said(wire, framed(18, version, b"\0", correlation=7))
    correlation, error, count, key, first, _ = struct.unpack_from(">ihihhh", frame)
    assert (correlation, error, count, key, first) == (7, 35, 1, 18, 0)


@pytest.mark.parametrize(
    ("key", "version"), [(999, 0), (-1, 0), (0, 99), (0, 2), (0, -1), (3, 99), (1, 3)]
)
async def test_an_api_or_version_not_offered_closes_the_connection(wire, key, version):
    assert await said(wire, framed(key, version)) == b""
    assert await alive(wire)


@pytest.mark.parametrize("correlation", [0, -5, 2**31 - 1])
async def test_any_correlation_id_comes_back(wire, correlation):
    frame = await said(wire, framed(18, 0, correlation=correlation))
    assert struct.unpack_from(">i", frame)[0] == correlation


@pytest.mark.parametrize("client_id", [None, b"", "é".encode(), b"\xff\xfe"])
async def test_any_client_id_is_served(wire, client_id):
    frame = await said(wire, framed(18, 0, client_id=client_id))
    assert struct.unpack_from(">ih", frame) == (1, 0)


async def test_bytes_behind_a_request_are_ignored(wire):
    frame = await said(wire, framed(3, 1, struct.pack(">i", 0) + b"more"))
    assert struct.unpack_from(">ii", frame)[0] == 1


async def test_a_name_that_is_no_text_is_an_illegal_name(wire):
    """Topics None, "\xff\xfe" and False for making it: known to nobody, and no hang-up."""
    frame = await said(wire, framed(3, 4, struct.pack(">ih", 1, 2) + b"\xff\xfe\0"))
    assert struct.unpack_from(">i", frame) == (1,)


async def test_requests_sent_at_once_are_answered_in_their_order(wire):
    topic = await wire.create()
    raw = make_batch([b"x"])
    part = data.ProducePartition(index=0, records=raw)
    produce = data.ProduceRequest(
        acks=-1, timeout_ms=1000, topics=[data.ProduceTopic(name=topic, partitions=[part])]
    )
    async with Wire(wire.port) as other:
        for _ in range(20):
            await other.send(0, 8, produce)
            await other.send(1, 11, other.fetch_request(topic, {0: 0}))
        sent = other.correlation
        for number in range(20):
            other.correlation = 2 * number + 1
            answer = await other.receive(8, data.ProduceResponse)
            assert answer.topics[0].partitions[0].base_offset == number
            other.correlation += 1
            answer = await other.receive(11, data.FetchResponse)
            assert answer.topics[0].partitions[0].high_watermark == number + 1
        assert other.correlation == sent


async def test_a_request_may_come_in_pieces(wire):
    raw = framed(18, 0, correlation=9)
    reader, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    for at in range(len(raw)):
        writer.write(raw[at : at + 1])
        await writer.drain()
        await asyncio.sleep(0)
    async with asyncio.timeout(DEADLINE_S):
        (size,) = struct.unpack(">i", await reader.readexactly(4))
        assert struct.unpack_from(">i", await reader.readexactly(size)) == (9,)
    writer.close()


# --- strangers ----------------------------------------------------------------------------------

STRANGE = {
    "a web client": b"GET / HTTP/1.1\r\n\r\n",
    "a negative length": struct.pack(">i", -5),
    "an empty frame": struct.pack(">i", 0),
    "a frame too short": struct.pack(">i", 3) + b"abc",
    "a frame too long": struct.pack(">i", 100 * 2**20 + 1),
    "a client id that is not there": struct.pack(">ihhih", 10, 3, 1, 1, 500),
    "more topics than bytes": framed(3, 1, struct.pack(">i", 2**31 - 1)),
    "a name longer than the frame": framed(3, 1, struct.pack(">ih", 1, 50) + b"abc"),
    "null for a name": framed(3, 4, struct.pack(">ih", 1, -1) + b"\0"),
}


@pytest.mark.parametrize("what", STRANGE)
async def test_what_is_not_kafka_costs_its_own_connection_only(wire, what):
    assert await said(wire, STRANGE[what]) == b""
    assert await alive(wire)


async def test_a_client_that_never_finishes_its_request_holds_nobody_up(wire):
    _, writer = await asyncio.open_connection("127.0.0.1", wire.port)
    writer.write(framed(18, 0)[:8])
    await writer.drain()
    assert await alive(wire)
    writer.close()


async def test_a_client_that_reads_nothing_holds_nobody_up(wire):
    topic = await wire.create(max_message_bytes=4_000_000)
    await wire.produce(topic, make_batch([b"x" * 1_000_000]))
    async with Wire(wire.port) as deaf:
        deaf.reader._transport.pause_reading()
        for _ in range(30):
            await deaf.send(1, 11, deaf.fetch_request(topic, {0: 0}, each=2**22))
        for _ in range(5):
            assert (await wire.list_offset(topic, -1)).offset == 1
    assert await alive(wire)


# --- garbage ------------------------------------------------------------------------------------


def requests(topic, group):
    """A sound request of each kind, to be damaged."""
    part = data.ProducePartition(index=0, records=make_batch([b"value" * 5]))
    join = groups.JoinGroupRequest(
        group_id=group,
        session_timeout_ms=6000,
        rebalance_timeout_ms=6000,
        member_id="",
        protocol_type="consumer",
        protocols=[groups.JoinProtocol(name="range", metadata=subscription(topic))],
    )
    commit = groups.CommitTopic(
        name=topic, partitions=[groups.CommitPartition(index=0, offset=1, metadata="m")]
    )
    change = admin.ConfigChange(name="retention.ms", operation=0, value="1")
    return {
        (0, 8): data.ProduceRequest(
            acks=-1, timeout_ms=10, topics=[data.ProduceTopic(name=topic, partitions=[part])]
        ),
        (1, 11): data.FetchRequest(
            max_wait_ms=0,
            min_bytes=0,
            max_bytes=100,
            topics=[
                data.FetchTopic(
                    name=topic,
                    partitions=[data.FetchPartition(index=0, fetch_offset=0, max_bytes=99)],
                )
            ],
        ),
        (2, 5): data.ListOffsetsRequest(
            topics=[
                data.ListOffsetsTopic(
                    name=topic, partitions=[data.ListOffsetsPartition(index=0, timestamp=-1)]
                )
            ]
        ),
        (3, 8): cluster.MetadataRequest(topics=[topic], allow_auto_topic_creation=False),
        (8, 7): groups.OffsetCommitRequest(
            group_id=group, generation_id=-1, member_id="", topics=[commit]
        ),
        (9, 5): groups.OffsetFetchRequest(group_id=group, topics=None),
        (11, 5): join,
        (15, 4): groups.DescribeGroupsRequest(groups=[group]),
        (44, 0): admin.IncrementalAlterConfigsRequest(
            resources=[admin.ChangeConfigsResource(kind=2, name=topic, configs=[change])],
            validate_only=True,
        ),
    }


async def shoot(wire, frames):
    """Send each frame on a connection of its own and hang up without reading."""
    for raw in frames:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", wire.port)
            writer.write(raw)
            await writer.drain()
            writer.close()
        except ConnectionError:
            continue


async def unharmed(wire, topic):
    part = (await wire.fetch(topic, {0: 0}))[0]
    assert bytes(part.records)[61:] == make_batch([b"kept"])[61:]
    assert await alive(wire)


async def test_random_frames_harm_nobody(wire):
    topic = await wire.create()
    await wire.produce(topic, make_batch([b"kept"]))
    dice = random.Random(1)
    keys = [key for key in OFFERED if key not in (3, 19)]  # these would make topics of any name
    frames = []
    for _ in range(150):
        key = dice.choice(keys)
        version = dice.randint(*OFFERED[key])
        frames.append(framed(key, version, dice.randbytes(dice.randint(0, 80))))
    await shoot(wire, frames)
    await unharmed(wire, topic)


async def test_bytes_that_are_no_frames_harm_nobody(wire):
    """Their first four are a length beyond the limit: Kafka makes room for any below it."""
    topic = await wire.create()
    await wire.produce(topic, make_batch([b"kept"]))
    dice = random.Random(2)
    first = range(0x10, 0x100)
    raw = [bytes([dice.choice(first)]) + dice.randbytes(dice.randint(3, 300)) for _ in range(100)]
    await shoot(wire, raw)
    await unharmed(wire, topic)


@pytest.mark.parametrize("seed", range(3))
async def test_damaged_requests_harm_nobody(wire, seed):
    """Sound requests of every kind for another topic, with bytes changed, cut or put in."""
    kept, topic, group = await wire.create(), await wire.create(), await wire.group()
    await wire.produce(kept, make_batch([b"kept"]))
    dice = random.Random(seed)
    frames = []
    for (key, version), request in requests(topic, group).items():
        body = encoded(request, version)
        for _ in range(12):
            damaged = bytearray(body)
            for _ in range(dice.randint(1, 3)):
                at = dice.randrange(len(damaged) or 1)
                match dice.randrange(3):
                    case 0:
                        damaged[at : at + 1] = dice.randbytes(1)
                    case 1:
                        del damaged[at : at + dice.randint(1, 8)]
                    case _:
                        damaged[at:at] = dice.randbytes(dice.randint(1, 8))
            frames.append(framed(key, version, bytes(damaged)))
    await shoot(wire, frames)
    await unharmed(wire, kept)


async def test_a_request_cut_anywhere_harms_nobody(wire):
    topic, group = await wire.create(), await wire.group()
    await wire.produce(topic, make_batch([b"kept"]))
    other = await wire.create()
    for (key, version), request in requests(other, group).items():
        body = encoded(request, version)
        cuts = range(0, len(body), max(len(body) // 8, 1))
        await shoot(wire, [framed(key, version, body[:at]) for at in cuts])
    await unharmed(wire, topic)


async def test_many_connections_are_served_at_once(wire):
    topic = await wire.create()
    await wire.produce(topic, make_batch([b"x"]))

    async def one(number):
        async with Wire(wire.port, f"client-{number}") as client:
            return (await client.list_offset(topic, -1)).offset

    assert await asyncio.gather(*(one(number) for number in range(100))) == [1] * 100


async def test_clients_that_come_and_go_leave_nothing(wire):
    for _ in range(200):
        _, writer = await asyncio.open_connection("127.0.0.1", wire.port)
        writer.transport.abort()
    assert await alive(wire)
    assert (await wire.metadata([unique()])).topics[0].error_code == 3
