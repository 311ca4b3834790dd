"""Other applications that poll the shards: processes that share the shards' reads with the lab.

Of `readers` applications the lab is one; each of the others is a process of its own
(`consumer/poller.py`). They own no shard and write nothing anywhere.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from streaming.consumer.poller import PollerConfig
from streaming.lab.channel import Channel, ChannelClosed
from streaming.lab.crew import APPLICATION
from streaming.lab.messages import ReadRule, ShardId
from streaming.lab.poller_messages import Polled, Polling
from streaming.lab.rate import Growth
from streaming.lab.snapshot import ApplicationView
from streaming.lab.supervisor import Child

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

PAUSE_S: Final = 0.5


class _Live:
    """What one that is connected has read, over all its starts."""

    def __init__(self) -> None:
        self.channel: Channel[Any] | None = None
        self.reads, self.bytes = Growth(), Growth()
        self.age_ms: float | None = None


class Applications:
    """As many as there have to be, each told what to read and how."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._live: dict[str, _Live] = {}
        self._told = Polling((), ())
        self._changing = asyncio.Lock()

    async def enforce(self) -> None:
        """Have as many as the lab shares its reads with, and let them read by the same limits."""
        plans = tuple(self._engine.switchboard.plans.values())
        if any(plan.shard_map is None for plan in plans) or not plans:
            return
        reading = self._engine.reading
        async with self._changing:
            await self._have(reading.readers - 1)
        # With fan-out the lab takes nothing of what they share.
        sharing = max(1, reading.readers - reading.fan_out)
        told = Polling(
            tuple(ShardId(plan.stream, n) for plan in plans for n in range(plan.shards)),
            tuple(ReadRule(plan.stream, plan.limits, sharing, False) for plan in plans),
        )
        if told != self._told:
            self._told = told
            for live in self._live.values():
                await self._tell(live)

    async def _have(self, count: int) -> None:
        supervisor = self._engine.crew.supervisor
        names = [f"{APPLICATION}{number}" for number in range(1, count + 1)]
        gone = [name for name in self._live if name not in names]
        for name in gone:
            del self._live[name]
        if gone:
            await supervisor.dismiss(*gone)
        for name in names:
            if name not in self._live:
                self._live[name] = _Live()
                self._start(name)

    def _start(self, name: str) -> None:
        engine = self._engine

        async def config() -> PollerConfig:
            wire = engine.backend.connection.wire()
            return PollerConfig(name, engine.address, wire, engine.topics)

        engine.crew.supervisor.keep(name, "streaming.consumer.poller", config, lambda: PAUSE_S)

    async def _tell(self, live: _Live) -> None:
        if live.channel is not None:
            with contextlib.suppress(ChannelClosed):
                await live.channel.send(self._told)

    async def serve(self, name: str, channel: Channel[Any]) -> None:
        """Follow one that said who it is, until its connection closes."""
        live = self._live.get(name)
        if live is None:
            return
        live.channel = channel
        try:
            await self._tell(live)
            while True:
                message = await channel.receive()
                if isinstance(message, Polled):
                    live.reads.update(message.reads)
                    live.bytes.update(message.bytes)
                    live.age_ms = message.age_ms
        finally:
            if live.channel is channel:
                live.channel, live.age_ms = None, None

    def views(self) -> tuple[ApplicationView, ...]:
        """What is shown of them."""
        return tuple(
            ApplicationView(
                name=name,
                pid=child.pid,
                reads_per_s=live.reads.rate.per_s() if live.channel is not None else None,
                bytes_per_s=live.bytes.rate.per_s() if live.channel is not None else None,
                age_ms=live.age_ms,
                restarts=child.restarts,
            )
            for name, live, child in self._running()
        )

    def _running(self) -> Sequence[tuple[str, _Live, Child]]:
        children = self._engine.crew.supervisor.children
        return [(n, live, children[n]) for n, live in self._live.items() if n in children]
