"""The lab's metrics, from a snapshot: those of streams, and those of shards that take records."""

import msgspec

from streaming.alarms.metrics import METRICS, SHARD_METRICS
from streaming.lab.lab_metrics import LabMetrics, shard_metrics
from tests.screens import fakes


def test_every_metric_is_read() -> None:
    found = LabMetrics().of(fakes.snapshot())
    assert {metric for metric, _, _ in found} == set(METRICS)
    assert LabMetrics().of(fakes.starting()) == []


def test_shards_give_what_is_asked_for_unless_they_are_closed() -> None:
    open_, closed = fakes.shard(0, in_per_s=7.0, lag=None), fakes.shard(1, state="closed")
    stream = msgspec.structs.replace(fakes.stream(), shards=(open_, closed))
    seen = fakes.snapshot(streams=(stream,))
    wanted = {"ShardIncomingRecords", "ShardLag", "Lag"}
    assert sorted(shard_metrics(seen, wanted)) == [
        ("ShardIncomingRecords", "clicks/0", 7.0), ("ShardLag", "clicks/0", None)
    ]  # fmt: skip
    assert shard_metrics(seen, set()) == [] == shard_metrics(fakes.starting(), wanted)
    every = {metric for metric, _, _ in shard_metrics(fakes.snapshot(), set(SHARD_METRICS))}
    assert every == set(SHARD_METRICS)
