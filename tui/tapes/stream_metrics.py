"""What tapes can ask of one stream by name; see `metrics.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from streaming.lab.stream_snapshot import EpochView, ShardView, StreamView
from tui.tapes.computing import Value
from tui.tapes.expressions import Kind
from tui.views.plan import listed, open_shards


class StreamMetric(NamedTuple):
    """A value of one stream; `read` also gets the snapshot's time in ms."""

    kind: Kind
    unit: str
    text: str
    read: Callable[[StreamView, int], Value]


def _most(values: Mapping[int, float | None]) -> float | None:
    known = [value for value in values.values() if value is not None]
    return max(known) if known else None


def _per_s(s: StreamView) -> dict[int, float | None]:
    return {shard.id: shard.in_per_s for shard in open_shards(s)}


def _loads(s: StreamView) -> dict[int, float | None]:
    shards = open_shards(s)
    return {shard.id: shard.kinesis.load if shard.kinesis else None for shard in shards}


def _shares(s: StreamView) -> dict[int, float | None]:
    return {shard.id: shard.share for shard in open_shards(s)}


def _hottest(s: StreamView) -> ShardView | None:
    """The open shard with the most records a second, None while that is not known."""
    known = [shard for shard in open_shards(s) if shard.in_per_s is not None]
    return max(known, key=lambda shard: shard.in_per_s or 0.0, default=None)


def hottest(s: StreamView) -> int | None:
    """The number of the open shard with the most records a second."""
    shard = _hottest(s)
    return None if shard is None else shard.id


def _now(s: StreamView) -> EpochView | None:
    return s.epochs[-1] if s.epochs else None


def _before(s: StreamView) -> EpochView | None:
    return s.epochs[-2] if len(s.epochs) > 1 else None


def _of(
    epoch: Callable[[StreamView], EpochView | None], read: Callable[[EpochView], Value]
) -> Callable[[StreamView, int], Value]:
    def value(s: StreamView, _at_ms: int) -> Value:
        found = epoch(s)
        return None if found is None else read(found)

    return value


def _in_state(state: str) -> Callable[[StreamView, int], Value]:
    return lambda s, _: sum(shard.state == state for shard in listed(s))


