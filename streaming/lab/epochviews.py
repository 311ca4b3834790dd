"""A stream's epochs as the views see them: before and after a change, side by side."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from streaming.lab.measuring import measure
from streaming.lab.stream_snapshot import EpochView, HeavyKeyView, MovedView, PredictionView
from streaming.shards import skew
from streaming.shards.keys import shop
from streaming.shards.whatif import Row
from streaming.store.epochs import Epoch, Measured

if TYPE_CHECKING:
    from streaming.lab.engine import Engine


def epoch_views(engine: Engine, stream: str) -> tuple[EpochView, ...]:
    """The present epoch and the one before it."""
    if engine.store is None:
        return ()
    return tuple(_view(engine, e) for e in engine.store.epochs.of(stream)[-2:])


def heavy_keys(engine: Engine, stream: str) -> tuple[HeavyKeyView, ...]:
    """The heaviest keys of the present epoch."""
    plan = engine.switchboard.plans.get(stream)
    stats = engine.crew.keys(stream, plan.epoch) if plan is not None else None
    if stats is None:
        return ()
    total = max(1, stats.records)
    return tuple(
        HeavyKeyView(item.key, item.records, item.shard, item.records / total)
        for item in stats.heaviest
    )


def _view(engine: Engine, epoch: Epoch) -> EpochView:
    done = epoch.measured
    if epoch.ended_ms is None:
        ends = engine.meter.ends()
        done = measure(engine, epoch, ends, int(time.time() * 1000)) if ends else None
    done = done or Measured(0, 0.0, (), (), 0, None)
    strategy = shop(epoch.plan.key)
    known = done.records > 0
    return EpochView(
        epoch=epoch.plan.epoch,
        began_at_ms=epoch.began_ms,
        ended_at_ms=epoch.ended_ms,
        key=epoch.plan.key,
        view=epoch.plan.view,
        shards=len(epoch.plan.open_ids),
        ids=done.ids,
        keeps=strategy.keeps,
        loses=strategy.loses,
        why=epoch.why,
        records=done.records,
        counts=done.counts,
        max_over_mean=skew.max_over_mean(done.counts) if known else None,
        cv=skew.cv(done.counts) if known else None,
        gini=skew.gini(done.counts) if known else None,
        jain=skew.jain(done.counts) if known else None,
        hottest_load=done.hottest_load,
        throttled=done.throttled,
        distinct_keys=done.distinct_keys,
        inversions=epoch.inversions,
        predicted=_predicted(epoch.predicted),
        moved=None
        if (m := epoch.moved) is None
        else MovedView(m.keys, m.records, m.measured, m.compared),
    )


def _predicted(row: Row | None) -> PredictionView | None:
    if row is None:
        return None
    return PredictionView(
        row.max_over_mean, row.hottest_share, row.throttled_share, row.distinct_keys
    )
