"""What an epoch did: its records on each shard, up to given ends of the logs, and its load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from streaming.shards.limits import load, shard_limits
from streaming.store.epochs import Epoch, Measured
from streaming.store.ledger import Shard

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

_LEAST_S: Final = 1.0
"""Before that a rate says nothing."""


def measure(engine: Engine, epoch: Epoch, ends: dict[Shard, int], now_ms: int) -> Measured:
    """What an epoch did up to these ends of the logs."""
    stream = epoch.plan.stream
    counts = tuple(
        max(0, ends.get((stream, shard), 0) - epoch.begin(shard)) for shard in epoch.plan.open_ids
    )
    keys = engine.crew.keys(stream, epoch.plan.epoch)
    seconds = (now_ms - epoch.began_ms) / 1000
    return Measured(
        records=sum(counts),
        seconds=seconds,
        ids=epoch.plan.open_ids,
        counts=counts,
        throttled=keys.throttled if keys is not None else 0,
        distinct_keys=keys.distinct if keys is not None else None,
        hottest_load=_hottest_load(engine, epoch, counts, seconds),
    )


def _hottest_load(
    engine: Engine, epoch: Epoch, counts: Sequence[int], seconds: float
) -> float | None:
    """The busiest shard's part of its limit, of records or of bytes."""
    if epoch.plan.limits == "off" or seconds < _LEAST_S or engine.store is None:
        return None
    limits, loads = shard_limits(epoch.plan.limits), [0.0]
    for shard, count in zip(epoch.plan.open_ids, counts, strict=True):
        size = epoch.mean_bytes(shard, engine.store.ledger.shard(epoch.plan.stream, shard))
        loads.append(load(count / seconds, size, limits))
    return max(loads)
