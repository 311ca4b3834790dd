"""The lab's metrics that alarms watch, from one snapshot to the next."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Final, TypeAlias

from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import ShardView, StreamView

RUNNING: Final = ("live", "paused", "draining")
Row: TypeAlias = tuple[str, str, float | None]
"""Metric, what it is of (a stream, a shard, "" the lab), value; None: unknown."""

_OF_SHARD: Final[dict[str, Callable[[ShardView], float | None]]] = {
    "ShardIncomingRecords": lambda shard: shard.in_per_s,
    "ShardThrottledRecords": lambda s: s.kinesis.throttled_per_s if s.kinesis else None,
    "ShardIteratorAge": lambda shard: shard.iterator_age_ms,
    "ShardLag": lambda shard: shard.lag,
    "ShardLagTime": lambda shard: shard.lag_ms,
}


def shard_metrics(s: LabSnapshot, wanted: Collection[str]) -> list[Row]:
    """Those of `alarms.metrics.SHARD_METRICS` that are wanted, of shards that take records."""
    if s.state not in RUNNING:
        return []
    return [
        (metric, f"{stream.name}/{shard.id}", _OF_SHARD[metric](shard))
        for metric in _OF_SHARD
        if metric in wanted
        for stream in s.streams
        for shard in stream.shards
        if shard.state != "closed"
    ]


class LabMetrics:
    """Reads snapshots; remembers what the metrics that are differences need."""

    def __init__(self) -> None:
        self._dead: int | None = None
        self._late: int | None = None
        self._marks: dict[str, tuple[int | None, int]] = {}

    def of(self, s: LabSnapshot) -> list[Row]:
        """All of `alarms.metrics.METRICS`."""
        if s.state not in RUNNING:
            return []
        found = [row for stream in s.streams for row in self._stream(stream, s.at_ms)]
        dead, late = s.store.dead_letters, s.store.late
        found += [
            ("DeadLetters", "", None if self._dead is None else dead - self._dead),
            ("LateRecords", "", None if self._late is None else late - self._late),
            ("StoreDelay", "", s.store.latency_p99_ms),
            ("CommitTime", "", s.store.commit_ms),
            ("GeneratorsBehind", "", s.traffic.behind_ms),
        ]
        self._dead, self._late = dead, late
        return found

    def _stream(self, stream: StreamView, at_ms: int) -> Iterator[Row]:
        name = stream.name
        loads = [s.kinesis.load for s in stream.shards if s.kinesis is not None]
        yield "ShardLoad", name, _worst(loads)
        yield "ShardSkew", name, None if stream.skew is None else stream.skew.max_over_mean
        yield "IncomingRecords", name, stream.in_per_s
        yield "ThrottledRecords", name, stream.throttled_per_s
        yield "IteratorAge", name, _worst([s.iterator_age_ms for s in stream.shards])
        yield "Lag", name, stream.lag
        yield "LagTime", name, stream.lag_ms
        yield "LagTrend", name, _sum([s.lag_per_s for s in stream.shards])
        yield "WatermarkStuck", name, self._stuck_ms(stream, at_ms)

    def _stuck_ms(self, stream: StreamView, at_ms: int) -> float | None:
        """How long the watermark has stood although records came in."""
        mark = stream.watermark_at_ms
        before, since = self._marks.get(stream.name, (None, at_ms))
        if mark is None or mark != before or not stream.in_per_s:
            since = at_ms
        self._marks[stream.name] = (mark, since)
        return float(at_ms - since)


def _worst(values: list[float | None]) -> float | None:
    return max((value for value in values if value is not None), default=None)


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
