"""The lab's own metrics, measured by the engine on the wall clock.

Alarms watch those of streams and of the lab; detectors these and those of single shards.
"""

from __future__ import annotations

from typing import Final

import msgspec


class Metric(msgspec.Struct, frozen=True):
    """What a metric is. `per` is "shard", "stream" or "lab": it has one value for each, or one."""

    unit: str
    per: str
    text: str


METRICS: Final[dict[str, Metric]] = {
    "ShardLoad": Metric(
        "parts of 1", "stream",
        "the busiest shard's records in as a part of its limit (with limits on)",
    ),
    "ShardSkew": Metric(
        "times", "stream", "records in of the busiest shard over the mean of all"
    ),
    "IncomingRecords": Metric("records/s", "stream", "records that come into the log"),
    "ThrottledRecords": Metric(
        "records/s", "stream", "refused by full shards (ProvisionedThroughputExceeded)"
    ),
    "IteratorAge": Metric(
        "ms", "stream",
        "age of the last record that was read, the worst shard's; 0: all were read",
    ),
    "Lag": Metric("records", "stream", "records in the log that are not stored yet"),
    "LagTime": Metric("ms", "stream", "age of the oldest record that is not stored yet"),
    "LagTrend": Metric("records/s", "stream", "how fast the lag grows (below 0: shrinks)"),
    "WatermarkStuck": Metric(
        "ms", "stream", "how long the watermark has not moved although records came in"
    ),
    "DeadLetters": Metric("records", "lab", "new records that are no events"),
    "LateRecords": Metric("records", "lab", "new records that came too late for their windows"),
    "StoreDelay": Metric("ms", "lab", "the 99th percentile from produce to committed row, so far"),
    "CommitTime": Metric("ms", "lab", "of the last transaction of the store"),
    "GeneratorsBehind": Metric("ms", "lab", "how far the generators trail their schedule"),
}  # fmt: skip

SHARD_METRICS: Final[dict[str, Metric]] = {
    "ShardIncomingRecords": Metric("records/s", "shard", "records that come into the shard"),
    "ShardThrottledRecords": Metric("records/s", "shard", "refused because the shard is full"),
    "ShardIteratorAge": Metric("ms", "shard", "age of the last record that was read; 0: all were"),
    "ShardLag": Metric("records", "shard", "records in the shard that are not stored yet"),
    "ShardLagTime": Metric("ms", "shard", "age of the oldest record that is not stored yet"),
}
"""What detectors can watch of each shard that takes records; its key is STREAM/SHARD."""
