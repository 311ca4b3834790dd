"""Tells Kafka how far the store is, for lag and for other tools; nothing resumes from it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

log: Final = logging.getLogger(__name__)

_DEADLINE_S: Final = 5.0


class Commits:
    """At most one commit at a time; failures don't matter."""

    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer
        self._task: asyncio.Task[None] | None = None
        self._waiting: dict[TopicPartition, int] = {}

    def add(self, offsets: dict[TopicPartition, int]) -> None:
        """Commit these soon."""
        self._waiting.update(offsets)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._commit())

    def forget(self, partitions: Iterable[TopicPartition]) -> None:
        """Leave out what was not committed yet of these: others have them now."""
        for tp in partitions:
            self._waiting.pop(tp, None)

    async def _commit(self) -> None:
        while self._waiting:
            assigned = self._consumer.assignment()
            offsets = {tp: o for tp, o in self._waiting.items() if tp in assigned}
            self._waiting.clear()
            if not offsets:
                return
            committing = asyncio.ensure_future(self._consumer.commit(offsets))
            await asyncio.wait({committing}, timeout=_DEADLINE_S)
            if not committing.done():
                committing.cancel()
            elif not committing.cancelled() and (error := committing.exception()):
                log.info("offsets not committed to Kafka: %s", error)
