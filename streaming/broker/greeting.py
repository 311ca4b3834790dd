"""What answers at an address, found out with Kafka's first request, ApiVersions (KIP-35).

Kafka answers it before any login, so it tells a Kafka broker from anything else, and TLS from its
lack, before a password is sent anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
from typing import Final, Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["kafka", "tls", "other", "silent", "closed", "refused"]

_CORRELATION: Final = 0x64_61_73_70
_API_VERSIONS: Final = 18
_SASL_HANDSHAKE: Final = 17
_LONGEST_ANSWER: Final = 1024 * 1024
_NUDGE: Final = b"\r\n\r\n"
_TLS_ALERT: Final = b"\x15\x03"
_BANNERS: Final = {
    b"HTTP/": "an HTTP server",
    b"SSH-": "an SSH server",
    b"-ERR": "a Redis server",
    b"-NOAUTH": "a Redis server",
    b"-DENIED": "a Redis server",
    b"220 ": "a mail or FTP server",
    b"220-": "a mail or FTP server",
    b"AMQP": "an AMQP broker (such as RabbitMQ)",
    b"RFB ": "a VNC server",
}


class Greeting(NamedTuple):
    """What answered; `what` names another kind of server, `error` says what went wrong.

    "tls": it speaks TLS, whether it wants us or not; "refused": no connection could be made.
    """

    kind: Kind
    what: str = ""
    error: BaseException | None = None


async def greet(host: str, port: int, tls: ssl.SSLContext | None, wait_s: float) -> Greeting:
    """Connect, ask, and judge the answer; takes up to twice `wait_s`."""
    try:
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(host, port, ssl=tls), wait_s
        )
    except TimeoutError as error:
        return Greeting("silent", error=error)
    except OSError as error:
        return Greeting("refused", error=error)
    try:
        return await asyncio.wait_for(_judge(reader, writer, wait_s), wait_s)
    except TimeoutError:
        return Greeting("silent")
    except ssl.SSLError as error:  # TLS 1.3 tells of a client's certificate only here
        return Greeting("tls", error=error)
    except OSError as error:
        return Greeting("closed", error=error)
    finally:
        writer.close()


async def mechanisms(host: str, port: int, tls: ssl.SSLContext | None) -> list[str]:
    """The SASL mechanisms a listener offers, [] when it says none. Sends no credentials."""
    with contextlib.suppress(OSError, TimeoutError, ValueError, struct.error):
        async with asyncio.timeout(5):
            reader, writer = await asyncio.open_connection(host, port, ssl=tls)
            try:
                writer.write(_request(_SASL_HANDSHAKE, 1, b"\x00\x01?"))
                answer = await _answer(reader)
            finally:
                writer.close()
            _, count = struct.unpack_from(">hi", answer, 4)
            return _strings(answer[10:], count)
    return []


async def _judge(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait_s: float
) -> Greeting:
    writer.write(_request(_API_VERSIONS, 0, b""))
    try:
        head = await asyncio.wait_for(reader.read(8), wait_s / 2)
    except TimeoutError:
        # Many servers wait for the end of a line.
        writer.write(_NUDGE)
        head = await reader.read(8)
    if not head:
        return Greeting("closed")
    if head.startswith(_TLS_ALERT):
        return Greeting("tls")
    if len(head) == 8 and struct.unpack(">i", head[4:])[0] == _CORRELATION:
        return Greeting("kafka")
    what = next((name for begin, name in _BANNERS.items() if head.startswith(begin)), "")
    return Greeting("other", what)


def _request(key: int, version: int, body: bytes) -> bytes:
    message = struct.pack(">hhih", key, version, _CORRELATION, -1) + body
    return struct.pack(">i", len(message)) + message


async def _answer(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    if not 10 <= size <= _LONGEST_ANSWER:
        raise ValueError("no answer of Kafka's")
    return await reader.readexactly(size)


def _strings(data: bytes, count: int) -> list[str]:
    found: list[str] = []
    at = 0
    for _ in range(min(count, 100)):
        (length,) = struct.unpack_from(">h", data, at)
        text = data[at + 2 : at + 2 + length].decode("utf-8", "replace")
        found.append("".join(c for c in text if c.isprintable())[:40])
        at += 2 + length
    return found