STREAM: Final[dict[str, StreamMetric]] = {
    "in_per_s": StreamMetric("number", "records/s", "written to its log",
        lambda s, _: s.in_per_s),
    "out_per_s": StreamMetric("number", "records/s", "stored", lambda s, _: s.out_per_s),
    "lag": StreamMetric("number", "records", "in the log, not in the store", lambda s, _: s.lag),
    "lag_s": StreamMetric("number", "s", "age of the oldest of them",
        lambda s, _: None if s.lag_ms is None else s.lag_ms / 1000),
    "watermark_age_s": StreamMetric("number", "s",
        "how far the watermark is behind the wall clock (at speed 1)",
        lambda s, at_ms: None if s.watermark_at_ms is None
        else (at_ms - s.watermark_at_ms) / 1000),
    "reader_status": StreamMetric("text", "", "OK, WARN or ERR, by Burrow's rules",
        lambda s, _: s.status),
    "key": StreamMetric("text", "", "what decides a record's shard", lambda s, _: s.key),
    "view": StreamMetric("text", "", "msk or kinesis", lambda s, _: s.view),
    "limits": StreamMetric("text", "", "off, today or course (kinesis view)",
        lambda s, _: s.limits),
    "aggregate": StreamMetric("text", "", "off, kpl or naive (kinesis view)",
        lambda s, _: "off" if s.packing is None else s.packing.kind),
    "collect": StreamMetric("text", "", "on or off (kinesis view)",
        lambda s, _: None if s.collection is None else "on" if s.collection.on else "off"),
    "shards": StreamMetric("number", "shards", "that take records",
        lambda s, _: len(open_shards(s))),
    "shards_closed": StreamMetric("number", "shards", "closed, and still listed",
        lambda s, _: len(listed(s)) - len(open_shards(s))),
    "shards_waiting": StreamMetric("number", "shards", "whose parents are not read yet",
        lambda s, _: sum(shard.kinesis is not None and shard.kinesis.held for shard in listed(s))),
    "shards_hot": StreamMetric("number", "shards", "that the screen calls HOT", _in_state("hot")),
    "shards_stalled": StreamMetric("number", "shards", "with records that nobody reads",
        _in_state("stalled")),
    "shards_moving": StreamMetric("number", "shards", "without a reader just now",
        _in_state("moving")),
    "hottest": StreamMetric("number", "shard", "that gets the most records",
        lambda s, _: hottest(s)),
    "hottest_per_s": StreamMetric("number", "records/s", "that it gets",
        lambda s, _: _most(_per_s(s))),
    "hottest_share": StreamMetric("number", "0 to 1", "its part of the stream's records",
        lambda s, _: _most(_shares(s))),
    "hottest_owner": StreamMetric("text", "", "the consumer that reads it",
        lambda s, _: shard.owner if (shard := _hottest(s)) is not None else None),
    "max_utilisation": StreamMetric("number", "1 is full",
        "the fullest shard's part of what a shard takes (kinesis view with limits)",
        lambda s, _: _most(_loads(s))),
    "max_over_mean": StreamMetric("number", "1 is even",
        "the busiest shard against the mean, over the last 10 s",
        lambda s, _: None if s.skew is None else s.skew.max_over_mean),
    "gini": StreamMetric("number", "0 is even", "how uneven the shards are, over the last 10 s",
        lambda s, _: None if s.skew is None else s.skew.gini),
    "throttled_per_s": StreamMetric("number", "refusals/s", "by full shards",
        lambda s, _: s.throttled_per_s),
    "waiting": StreamMetric("number", "records", "that full shards make wait in the producer",
        lambda s, _: s.waiting),
    "records_per_pack": StreamMetric("number", "records", "in an aggregate, on average",
        lambda s, _: None if s.packing is None else s.packing.records_per_pack),
    "records_per_call": StreamMetric("number", "records", "that one call puts, on average",
        lambda s, _: None if s.collection is None else s.collection.records_per_call),
    "calls_per_s": StreamMetric("number", "calls/s", "that put records",
        lambda s, _: None if s.collection is None else s.collection.calls_per_s),
    "epoch": StreamMetric("number", "", "the number of the plan that holds, from 1",
        _of(_now, lambda e: e.epoch)),
    "epoch_records": StreamMetric("number", "records", "of this epoch",
        _of(_now, lambda e: e.records)),
    "epoch_throttled": StreamMetric("number", "refusals", "in this epoch",
        _of(_now, lambda e: e.throttled)),
    "epoch_max_over_mean": StreamMetric("number", "1 is even",
        "the busiest shard against the mean, over this epoch",
        _of(_now, lambda e: e.max_over_mean)),
    "inversions": StreamMetric("number", "records",
        "of this epoch, stored after a later one of their customer",
        _of(_now, lambda e: e.inversions)),
    "distinct_keys": StreamMetric("number", "keys", "in this epoch, nearly",
        _of(_now, lambda e: e.distinct_keys)),
    "moved": StreamMetric("number", "0 to 1",
        "the part of the keys that this epoch gave another shard, as measured",
        _of(_now, lambda e: None if e.moved is None else e.moved.measured)),
    "before_max_over_mean": StreamMetric("number", "1 is even", "the same of the epoch before",
        _of(_before, lambda e: e.max_over_mean)),
    "before_throttled": StreamMetric("number", "refusals", "in the epoch before",
        _of(_before, lambda e: e.throttled)),
    "before_inversions": StreamMetric("number", "records", "out of order in the epoch before",
        _of(_before, lambda e: e.inversions)),
    "heaviest_key": StreamMetric("text", "", "the key with the most records of this epoch",
        lambda s, _: s.heavy[0].key if s.heavy else None),
    "heaviest_share": StreamMetric("number", "0 to 1", "its part of the records",
        lambda s, _: s.heavy[0].share if s.heavy else None),
    "lag_by_shard": StreamMetric("numbers", "records", "of each shard that is listed",
        lambda s, _: {shard.id: shard.lag for shard in listed(s)}),
    "records_by_shard": StreamMetric("numbers", "records", "ever written to each",
        lambda s, _: {shard.id: shard.records for shard in listed(s)}),
    "in_by_shard": StreamMetric("numbers", "records/s", "of each that takes records",
        lambda s, _: _per_s(s)),
    "share_by_shard": StreamMetric("numbers", "0 to 1", "of each, over the last 10 s",
        lambda s, _: _shares(s)),
    "utilisation_by_shard": StreamMetric("numbers", "1 is full",
        "of each (kinesis view with limits)", lambda s, _: _loads(s)),
}  # fmt: skip
"""Every value of a stream."""
