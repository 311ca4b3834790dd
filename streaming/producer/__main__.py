"""`python -m streaming.producer NAME`: the generator process of the lab.

Makes the shop's events tick by tick on their schedule and delivers them. When it falls behind
(slow broker, too high a rate) it goes on without pause and says how far behind it is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from typing import Final

import msgspec
from aiokafka.errors import KafkaError

from generators.incidents import KINDS
from generators.shop import Shop, ShopConfig
from generators.traffic import SHAPES
from streaming import platform
from streaming.broker.connection import Connection
from streaming.lab.channel import Channel, ChannelClosed, decoder
from streaming.lab.commands import Inject, Reply, SetRate, SetShape, StopTraffic
from streaming.lab.producer_messages import (
    Adopt,
    HelloProducer,
    Hold,
    Order,
    ProducerStats,
    Tell,
    Told,
    Truth,
)
from streaming.logs import to_stderr
from streaming.producer.config import ProducerConfig
from streaming.producer.delivery import Delivery, DeliveryFailed

log: Final = logging.getLogger(__name__)

STATS_EVERY_S: Final = 0.2

TICK_MS: Final = 50
MOST_TICK_MS: Final = 250
"""Event time of a tick: the faster it goes, the longer, so that ticks stay few a second."""


class Generator:
    """Drives a shop on the lab's clock."""

    def __init__(self, config: ProducerConfig, channel: Channel[Tell]) -> None:
        self.config = config
        self._channel = channel
        kafka = Connection.received(config.kafka)
        self._delivery = Delivery(kafka, config.topics, config.plans, config.seed)
        self._state = "starting"
        self._rate = config.rate
        self._shape = config.shape
        self._behind_ms = 0.0
        self._shop: Shop | None = None
        self._planned = list(config.incidents)
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Produce until stopped; then report until the engine lets go. Raises DeliveryFailed."""
        await self._channel.send(HelloProducer(os.getpid(), self.config.incarnation))
        hearing = asyncio.create_task(self._hear())
        reporting = asyncio.create_task(self._report())
        try:
            await self._connect()
            await self._produce()
            await self._delivery.flush()
            self._state = "done"
            await self._send_stats()
            await asyncio.wait({hearing, reporting}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hearing.cancel()
            reporting.cancel()
            with contextlib.suppress(ChannelClosed):
                await self._send_stats()
            await self._delivery.stop()

    async def _connect(self) -> None:
        while True:
            try:
                await self._delivery.start()
                return
            except KafkaError as error:
                log.warning("cannot reach the broker yet: %s", error)
                await asyncio.sleep(0.3)

    async def _produce(self) -> None:
        clock, duration_s = self.config.clock, self.config.duration_s
        start_ms = int(clock.event(time.time() * 1000))
        self._shop = shop = Shop(
            ShopConfig(
                seed=self.config.seed,
                rate=self._rate / clock.speed,
                shape=self._shape,
                streams=tuple(self.config.topics),
                incarnation=self.config.incarnation,
                tick_ms=round(min(MOST_TICK_MS, max(TICK_MS, TICK_MS * clock.speed))),
            ),
            start_ms,
        )
        end_ms = start_ms + duration_s * 1000 * clock.speed if duration_s else None
        self._state = "running"
        while not self._stopping.is_set():
            if end_ms is not None and shop.next_tick_ms > end_ms:
                return
            self._behind_ms = time.time() * 1000 - clock.wall(shop.next_tick_ms)
            if self._behind_ms < 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), -self._behind_ms / 1000)
                continue
            self._plant_due(shop)
            await self._delivery.write(shop.tick())

    def _plant_due(self, shop: Shop) -> None:
        """Plant what is to begin with the next tick, or was under way when this process began."""
        now_ms = shop.next_tick_ms - shop.tick_ms
        while self._planned:
            planned = self._planned[0]
            start_ms = self.config.origin_ms + planned.start_s * 1000
            if start_ms > now_ms:
                return
            self._planned.pop(0)
            left_s = planned.length_s - (now_ms - start_ms) / 1000
            if left_s > 0:
                shop.plant(planned.kind, left_s, planned.intensity)

    async def _hear(self) -> None:
        while True:
            told = await self._channel.receive()
            try:
                reply = await self._obey(told.command)
            except ValueError as error:
                reply = Reply(False, str(error))
            await self._channel.send(Told(told.number, reply))

    async def _obey(self, command: Order) -> Reply:
        match command:
            case Hold():
                return await self._hold()
            case Adopt(plans):
                await self._delivery.adopt(plans)
                return Reply(True, "the plans are followed")
            case StopTraffic():
                self._stopping.set()
                return Reply(True, "traffic stops")
            case SetRate(per_s):
                self._rate = per_s
                if self._shop is not None:
                    self._shop.set_rate(per_s / self.config.clock.speed)
                return Reply(True, f"load is now {per_s:,.0f} records/s")
            case SetShape(shape):
                if shape not in SHAPES:
                    return Reply(False, f"unknown shape {shape!r}; known: {', '.join(SHAPES)}")
                self._shape = shape
                if self._shop is not None:
                    self._shop.set_shape(shape)
                return Reply(True, f"traffic shape is now {shape}")
            case Inject(kind, seconds, intensity):
                if kind not in KINDS:
                    return Reply(False, f"unknown incident {kind!r}; known: {', '.join(KINDS)}")
                if self._shop is None:
                    return Reply(False, "traffic has not started yet")
                self._shop.plant(kind, seconds, intensity)
                return Reply(True, f"planted {kind} for {seconds:g} s")
            case _:
                return Reply(False, f"the generators cannot do {type(command).__name__}")

    async def _hold(self) -> Reply:
        try:
            await self._delivery.hold()
        except TimeoutError:
            return Reply(False, "the broker does not acknowledge what was written; try again")
        except DeliveryFailed as error:
            return Reply(False, str(error))
        return Reply(True, "everything written so far is acknowledged")

    async def _report(self) -> None:
        while True:
            await self._send_stats()
            await asyncio.sleep(STATS_EVERY_S)

    async def _send_stats(self) -> None:
        shop, delivery = self._shop, self._delivery
        planted = shop.ground_truth() if shop else ()
        await self._channel.send(
            ProducerStats(
                state=self._state,
                shape=self._shape,
                target_per_s=self._rate,
                produced=delivery.produced,
                acked=delivery.acked,
                failed=delivery.failed,
                behind_ms=max(0.0, self._behind_ms),
                incidents=shop.active_incidents() if shop else (),
                incident_ends=tuple(
                    int(self.config.clock.wall(end)) for end in (shop.active_ends() if shop else ())
                ),
                acked_ends=delivery.ends(),
                keys=delivery.keys(),
                puts=tuple(delivery.puts()),
                packing=delivery.packing(),
                collection=delivery.collection(),
                truth=tuple(
                    Truth(t.kind, t.start_ts, t.end_ts, t.intensity, t.target, t.count)
                    for t in planted
                ),
            )
        )


async def _main(config: ProducerConfig) -> int:
    reader, writer = await platform.connect(config.engine)
    generator = Generator(config, Channel(reader, writer, decoder(Tell)))
    stop = asyncio.Event()
    platform.on_stop_signals(asyncio.get_running_loop(), stop)
    running = asyncio.create_task(generator.run())
    ends = {running, asyncio.create_task(platform.lifeline()), asyncio.create_task(stop.wait())}
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        running.cancel()
        await asyncio.wait({running}, timeout=5)
        return 0
    error = running.exception()
    if isinstance(error, DeliveryFailed | KafkaError):
        print(f"generator: {error}", file=sys.stderr)  # noqa: T201
        return 1
    if error is not None and not isinstance(error, ChannelClosed):
        raise error
    return 0


def main() -> int:
    """Run until the engine lets go."""
    config = msgspec.json.decode(platform.read_config(), type=ProducerConfig)
    to_stderr("generator")
    return asyncio.run(_main(config))


if __name__ == "__main__":
    sys.exit(main())
