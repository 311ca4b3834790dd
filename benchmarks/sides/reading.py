"""The consumer that both sides of the consumer row read with: same client, same settings."""

from __future__ import annotations

from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

DUCKDB: Final = {"threads": "1", "memory_limit": "512MB"}


def new_consumer(bootstrap: str) -> AIOKafkaConsumer:
    """A consumer without a group, with the fetch sizes of the lab's workers."""
    return AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        fetch_max_wait_ms=200,
        fetch_max_bytes=8 * 1024 * 1024,
        max_partition_fetch_bytes=512 * 1024,
    )


def read_from_start(consumer: AIOKafkaConsumer, topic: str, shards: int) -> None:
    """Assign all partitions, each from its first record."""
    tps = [TopicPartition(topic, shard) for shard in range(shards)]
    consumer.assign(tps)
    for tp in tps:
        consumer.seek(tp, 0)
