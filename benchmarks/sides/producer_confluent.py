"""librdkafka's `produce()` with its own batching, keyed as Kafka does, acks=all, idempotent.

Without `reports` nothing is called back: nobody counts the acknowledgements, which spares this
side what the lab's delivery does. With it, they are counted per partition.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from benchmarks.events import PLAN, read_ticks
from benchmarks.side import Clock
from streaming.shards.keys import shop


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Produce the clicks of a file and flush."""
    ticks = read_ticks(Path(config["events"]))
    topic, key_of = config["topic"], shop(PLAN.key).of
    producer = Producer(
        {
            "bootstrap.servers": config["bootstrap"],
            "acks": "all",
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "queue.buffering.max.messages": 1_000_000,
        }
    )
    producer.list_topics(topic, timeout=10)
    acked: Counter[int] = Counter()

    def report(error: Any, message: Any) -> None:
        assert error is None, error
        acked[message.partition()] += 1

    callback = report if config["reports"] else None
    records = 0
    clock.start()
    for tick in ticks:
        for record in tick:
            producer.produce(topic, record.value, key_of(record.event), on_delivery=callback)
        records += len(tick)
        producer.poll(0)
    left = producer.flush(120)
    clock.stop()
    assert left == 0, f"{left} records were not acknowledged"
    assert callback is None or sum(acked.values()) == records
    return {"records": records}
