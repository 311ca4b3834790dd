"""Frames between the lab's processes: whole ones arrive, all others end the connection clearly."""

import asyncio
import contextlib
import random

import msgspec
import pytest

from streaming import platform
from streaming.lab import channel as module
from streaming.lab.channel import MAX_FRAME, Channel, ChannelClosed, decoder
from streaming.lab.messages import Claim, HelloConsumer, ShardId
from streaming.lab.server import ToEngine


class Ends:
    """A channel and the raw other end of its connection."""

    async def open(self, address):
        connected = asyncio.get_running_loop().create_future()

        async def accept(reader, writer):
            connected.set_result((reader, writer))

        self.server, address = await platform.serve(accept, address)
        self.reader, self.writer = await platform.connect(address)
        self.channel = Channel(*(await connected), decoder(ToEngine))
        return self

    async def feed(self, data, end=False):
        self.writer.write(data)
        if end:
            self.writer.close()

    async def close(self):
        self.writer.close()
        await self.channel.close()
        self.server.close()


@pytest.fixture
async def ends(tmp_path):
    made = await Ends().open(platform.new_address(tmp_path))
    yield made
    await made.close()


def frame(body):
    return len(body).to_bytes(4, "big") + body


CLAIM = Claim(3, "m", (ShardId("clicks", 1),))
HELLO = HelloConsumer("c-0", 7)


async def test_messages_arrive_in_order_however_they_are_cut(ends):
    encode = msgspec.msgpack.encode
    data, chance = b"".join(frame(encode(m)) for m in (CLAIM, HELLO) * 50), random.Random(2)

    async def trickle():
        at = 0
        while at < len(data):
            size = chance.randrange(1, 90)
            ends.writer.write(data[at : at + size])
            await ends.writer.drain()
            at += size

    feeding = asyncio.create_task(trickle())
    assert [await ends.channel.receive() for _ in range(100)] == [CLAIM, HELLO] * 50
    await feeding


async def test_many_senders_do_not_mix_their_frames(ends):
    other = Channel(ends.reader, ends.writer, decoder(ToEngine))
    texts = [str(n) * 5000 for n in range(10)]
    sending = asyncio.gather(*(other.send(HelloConsumer(t, 1)) for t in texts * 5))
    got = [(await ends.channel.receive()).name for _ in range(50)]
    await sending
    assert sorted(got) == sorted(texts * 5)


async def test_an_oversize_frame_is_refused_before_it_is_read(ends):
    await ends.feed((MAX_FRAME + 1).to_bytes(4, "big"))
    with pytest.raises(ChannelClosed, match=f"{MAX_FRAME + 1} bytes is over the limit"):
        await ends.channel.receive()


GARBAGE = {
    "not msgpack": b"\xc1",
    "empty": b"",
    "json": b'{"type":"Claim"}',
    "wrong type": msgspec.msgpack.encode([1, 2]),
    "unknown tag": msgspec.msgpack.encode({"type": "Nope"}),
    "no tag": msgspec.msgpack.encode({"name": "x", "pid": 1}),
    "missing field": msgspec.msgpack.encode({"type": "HelloConsumer", "name": "x"}),
    "text for a number": msgspec.msgpack.encode({"type": "HelloConsumer", "name": "x", "pid": "1"}),
    "cut": msgspec.msgpack.encode(CLAIM)[:-3],
    "more than one": msgspec.msgpack.encode(CLAIM) * 2,
    "invalid utf-8": b"\x83\xa4type\xadHelloConsumer\xa4name\xa1\xff\xa3pid\x01",
    "four thousand million shards": (
        b"\x84\xa4type\xa5Claim\xaageneration\x01\xa6member\xa1m\xa6shards\xdd\xff\xff\xff\xff"
    ),
    "deep": b"\x82\xa4type\xa5Claim\xa1x" + b"\x91" * 300_000,
    "deep maps": b"\x81\xa1x" * 100_000,
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_closes_with_a_reason(ends, name):
    await ends.feed(frame(GARBAGE[name]))
    with pytest.raises(ChannelClosed, match="not a message of this lab"):
        await ends.channel.receive()


@pytest.mark.parametrize(
    "sent", [b"", b"\0\0", frame(b"x" * 50)[:-1]], ids=["none", "half a head", "half a frame"]
)
async def test_the_peer_ends_in_the_middle(ends, sent):
    await ends.feed(sent, end=True)
    with pytest.raises(ChannelClosed, match="closed the connection"):
        await ends.channel.receive()


async def test_sending_to_a_peer_that_is_gone(ends):
    ends.writer.transport.abort()
    await ends.channel._reader.read()
    with pytest.raises(ChannelClosed):
        while True:
            await ends.channel.send(HelloConsumer("x" * 100_000, 1))


async def test_a_message_over_the_limit_is_not_sent(ends, monkeypatch):
    monkeypatch.setattr(module, "MAX_FRAME", 100)
    with pytest.raises(ValueError, match="over the frame limit"):
        await ends.channel.send(HelloConsumer("x" * 200, 1))
    await ends.channel.send(HELLO)
    size = int.from_bytes(await ends.reader.readexactly(4), "big")
    assert decoder(ToEngine).decode(await ends.reader.readexactly(size)) == HELLO


async def test_a_peer_that_does_not_read_holds_the_sender(ends):
    async def flood():
        while True:
            await ends.channel.send(HelloConsumer("x" * 100_000, 1))

    ends.reader._transport.pause_reading()
    flooding = asyncio.create_task(flood())
    while not ends.channel._sending.locked() or not ends.channel._writer._protocol._paused:
        await asyncio.sleep(0)
        assert not flooding.done()
    assert ends.channel._writer.transport.get_write_buffer_size() < 1_000_000
    flooding.cancel()
    await asyncio.wait({flooding})


async def test_close_never_raises(ends):
    ends.writer.transport.abort()
    await ends.channel.close()
    await ends.channel.close()


# --- loopback with a token, where there are no Unix sockets ---------------------------------


async def test_the_token_opens_the_door():
    ends = await Ends().open("tcp:127.0.0.1:0:secret")
    await ends.feed(frame(msgspec.msgpack.encode(HELLO)))
    assert await ends.channel.receive() == HELLO
    await ends.close()


@pytest.mark.parametrize("said", [b"wrong\n", b"\n", b"secret2\n", b"x" * 200_000, b"\xff\n"])
async def test_without_the_token_the_door_stays_shut(said):
    called = []
    server, address = await platform.serve(
        lambda *pair: called.append(pair), "tcp:127.0.0.1:0:secret"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.split(":")[2]))
    writer.write(said)
    with contextlib.suppress(ConnectionResetError):
        assert await reader.read() == b""
    writer.close()
    server.close()
    assert called == []
