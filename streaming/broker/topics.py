"""Topics and log positions, through aiokafka's clients only, so that any Kafka will do."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError

log: Final = logging.getLogger(__name__)

_TOPIC_EXISTS: Final = 36
_NOT_ALLOWED: Final = (29, 31)  # TOPIC_ and CLUSTER_AUTHORIZATION_FAILED
_MAY_NOT: Final = "Have it done by somebody who may, or get the rights listed in docs/kafka.md."
ANSWER_S: Final = 4.0
_METADATA_S: Final = 15.0


async def ensure_topics(
    kafka: Connection, streams: Mapping[str, int], extra: Sequence[str], replication: int
) -> dict[str, int]:
    """Make topics (name → partitions wanted; `extra` get one) and add partitions where asked.

    Returns the partitions each topic has: Kafka cannot take any away, so an older topic may have
    more than wanted. Raises BrokerError.
    """
    admin = AIOKafkaAdminClient(**kafka.options(), request_timeout_ms=15_000)
    try:
        await admin.start()
        wanted = {**streams, **dict.fromkeys(extra, 1)}
        # Those that are there need no right to make topics: often others have made them.
        there = set(await admin.list_topics())
        await _make(admin, kafka, {n: c for n, c in wanted.items() if n not in there}, replication)
        have = await _partition_counts(admin, dict.fromkeys(wanted, 1))
        more = {n: NewPartitions(c) for n, c in streams.items() if have[n] < c}
        if more:
            await _extend(admin, kafka, more)
            have = await _partition_counts(admin, wanted)
        return {name: have[name] for name in streams}
    except (KafkaError, OSError) as error:
        raise BrokerError(
            kafka.trouble
            or f"The broker at {kafka.bootstrap} does not answer as Kafka does: {error}. "
            "Check that the address is a Kafka listener this client may use."
        ) from error
    finally:
        with contextlib.suppress(Exception):
            await admin.close()


async def check_group(kafka: Connection, group: str) -> None:
    """Find out whether this user may use the consumer group. Raises BrokerError if not.

    Without the right consumers would try to join it for ever.
    """
    admin = AIOKafkaAdminClient(**kafka.options(), request_timeout_ms=15_000)
    try:
        await admin.start()
        await admin.find_coordinator(group)
    except GroupAuthorizationFailedError as error:
        raise BrokerError(
            f"The broker at {kafka.bootstrap} does not let this user into the consumer group "
            f"{group}. {_MAY_NOT}"
        ) from error
    except (KafkaError, OSError) as error:
        # On a new cluster no group has a coordinator yet; the consumers wait for one themselves.
        log.info("no coordinator of group %s yet: %s", group, error)
    finally:
        with contextlib.suppress(Exception):
            await admin.close()


async def _make(admin: Any, kafka: Connection, topics: Mapping[str, int], replication: int) -> None:
    if not topics:
        return
    answer = await admin.create_topics([NewTopic(n, c, replication) for n, c in topics.items()])
    for name, code, *reason in answer.topic_errors:
        if code not in (0, _TOPIC_EXISTS):
            detail = (reason[0] if reason and reason[0] else f"error {code}").rstrip(".")
            what = f"The broker at {kafka.bootstrap} did not make topic {name}: {detail}."
            raise BrokerError(f"{what} {_MAY_NOT}" if code in _NOT_ALLOWED else what)


async def _extend(admin: Any, kafka: Connection, more: Mapping[str, NewPartitions]) -> None:
    try:
        await admin.create_partitions(more)
    except (TopicAuthorizationFailedError, ClusterAuthorizationFailedError) as error:
        raise BrokerError(
            f"The broker at {kafka.bootstrap} lets this user add no partitions to "
            f"{', '.join(more)}. Ask for fewer --shards, or: {_MAY_NOT}"
        ) from error


async def _partition_counts(admin: Any, wanted: Mapping[str, int]) -> dict[str, int]:
    """Partitions per topic, once each has at least as many as wanted."""
    deadline = asyncio.get_running_loop().time() + _METADATA_S
    while True:
        described = await admin.describe_topics(list(wanted))
        have = {topic["topic"]: len(topic["partitions"]) for topic in described}
        if all(have.get(name, 0) >= count for name, count in wanted.items()):
            return have
        if asyncio.get_running_loop().time() > deadline:
            raise BrokerError("The broker does not know the topics it just made.")
        await asyncio.sleep(0.1)


class LogWatch:
    """Asks the broker where each log begins and ends. Never waits longer than a few seconds."""

    def __init__(self, kafka: Connection) -> None:
        self._kafka = kafka
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def ends(
        self, topics: Mapping[str, int], within_s: float = ANSWER_S
    ) -> dict[TopicPartition, int] | None:
        """End offset of each partition of `topics` (name → partitions), None if unknown."""
        return await self._ask("end_offsets", topics, within_s)

    async def begins(self, topics: Mapping[str, int]) -> dict[TopicPartition, int] | None:
        """First retained offset of each partition, None if unknown."""
        return await self._ask("beginning_offsets", topics, ANSWER_S)

    async def _ask(
        self, what: str, topics: Mapping[str, int], within_s: float
    ) -> dict[TopicPartition, int] | None:
        if self._consumer is None and self._kafka.access.resting:
            return None  # refused just now: asking again so soon may lock the account
        asking = asyncio.ensure_future(self._ask_now(what, topics))
        try:
            await asyncio.wait({asking}, timeout=within_s)
        finally:
            asking.cancel()
        if not asking.done():
            return None
        error = asking.exception()
        if error is not None:
            if not isinstance(error, KafkaError | OSError):
                raise error
            log.info("log positions unknown: %s", error)
            await self.close()
            return None
        return asking.result()

    async def _ask_now(self, what: str, topics: Mapping[str, int]) -> dict[TopicPartition, int]:
        async with self._starting:
            if self._consumer is None:
                self._consumer = await self._connect()
        tps = [TopicPartition(name, n) for name, count in topics.items() for n in range(count)]
        return dict(await getattr(self._consumer, what)(tps))

    async def _connect(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            **self._kafka.options(),
            client_id="lag-watch",
            request_timeout_ms=int(ANSWER_S * 1000),
            metadata_max_age_ms=5_000,
            retry_backoff_ms=200,
        )
        try:
            await consumer.start()
        except BaseException:
            with contextlib.suppress(Exception):
                await asyncio.wait_for(consumer.stop(), 2)
            raise
        return consumer

    async def close(self) -> None:
        """Drop the connection; the next question makes a new one."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(BaseException):
                await asyncio.wait_for(consumer.stop(), 2)
