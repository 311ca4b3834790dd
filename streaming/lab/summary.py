"""A run's totals: the JSON of `dasprep-tui run --json` (units in docs/run-json.md)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import msgspec

from streaming.lab.stream_snapshot import EpochView, StreamView

if TYPE_CHECKING:
    from streaming.lab.engine import Engine


async def summarise(engine: Engine, *, score_alarms: bool = False) -> dict[str, Any]:
    """Everything that is known of the run, by the names the docs explain.

    `lost` and `duplicates` are exact after a verification; before it `lost` is what was
    acknowledged and is not in the store, and `duplicates` is null (not known).
    """
    snapshot = engine.snapshot()
    engine.usage.sample(engine.crew.processes())
    store, traffic, report = snapshot.store, snapshot.traffic, engine.verified
    shards: list[dict[str, Any]] = [
        {
            "id": f"{stream.name}/{shard.id}",
            "stream": stream.name,
            "records": shard.records,
            "bytes": shard.bytes,
            "share": _part(shard.records, sum(s.records for s in stream.shards)),
            "lag": shard.lag,
        }
        for stream in snapshot.streams
        for shard in stream.shards
    ]
    lags = [stream.lag_ms for stream in snapshot.streams if stream.lag_ms is not None]
    scores = None
    if score_alarms and engine.store is not None and engine.merger is not None:
        scores = await engine.merger.call(engine.store.alarm_scores)
    return {
        "produced": traffic.produced,
        "acked": traffic.acked,
        "consumed": store.stored,
        "stored": store.stored,
        "lost": report.lost if report else max(0, traffic.acked - store.stored),
        "duplicates": report.duplicates if report else None,
        "wrong": report.wrong if report else None,
        "verified": report is not None,
        "late_dropped": store.late,
        "dead_letters": store.dead_letters,
        "throttled": traffic.throttled,
        "refused_handovers": store.refused,
        "rebalances": snapshot.rebalances,
        "latency_ms": {"p50": store.latency_p50_ms, "p99": store.latency_p99_ms},
        "lag": {
            "records": engine.meter.lag(),
            "max_ms": max(engine.max_lag_ms, max(lags, default=0.0)),
        },
        "windows": {"open": store.windows_open, "final": store.windows_final},
        "shards": shards,
        "skew": _skew([s["records"] for s in shards if s["stream"] == snapshot.streams[0].name])
        if snapshot.streams
        else None,
        "epochs": [_epoch(stream, epoch) for stream in snapshot.streams for epoch in stream.epochs],
        "applications": [msgspec.to_builtins(one) for one in snapshot.applications],
        "cpu_s": engine.usage.cpu_s(),
        "rss_mib": engine.usage.rss_mib(),
        "seed": engine.settings.seed,
        "key": engine.settings.key,
        "broker": {
            "kind": snapshot.broker.kind,
            "label": snapshot.broker.label,
            "restarts": snapshot.broker.restarts,
        },
        "elapsed_s": round(time.time() - engine.started_at_ms / 1000, 3),
        "data_dir": snapshot.data_dir,
        "alarm_scores": None if scores is None else msgspec.to_builtins(scores),
        "verify": msgspec.to_builtins(report) if report else None,
    }


def _epoch(stream: StreamView, epoch: EpochView) -> dict[str, Any]:
    """An epoch's measures, unknown ones None."""
    return {
        "stream": stream.name,
        "epoch": epoch.epoch,
        "key": epoch.key,
        "view": epoch.view,
        "shards": epoch.shards,
        "records": epoch.records,
        "max_over_mean": _rounded(epoch.max_over_mean),
        "cv": _rounded(epoch.cv),
        "gini": _rounded(epoch.gini),
        "jain": _rounded(epoch.jain),
        "hottest_load": _rounded(epoch.hottest_load),
        "throttled": epoch.throttled,
        "distinct_keys": None if epoch.distinct_keys is None else round(epoch.distinct_keys),
        "inversions": epoch.inversions,
    }


def _rounded(measure: float | None) -> float | None:
    return None if measure is None else round(measure, 4)


def _part(count: int, total: int) -> float | None:
    return round(count / total, 4) if total else None


def _skew(counts: list[int]) -> dict[str, float]:
    from streaming.shards import skew

    return {
        "max_over_mean": round(skew.max_over_mean(counts), 4),
        "gini": round(skew.gini(counts), 4),
        "jain": round(skew.jain(counts), 4),
    }
