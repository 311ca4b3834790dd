"""The lab's delivery: whole batches through aiokafka, keyed, acks=all, idempotent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from benchmarks.events import PLAN, read_ticks
from benchmarks.side import Clock
from generators.wire import CLICKS
from streaming.broker.connection import Connection
from streaming.producer.delivery import Delivery


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Deliver the clicks of a file until all are acknowledged."""
    return asyncio.run(_run(config, clock))


async def _run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    ticks = read_ticks(Path(config["events"]))
    delivery = Delivery(Connection(config["bootstrap"]), {CLICKS: config["topic"]}, [PLAN])
    await delivery.start()
    clock.start()
    for tick in ticks:
        await delivery.write(tick)
    await delivery.flush()
    clock.stop()
    await delivery.stop()
    return {"records": delivery.acked}
