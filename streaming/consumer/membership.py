"""How a consumer is a member of its group."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer

from streaming.broker.connection import Connection
from streaming.consumer.config import WorkerConfig


def group_consumer(config: WorkerConfig, kafka: Connection) -> AIOKafkaConsumer:
    """A client that commits only what it is told to and starts where the store stands."""
    return AIOKafkaConsumer(
        **kafka.options(),
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
