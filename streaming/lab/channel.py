"""Framed messages between the lab's processes: four bytes of length, then msgpack.

One side sends structs of one tagged union, the other decodes that union, so a wrong or hostile
frame is a clear error and never code. Frames are at most 64 MiB.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any, Final, Generic, TypeVar

import msgspec

MAX_FRAME: Final = 64 * 1024 * 1024
_LENGTH: Final = 4

T = TypeVar("T")
_encoder: Final = msgspec.msgpack.Encoder()


class ChannelClosed(ConnectionError):
    """The other side is gone, or it sent something that is no message of ours."""


class Channel(Generic[T]):
    """One connection that receives messages of type T and sends any struct.

    `send` waits while the peer does not read (back-pressure, not growth).
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        decoder: msgspec.msgpack.Decoder[T],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = decoder
        self._sending = asyncio.Lock()

    async def send(self, message: msgspec.Struct) -> None:
        """Send one message. Raises ChannelClosed when the peer is gone."""
        body = _encoder.encode(message)
        if len(body) > MAX_FRAME:
            raise ValueError(f"message of {len(body)} bytes is over the frame limit")
        try:
            async with self._sending:
                self._writer.write(len(body).to_bytes(_LENGTH, "big"))
                self._writer.write(body)
                await self._writer.drain()
        except (OSError, RuntimeError) as error:
            raise ChannelClosed(str(error)) from error

    async def receive(self) -> T:
        """The next message. Raises ChannelClosed at the end of the stream or on a bad frame."""
        try:
            size = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
            body = await self._reader.readexactly(size) if size <= MAX_FRAME else None
        except (asyncio.IncompleteReadError, OSError) as error:
            raise ChannelClosed("the other side closed the connection") from error
        if body is None:
            raise ChannelClosed(f"frame of {size} bytes is over the limit")
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ChannelClosed(f"not a message of this lab: {error}") from error

    async def close(self) -> None:
        """Close the connection; never raises."""
        with contextlib.suppress(Exception):
            self._writer.close()
            await asyncio.wait_for(self._writer.wait_closed(), 1)


def decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    """A decoder for a union of tagged structs."""
    return msgspec.msgpack.Decoder(kind)
