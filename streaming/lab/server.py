"""The engine's end of the channel: consumers, the generators and any number of views."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from streaming import platform
from streaming.lab.channel import Channel, ChannelClosed, decoder
from streaming.lab.commands import CopyStore, Reply
from streaming.lab.control import execute
from streaming.lab.copying import Lent
from streaming.lab.live_consumer import LiveConsumer
from streaming.lab.messages import (
    Answer,
    Ask,
    Claim,
    ConsumerState,
    Follow,
    Handover,
    HelloClient,
    HelloConsumer,
    Reading,
    Tick,
)
from streaming.lab.poller_messages import HelloPoller, Polled
from streaming.lab.producer_messages import HelloProducer, Order, ProducerStats, Tell, Told
from streaming.lab.snapshot import LabSnapshot

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

log: Final = logging.getLogger(__name__)

ToEngine: TypeAlias = (
    HelloConsumer
    | Claim
    | Handover
    | ConsumerState
    | HelloPoller
    | Polled
    | HelloProducer
    | ProducerStats
    | Told
    | HelloClient
    | Ask
)
"""What may come over a connection to the engine."""

_TELL_WAIT_S: Final = 5.0
_SLOW_VIEW_S: Final = 2.0


class Server:
    """Accepts connections and routes their messages."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._server: asyncio.Server | None = None
        self._views: set[Channel[Any]] = set()
        self._sending: dict[Channel[Any], asyncio.Task[None]] = {}
        self._asked: set[asyncio.Task[None]] = set()
        self._lent = Lent()
        self._generator: Channel[Any] | None = None
        self._told: dict[int, asyncio.Future[Reply]] = {}
        self._number = 0
        self.consumers: dict[str, LiveConsumer] = {}

    async def open(self, address: str) -> str:
        """Listen; returns the address to connect to."""
        self._server, actual = await platform.serve(self._serve, address)
        return actual

    async def close(self) -> None:
        """Close every connection."""
        if self._server is not None:
            self._server.close()
        for view in list(self._views):
            await view.close()

    async def publish(self, snapshot: LabSnapshot) -> None:
        """Send the newest snapshot to every view; a slow one misses some rather than queue up."""
        for view in list(self._views):
            task = self._sending.get(view)
            if task is not None and not task.done():
                continue
            self._sending[view] = asyncio.create_task(self._send(view, snapshot))

    async def _send(self, view: Channel[Any], snapshot: LabSnapshot) -> None:
        try:
            await view.send(Tick(snapshot))
        except ChannelClosed:
            self._views.discard(view)

    async def flush(self) -> None:
        """Give the last snapshot a moment to get out."""
        pending = {task for task in self._sending.values() if not task.done()}
        if pending:
            await asyncio.wait(pending, timeout=_SLOW_VIEW_S)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        channel: Channel[Any] = Channel(reader, writer, decoder(ToEngine))
        try:
            match await channel.receive():
                case HelloConsumer(name, _):
                    await self._serve_consumer(name, channel)
                case HelloPoller(name, _):
                    await self._engine.applications.serve(name, channel)
                case HelloProducer():
                    await self._serve_generator(channel)
                case HelloClient():
                    await self._serve_view(channel)
                case _:
                    log.warning("a connection did not say who it is")
        except ChannelClosed as error:
            log.debug("connection ended: %s", error)
        except asyncio.CancelledError:
            pass
        finally:
            await channel.close()

    async def _serve_consumer(self, name: str, channel: Channel[Any]) -> None:
        engine = self._engine
        live = self.consumers[name] = LiveConsumer(channel)
        try:
            while True:
                message = await channel.receive()
                if engine.merger is None or engine.store is None:
                    return
                ledger = engine.store.ledger
                if isinstance(message, Claim):
                    engine.rebalances.claimed(name, message, time.monotonic(), ledger)
                    await engine.merger.put((name, channel), message)
                elif isinstance(message, Handover):
                    live.handed(message)
                    await engine.merger.put((name, channel), message)
                elif isinstance(message, ConsumerState):
                    live.state = message.state
                    if message.lets_go or message.state == "joining":
                        shards = {(shard.stream, shard.shard) for shard in message.lets_go}
                        engine.rebalances.letting_go(name, shards, time.monotonic(), ledger)
        finally:
            if self.consumers.get(name) is live:
                del self.consumers[name]
                if engine.merger is not None and engine.store is not None:
                    engine.rebalances.gone(name, time.monotonic(), engine.store.ledger)
                    engine.merger.gone((name, channel))

    async def tell_consumers(self, message: Reading | Follow) -> None:
        """Tell every consumer how to read."""
        for live in list(self.consumers.values()):
            with contextlib.suppress(ChannelClosed):
                await live.channel.send(message)

    async def _serve_generator(self, channel: Channel[Any]) -> None:
        engine = self._engine
        self._generator = channel
        try:
            while True:
                message = await channel.receive()
                if isinstance(message, ProducerStats):
                    engine.crew.take(message)
                elif isinstance(message, Told):
                    waiting = self._told.pop(message.number, None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(message.reply)
        finally:
            if self._generator is channel:
                self._generator = None

    async def tell(self, command: Order) -> Reply:
        """Give the generators an order."""
        channel = self._generator
        if channel is None:
            return Reply(False, "the generators are not running just now; try again")
        self._number += 1
        number = self._number
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._told[number] = future
        try:
            await channel.send(Tell(number, command))
            return await asyncio.wait_for(future, _TELL_WAIT_S)
        except (ChannelClosed, TimeoutError):
            return Reply(False, "the generators did not answer; try again")
        finally:
            self._told.pop(number, None)

    async def _serve_view(self, channel: Channel[Any]) -> None:
        self._views.add(channel)
        self._lent.joined(channel)
        try:
            await channel.send(Tick(self._engine.snapshot()))
            while True:
                message = await channel.receive()
                if isinstance(message, Ask):
                    task = asyncio.create_task(self._answer(channel, message))
                    self._asked.add(task)
                    task.add_done_callback(self._asked.discard)
        finally:
            self._views.discard(channel)
            self._sending.pop(channel, None)
            self._lent.left(channel)

    async def _answer(self, channel: Channel[Any], ask: Ask) -> None:
        try:
            reply = await execute(self._engine, ask.command)
        except Exception as error:
            log.exception("command failed")
            reply = Reply(False, f"{type(ask.command).__name__} failed: {error}")
        if isinstance(ask.command, CopyStore):
            self._lent.lend(channel, reply)
        try:
            await channel.send(Answer(ask.number, reply))
        except ChannelClosed:
            return
