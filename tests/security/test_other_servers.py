"""What listens is not always Kafka: one clear text for each, in seconds, and no password sent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from streaming.broker import check as waits
from streaming.broker.check import check
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.broker.security import Security

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
CANARY = "kanarienvogel-7f3a"
PLAIN = {"mechanism": "PLAIN", "username": "lab", "password": CANARY}


@contextlib.asynccontextmanager
async def server(handler: Handler) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server; yields its address and what it was sent."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        read = reader.read

        async def hear(n: int = -1) -> bytes:
            heard.append(await read(n))
            return heard[-1]

        reader.read = hear  # type: ignore[method-assign]
        with contextlib.suppress(ConnectionError):
            await handler(reader, writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}", heard
    finally:
        listening.close()


async def http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Waits for the end of a request's head, as web servers do."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = await reader.read(1000)
        if not part:
            return
        data += part
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await writer.drain()


async def redis(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while b"\n" not in (part := await reader.read(1000)):
        if not part:
            return
    writer.write(b"-ERR unknown command\r\n")
    await writer.drain()


async def ssh(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()
    await reader.read(1000)


async def noise(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1000)
    writer.write(b"\x1b[31m\x00\xff" * 20)
    await writer.drain()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        pass


async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(10)


OTHERS = {
    http: "is an HTTP server, not a Kafka broker",
    redis: "is a Redis server, not a Kafka broker",
    ssh: "is an SSH server, not a Kafka broker",
    noise: "is a server of another kind, not a Kafka broker",
    silent: "takes connections, but does not answer as Kafka does",
    closing: "closes connections without an answer",
}


async def refusal(bootstrap: str, **values: Any) -> str:
    began = time.monotonic()
    with pytest.raises(BrokerError) as error:
        await check(Connection(bootstrap, Security.model_validate(values)))
    assert time.monotonic() - began < 25
    return str(error.value)


async def test_each_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waits, "GREET_S", 3.0)
    monkeypatch.setattr(waits, "OTHERWISE_S", 2.0)

    async def one(handler: Handler, values: dict[str, Any]) -> None:
        async with server(handler) as (address, heard):
            said = await refusal(address, **values)
            assert f"{address} {OTHERS[handler]}" in said, said
            assert "--bootstrap" in said and "\x1b" not in said
            assert heard and CANARY.encode() not in b"".join(heard)

    ways = ({}, {**PLAIN, "protocol": "SASL_PLAINTEXT"}, PLAIN)
    await asyncio.gather(*(one(handler, values) for handler in OTHERS for values in ways))


async def test_a_broker_that_wants_another_tls() -> None:
    async def alert(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x46")  # fatal: protocol_version (RFC 8446, 6.2)
        await writer.drain()

    async with server(alert) as (address, _):
        said = await refusal(address, protocol="SSL")
        assert f"{address} ended the TLS handshake (tlsv1 alert protocol version)" in said
        assert "speaks TLS" in await refusal(address)


async def test_nobody_there_and_no_such_host() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    said = await refusal(f"127.0.0.1:{port},no-such-host.invalid:9092", **PLAIN)
    assert f"127.0.0.1:{port}: connection refused" in said
    assert "no-such-host.invalid:9092: there is no host of this name" in said
    assert said.endswith("embedded broker.")


async def test_no_route_ends_in_about_ten_seconds() -> None:
    """192.0.2.0/24 is for documentation (RFC 5737): nothing answers there."""
    said = await refusal("192.0.2.1:9092")
    assert "No Kafka broker can be reached (192.0.2.1:9092: " in said


async def test_a_server_of_another_kind_does_not_hide_a_broker(embedded_kafka: Any) -> None:
    async with server(closing) as (address, _):
        await check(Connection(f"{address},{embedded_kafka.bootstrap}"))
