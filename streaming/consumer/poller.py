"""`python -m streaming.consumer.poller NAME`: another application that polls the lab's shards.

It reads every shard as fast as its part of the shard's reads allows, owns nothing and keeps
nothing: what it reads is only counted. It begins where the shards end, and a shard that comes
later at its beginning. It joins no group, as one that lists the shards and asks for iterators.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from typing import Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from streaming import platform
from streaming.broker.connection import Connection
from streaming.broker.wire import Wire
from streaming.consumer.batches import BatchReader, FetchedBatch
from streaming.consumer.ending import close_client, until_the_end
from streaming.consumer.pacing import Pacing
from streaming.lab.channel import Channel, decoder
from streaming.lab.poller_messages import HelloPoller, Polled, Polling
from streaming.logs import to_stderr

log: Final = logging.getLogger(__name__)

TELL_EVERY_S: Final = 0.5
_AGAIN_S: Final = 0.5


class PollerConfig(msgspec.Struct, frozen=True):
    """What such a process is told at its start. `topics` maps stream to topic."""

    name: str
    engine: str
    kafka: Wire
    topics: dict[str, str]


class Poller:
    """Reads what the engine tells it to. `run` returns when the channel closes."""

    def __init__(self, config: PollerConfig, channel: Channel[Polling]) -> None:
        self._config = config
        self._channel = channel
        self._consumer = AIOKafkaConsumer(
            **Connection.received(config.kafka).options(),
            group_id=None,
            client_id=config.name,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=200,
            max_partition_fetch_bytes=512 * 1024,
            metadata_max_age_ms=2_000,
            retry_backoff_ms=200,
        )
        self._pacing = Pacing(config.topics)
        self._reader = BatchReader(self._consumer, pacing=self._pacing)
        self._told: Polling | None = None
        self._next: dict[TopicPartition, int] = {}
        self._newest: dict[TopicPartition, int] = {}
        self._reads = self._bytes = 0

    async def run(self) -> None:
        """Poll until the engine is gone."""
        await self._channel.send(HelloPoller(self._config.name, os.getpid()))
        tasks = {asyncio.create_task(work) for work in (self._hear(), self._poll(), self._tell())}
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=1)

    async def stop(self) -> None:
        """Close the connections; best effort."""
        await close_client(self._consumer)

    async def _hear(self) -> None:
        while True:
            self._told = await self._channel.receive()
            self._pacing.follow(self._told.rules)

    async def _poll(self) -> None:
        while True:
            try:
                await self._consumer.start()
                break
            except KafkaError as error:
                log.warning("cannot reach the broker yet: %s", error)
                await asyncio.sleep(_AGAIN_S)
        while True:
            try:
                await self._follow()
                if self._next:
                    wait_s = min(TELL_EVERY_S, self._pacing.wait_s(time.monotonic()))
                    self._count(await self._reader.poll(wait_s))
                else:
                    await asyncio.sleep(_AGAIN_S)
            except KafkaError as error:
                log.warning("cannot read: %s", error)
                await asyncio.sleep(_AGAIN_S)

    async def _follow(self) -> None:
        """Read all shards that there are now."""
        told, topics = self._told, self._config.topics
        if told is None:
            return
        wanted = {TopicPartition(topics[shard.stream], shard.shard) for shard in told.shards}
        new = wanted - self._next.keys()
        if not new:
            return
        if self._next:
            begins = dict.fromkeys(new, 0)
        else:
            begins = await self._consumer.end_offsets(list(new))
        self._next.update(begins)
        self._consumer.assign(list(self._next))
        for tp, offset in self._next.items():
            self._consumer.seek(tp, offset)

    def _count(self, batches: list[FetchedBatch]) -> None:
        for batch in batches:
            tp = TopicPartition(batch.topic, batch.partition)
            self._next[tp] = batch.next
            self._reads += 1
            self._bytes += batch.bytes
            if batch.records:
                self._newest[tp] = batch.records[-1].timestamp

    async def _tell(self) -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            await self._channel.send(Polled(self._reads, self._bytes, self._age_ms()))

    def _age_ms(self) -> float | None:
        """How old the newest record that was read of a shard is, of the shard furthest behind.

        Of shards that have nothing unread nothing is behind.
        """
        now_ms, ages = time.time() * 1000, [0.0] if self._next else []
        for tp, newest in self._newest.items():
            end = self._consumer.highwater(tp)
            if end is not None and end > self._next[tp]:
                ages.append(now_ms - newest)
        return max(ages, default=None)


async def _main(config: PollerConfig) -> int:
    reader, writer = await platform.connect(config.engine)
    poller = Poller(config, Channel(reader, writer, decoder(Polling)))
    error = await until_the_end(poller.run(), poller.stop())
    if error is not None:
        raise error
    return 0


def main() -> int:
    """Run until the engine lets go."""
    config = msgspec.json.decode(platform.read_config(), type=PollerConfig)
    to_stderr(config.name)
    return asyncio.run(_main(config))


if __name__ == "__main__":
    sys.exit(main())
