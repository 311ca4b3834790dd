"""Key strategies tried out as one would first write it: record by record."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import md5
from typing import Any

from aiokafka.partitioner import murmur2

from benchmarks.side import Clock
from benchmarks.whatif import COUNTS, KEYS, sample_lines
from streaming.shards.keys import CONSTANT_KEY, event_field


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Hash each key of each record, once for all numbers of shards."""
    events = [json.loads(line) for line in sample_lines(config["records"])]
    kinesis = config["view"] == "kinesis"
    hottest = []
    clock.start()
    for key in KEYS:
        loads: list[Counter[int]] = [Counter() for _ in COUNTS]
        for event in events:
            data = _key(key, event).encode()
            number = int(md5(data).hexdigest(), 16) if kinesis else murmur2(data) & 0x7FFFFFFF  # noqa: S324
            for count, load in zip(COUNTS, loads, strict=True):
                load[
                    min(number // (2**128 // count), count - 1) if kinesis else number % count
                ] += 1
        hottest += [max(load.values()) for load in loads]
    clock.stop()
    return {"records": len(events) * len(KEYS) * len(COUNTS), "hottest": hottest}


def _key(key: str, event: dict[str, Any]) -> str:
    if key == "constant":
        return CONSTANT_KEY
    if key.startswith("{"):
        return key.format(**event)
    return str(event[event_field(key)])
