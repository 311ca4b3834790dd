"""aiokafka's clients with what the checks have in common."""

import asyncio
import contextlib
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from tests.broker.support import DEADLINE_S

METADATA_AGE_MS = 200


def producer(kafka, **settings):
    settings = {"metadata_max_age_ms": METADATA_AGE_MS} | settings
    return AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, **settings)


def consumer(kafka, *topics, **settings):
    defaults = {
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "heartbeat_interval_ms": 50,
        "metadata_max_age_ms": METADATA_AGE_MS,
        "fetch_max_wait_ms": 50,
    }
    return AIOKafkaConsumer(*topics, bootstrap_servers=kafka.bootstrap, **(defaults | settings))


@contextlib.asynccontextmanager
async def admin_client(kafka):
    client = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def read(consumer, count):
    """`count` records in the order they came."""
    found = []
    async with asyncio.timeout(DEADLINE_S):
        while len(found) < count:
            for messages in (await consumer.getmany(timeout_ms=100)).values():
                found += messages
    return found


async def owning(consumer, count):
    """Wait until the consumer has `count` partitions."""
    await owning_all({consumer: count})


async def owning_all(counts):
    """Wait until each consumer has as many partitions as `counts` says."""
    end = time.monotonic() + DEADLINE_S
    while any(len(one.assignment()) != count for one, count in counts.items()):
        for one in counts:
            await one.getmany(timeout_ms=10)
        now = [len(one.assignment()) for one in counts]
        assert time.monotonic() < end, f"partitions owned: {now}"
