"""The dead-letter topic: the bytes of records that are no events, with why and where from.

Published before the handover is sent, so at least once; the table `dead_letters` is exact.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from streaming.broker.connection import Connection
from streaming.lab.messages import DeadRow

log: Final = logging.getLogger(__name__)

_DEADLINE_S: Final = 10.0


class DeadLetters:
    """Writes dead letters to their topic; makes its producer when the first one comes."""

    def __init__(self, kafka: Connection, topic: str, topics: Mapping[str, str]) -> None:
        self._kafka = kafka
        self._topic = topic
        self._topics = topics
        self._producer: AIOKafkaProducer | None = None

    async def publish(self, rows: Sequence[DeadRow]) -> None:
        """Publish these rows, or log that the topic does not have them (the table will)."""
        sending = asyncio.ensure_future(self._publish(rows))
        await asyncio.wait({sending}, timeout=_DEADLINE_S)
        if not sending.done():
            sending.cancel()
            log.warning("%d dead letters did not reach the topic in time", len(rows))
        elif error := sending.exception():
            log.warning("%d dead letters did not reach the topic: %s", len(rows), error)
            await self.stop()

    async def _publish(self, rows: Sequence[DeadRow]) -> None:
        if self._producer is None:
            producer = AIOKafkaProducer(
                **self._kafka.options(), acks="all", max_request_size=1024 * 1024
            )
            await producer.start()
            self._producer = producer
        sent = []
        for row in rows:
            source = f"{self._topics[row.stream]}/{row.shard}/{row.offset}"
            headers = [
                ("reason", row.reason.encode()),
                ("detail", row.detail.encode("utf-8", "replace")),
                ("source", source.encode()),
                ("size", str(row.size).encode()),
            ]
            try:
                sent.append(
                    await self._producer.send(
                        self._topic, row.value or b"", key=row.key, headers=headers
                    )
                )
            except KafkaError as error:
                log.warning("dead letter of %s did not reach the topic: %s", source, error)
        await asyncio.gather(*sent)

    async def stop(self) -> None:
        """Close the producer, best effort."""
        producer, self._producer = self._producer, None
        if producer is not None:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.stop(), 2)
