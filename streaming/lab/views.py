"""The engine's state as the views see it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from streaming.lab.alarmviews import alarm_views, change_views, detector_views
from streaming.lab.epochviews import epoch_views, heavy_keys
from streaming.lab.kinesisviews import with_kinesis
from streaming.lab.snapshot import (
    SNAPSHOT_VERSION,
    ConsumerView,
    LabSnapshot,
    StoreView,
    TrafficView,
)
from streaming.lab.stream_snapshot import StreamView
from streaming.lab.windowviews import window_views

if TYPE_CHECKING:
    from streaming.lab.engine import Engine
    from streaming.store.store import Store


def build_snapshot(engine: Engine, seq: int) -> LabSnapshot:
    """One snapshot of everything."""
    now = time.monotonic()
    store = engine.store
    streams: tuple[StreamView, ...] = ()
    if store is not None:
        streams = tuple(_stream(engine, store, name, now) for name in engine.shards)
    return LabSnapshot(
        version=SNAPSHOT_VERSION,
        seq=seq,
        at_ms=int(time.time() * 1000),
        started_at_ms=engine.started_at_ms,
        state=engine.state,
        detail=engine.detail,
        data_dir=readable(engine.paths.root),
        key=_key(engine),
        broker=engine.cluster.view(),
        traffic=_traffic(engine),
        streams=streams,
        consumers=_consumers(engine),
        store=_store(engine),
        rebalances=engine.rebalances.count,
        history=engine.meter.history(),
        events=engine.journal.shown(),
        readers=engine.reading.readers,
        applications=engine.applications.views(),
        fan_out=engine.reading.fan_out,
        parents_first=engine.reading.parents_first,
        windows=(window_views(store.declared, store.analysis.scoring) if store is not None else ()),
        alarms=alarm_views(store.analysis) if store is not None else (),
        alarm_changes=change_views(store.analysis) if store is not None else (),
        detectors=detector_views(store.analysis) if store is not None else (),
        bells=engine.watching.bells,
        notices=tuple(engine.watching.notices),
        noticed=engine.watching.noticed,
        timeline=engine.rebalances.views(now, store.ledger) if store is not None else (),
        assignor=engine.crew.assignor,
    )


def _stream(engine: Engine, store: Store, name: str, now: float) -> StreamView:
    plan = engine.switchboard.plans.get(name)
    key = plan.key if plan is not None else engine.settings.key
    view = engine.meter.stream(
        name, key, store.ledger, store.windows[name].watermark_ms, now,
        plan.shard_map if plan is not None else None,
    )  # fmt: skip
    view = msgspec.structs.replace(
        view, epochs=epoch_views(engine, name), heavy=heavy_keys(engine, name)
    )
    view = view if plan is None else with_kinesis(engine, view, plan)
    return _with_paused(engine, view)


def _with_paused(engine: Engine, view: StreamView) -> StreamView:
    """Tell shards whose reader stands still on purpose from those that stall."""
    paused = {name for name, live in engine.server.consumers.items() if live.pace.paused}
    if not paused:
        return view
    shards = tuple(
        msgspec.structs.replace(shard, state="paused") if shard.owner in paused else shard
        for shard in view.shards
    )
    return msgspec.structs.replace(view, shards=shards)


def _key(engine: Engine) -> str:
    """The key of all streams, or each one's."""
    plans = engine.switchboard.plans
    keys = {plan.key for plan in plans.values()} or {engine.settings.key}
    if len(keys) == 1:
        return keys.pop()
    return ", ".join(f"{plan.key} ({stream})" for stream, plan in plans.items())


def readable(path: Path) -> str:
    """A path as text that can travel: bytes that are no UTF-8 are replaced."""
    return os.fsencode(path).decode("utf-8", "replace")


def _traffic(engine: Engine) -> TrafficView:
    stats = engine.crew.stats
    produced, acked = engine.crew.produced()
    if stats is None:
        return TrafficView(
            state="starting",
            shape=engine.settings.shape,
            target_per_s=engine.settings.rate,
            produced=produced,
            acked=acked,
            produced_per_s=None,
            behind_ms=None,
            incidents=(),
            throttled=engine.crew.throttled(),
        )
    child = engine.crew.supervisor.children.get("generator")
    dead = child is not None and child.pid is None and stats.state != "done"
    paused = stats.state == "running" and (stats.target_per_s == 0 or stats.shape == "pause")
    state = "dead" if dead else "paused" if paused else stats.state
    return TrafficView(
        state=state,  # type: ignore[arg-type]
        shape=stats.shape,
        target_per_s=stats.target_per_s,
        produced=produced,
        acked=acked,
        produced_per_s=engine.crew.rate.per_s(),
        behind_ms=stats.behind_ms if stats.state == "running" else None,
        incidents=stats.incidents,
        throttled=engine.crew.throttled(),
        incident_ends=stats.incident_ends,
    )


def _consumers(engine: Engine) -> tuple[ConsumerView, ...]:
    owners = engine.store.ledger.owners if engine.store is not None else {}
    views = []
    for child in engine.crew.consumers():
        shards = tuple(
            f"{stream}/{shard}"
            for (stream, shard), (_, owner) in sorted(owners.items())
            if owner == child.name
        )
        live = engine.server.consumers.get(child.name)
        if child.pid is None:
            state = "dead"
        elif live is None:
            state = "starting"
        else:
            state = live.shown_state
        views.append(
            ConsumerView(
                name=child.name,
                pid=child.pid,
                state=state,  # type: ignore[arg-type]
                shards=shards,
                records=live.records if live else 0,
                records_per_s=live.records_per_s() if live else None,
                restarts=child.restarts,
                limit_per_s=(live.pace.per_s or None) if live else None,
            )
        )
    return tuple(views)


def _store(engine: Engine) -> StoreView:
    merger, store = engine.merger, engine.store
    if merger is None or store is None:
        return StoreView(0, 0, 0, 0, 0, 0, 0, None, None, None, 0)
    c = store.counters
    p50, p99 = merger.latencies.quantiles()
    return StoreView(
        stored=c.stored,
        windows_open=c.windows_open,
        windows_final=c.windows_final,
        late=c.late,
        dead_letters=c.dead_letters,
        refused=c.refused,
        merges=c.merges,
        commit_ms=merger.commit_ms,
        latency_p50_ms=p50,
        latency_p99_ms=p99,
        size_bytes=store.size_bytes(),
    )
