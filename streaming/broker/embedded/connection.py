"""One client's connection: frames in, answers out, one request at a time and in order."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, Final

from streaming.broker.embedded import apis, spoiled
from streaming.broker.embedded.broker import Broker, Call, Peer, PeerGoneError
from streaming.broker.embedded.codec import DecodeError, Message, decode, encode
from streaming.broker.embedded.handlers.produce import ProduceFailedError
from streaming.broker.embedded.keys import ApiKey
from streaming.broker.embedded.lengths import NO_TAGS, skip_tags
from streaming.broker.embedded.spoiled import Outcome

log = logging.getLogger(__name__)

_LENGTH: Final = struct.Struct(">i")
_HEADER: Final = struct.Struct(">hhih")  # API key, version, correlation id, client id's length


class PeerReader(asyncio.StreamReader):
    """A stream that tells its peer at once when the other side hangs up."""

    peer: Peer | None = None

    def feed_eof(self) -> None:
        """The other side is done."""
        super().feed_eof()
        if self.peer is not None:
            self.peer.hang_up()

    def set_exception(self, exc: BaseException | type[BaseException]) -> None:
        """The connection broke."""
        super().set_exception(exc)  # type: ignore[arg-type]
        if self.peer is not None:
            self.peer.hang_up()


@dataclass
class _Answer:
    """The bytes that go out, how long nothing is read then, and whether this was the last one."""

    frame: bytearray | None
    mute_s: float = 0.0
    hang_up: bool = False


class Connection:
    """Serves one client until it hangs up or sends what is not Kafka."""

    def __init__(self, broker: Broker, reader: PeerReader, writer: asyncio.StreamWriter) -> None:
        address = writer.get_extra_info("peername")
        self._broker = broker
        self._reader = reader
        self._writer = writer
        self._peer = Peer(host=str(address[0]) if address else "?")
        reader.peer = self._peer

    async def serve(self) -> None:
        """Return when the connection is over; the next request is read when this one is answered.

        So a client that does not read its answers stops being read, and costs one answer's
        memory.
        """
        try:
            while await self._serve_one():
                pass
        except DecodeError as error:
            log.info("closing a connection from %s: %s", self._peer.host, error)
        except (asyncio.IncompleteReadError, ConnectionError, PeerGoneError, ProduceFailedError):
            pass
        except OSError as error:
            log.info("connection from %s: %s", self._peer.host, error)
        except Exception:
            # A fault of ours must cost this client its connection, not the others theirs.
            log.exception("a request from %s failed", self._peer.host)
        finally:
            self._writer.close()

    async def _serve_one(self) -> bool:
        (size,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        if not _HEADER.size <= size <= self._broker.config.max_frame_bytes:
            raise DecodeError(f"a frame of {size} bytes")
        frame = await self._reader.readexactly(size)
        answer = await self._answer(frame)
        if answer.frame is not None:
            self._writer.write(answer.frame)
            answer.frame = None
            del frame
            await self._writer.drain()
        if answer.mute_s:
            await spoiled.rest(answer.mute_s, self._peer)
        return not answer.hang_up

    async def _answer(self, frame: bytes) -> _Answer:
        key, version, correlation, name_size = _HEADER.unpack_from(frame)
        api = apis.APIS.get(key)
        unknown = key == ApiKey.API_VERSIONS and not 0 <= version <= apis.APIS[key].last
        if unknown:
            api, version = apis.UNKNOWN_API_VERSIONS, 0
        if api is None or not api.first <= version <= api.last:
            raise DecodeError(f"API {key} version {version} is not offered")
        position = _HEADER.size + max(name_size, 0)
        if position > len(frame):
            raise DecodeError(f"a client id of {name_size} bytes")
        client_id = frame[_HEADER.size : position].decode(errors="replace")
        flexible = version >= api.flexible
        if flexible:
            position = skip_tags(frame, position)
        # Kafka reads what it knows and ignores bytes behind it.
        request = decode(api.request, version, frame, position, flexible=flexible, whole=False)
        call = Call(self._peer, version, client_id)
        outcome = await self._carry_out(key, api, request, call)
        answer = _Answer(None, mute_s=outcome.mute_s, hang_up=outcome.cut is not None)
        if outcome.response is not None and outcome.cut != 0:
            whole = _frame(correlation, outcome.response, version, flexible=flexible)
            answer.frame = whole if outcome.cut is None else whole[: outcome.cut]
        return answer

    async def _carry_out(self, key: int, api: apis.Api, request: Any, call: Call) -> Outcome:
        """Handle a request, or show the faults planted for it."""
        faults = self._broker.faults
        begun = faults.next_number

        def handle(asked: Any) -> Awaitable[Message | None]:
            return api.handle(self._broker, asked, call)

        if faults:
            outcome = await spoiled.carry_out(faults, key, request, call, handle)
        else:
            outcome = Outcome(await handle(request))
        if faults:
            late = faults.pauses_since(begun, key, call.client_id, request)
            await spoiled.hold(late, call.peer)
        return outcome


def _frame(
    correlation: int, response: Message, version: int, *, flexible: bool = False
) -> bytearray:
    out = bytearray(8)
    if flexible:
        out += NO_TAGS
    encode(response, version, out, flexible=flexible)
    struct.pack_into(">ii", out, 0, len(out) - 4, correlation)
    return out
