"""How a consumer is a member of its group.

Eager (`range`, `roundrobin`): at each rebalance all members let go of everything and are given
their shares anew. Cooperative (`cooperative-sticky`, KIP-429): they let go of what changes hands.
All members of a group go by one of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaError

from streaming.broker.connection import Connection
from streaming.consumer.config import WorkerConfig
from streaming.consumer.cooperative import COOPERATIVE_STICKY, CooperativeConsumer

log: Final = logging.getLogger(__name__)

RETRY_S: Final = 0.5

_EAGER: Final = {"range": RangePartitionAssignor, "roundrobin": RoundRobinPartitionAssignor}


def group_consumer(config: WorkerConfig, kafka: Connection) -> AIOKafkaConsumer:
    """A client that commits only what it is told to and starts where the store stands."""
    options: dict[str, Any] = kafka.options()
    if config.assignor == COOPERATIVE_STICKY:
        made = CooperativeConsumer
    else:
        made = AIOKafkaConsumer
        options["partition_assignment_strategy"] = (_EAGER[config.assignor],)
    return made(
        **options,
        group_id=config.group,
        client_id=config.name,
        enable_auto_commit=False,
        auto_offset_reset="none",
        session_timeout_ms=config.session_timeout_ms,
        heartbeat_interval_ms=max(200, config.session_timeout_ms // 12),
        max_poll_interval_ms=300_000,
        rebalance_timeout_ms=max(config.session_timeout_ms, 6000),
        request_timeout_ms=40_000,
        fetch_max_wait_ms=200,
        fetch_max_bytes=8 * 1024 * 1024,
        max_partition_fetch_bytes=512 * 1024,
        metadata_max_age_ms=2_000,  # how soon it reads partitions that were added
        retry_backoff_ms=200,
    )


async def join(
    consumer: AIOKafkaConsumer, topics: Collection[str], listener: ConsumerRebalanceListener
) -> None:
    """Connect, however long the broker takes to be there, and be a member from then on."""
    while True:
        try:
            await consumer.start()
            break
        except KafkaError as error:
            log.warning("cannot reach the broker yet: %s", error)
            await asyncio.sleep(RETRY_S)
    consumer.subscribe(topics=list(topics), listener=listener)
