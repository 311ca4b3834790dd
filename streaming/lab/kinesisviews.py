"""What the kinesis view adds to a stream's shards: ranges, lineage, limits, and who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from streaming.lab.producer_messages import ShardPuts
from streaming.lab.stream_snapshot import (
    CollectionView,
    KinesisShardView,
    PackingView,
    ShardState,
    ShardView,
    StreamView,
)
from streaming.shards.hash_keys import HASH_KEYS
from streaming.shards.limits import load, shard_limits
from streaming.shards.plan import StreamPlan
from streaming.shards.shardmap import HashShard, ShardMap

if TYPE_CHECKING:
    from streaming.lab.engine import Engine


def with_kinesis(engine: Engine, stream: StreamView, plan: StreamPlan) -> StreamView:
    """The stream with what its shard map and its limits say; a Kafka topic as it is."""
    shard_map = plan.shard_map
    if shard_map is None:
        return stream
    puts = engine.crew.puts(plan.stream)
    shards = tuple(_shard(engine, view, plan, shard_map, puts) for view in stream.shards)
    rates = [s.kinesis.throttled_per_s for s in shards if s.kinesis is not None]
    known = [rate for rate in rates if rate is not None]
    return msgspec.structs.replace(
        stream,
        shards=shards,
        view="kinesis",
        limits=plan.limits,
        throttled_per_s=sum(known) if known else None,
        waiting=sum(put.waiting for put in puts.values()),
        packing=_packing(engine, plan),
        collection=_collection(engine, plan),
    )


def _packing(engine: Engine, plan: StreamPlan) -> PackingView | None:
    if plan.aggregate == "off":
        return None
    stats = engine.crew.packing(plan.stream)
    if stats is None or not stats.packs:
        return PackingView(plan.aggregate, None, None, None)
    return PackingView(
        kind=plan.aggregate,
        records_per_pack=stats.records / stats.packs,
        efficiency=stats.payload / stats.bytes,
        delay_ms=stats.waited_ms / stats.records,
    )


def _collection(engine: Engine, plan: StreamPlan) -> CollectionView:
    stats = engine.crew.collection(plan.stream)
    if stats is None or not stats.calls:
        return CollectionView(plan.collect, None, None, None, stats.waiting if stats else 0)
    return CollectionView(
        on=plan.collect,
        calls_per_s=engine.crew.calls_per_s(plan.stream),
        records_per_call=stats.puts / stats.calls,
        delay_ms=stats.waited_ms / stats.records,
        waiting=stats.waiting,
    )


def _shard(
    engine: Engine,
    view: ShardView,
    plan: StreamPlan,
    shard_map: ShardMap,
    puts: dict[int, ShardPuts],
) -> ShardView:
    shard = shard_map.shards[view.id]
    put = puts.get(view.id)
    held = engine.store is not None and (plan.stream, view.id) in engine.store.ledger.held
    limited = plan.limits != "off"
    kinesis = KinesisShardView(
        name=shard.name,
        start=str(shard.start),
        end=str(shard.end),
        width=shard.width / HASH_KEYS,
        lifecycle=shard.state,
        parents=shard.parents,
        children=tuple(child.id for child in shard_map.children(shard.id)),
        held=held,
        load=_load(engine, view, plan) if limited and shard.state == "open" else None,
        throttled=put.throttled if put else 0,
        throttled_per_s=engine.crew.throttled_per_s(plan.stream, view.id) if limited else None,
        waiting=put.waiting if put else 0,
    )
    return msgspec.structs.replace(view, kinesis=kinesis, state=_state(view, shard, held))


def _state(view: ShardView, shard: HashShard, held: bool) -> ShardState:
    if held:
        return "waiting"
    # A closed shard that still has something to read is as well or as ill as any other.
    if shard.state != "open" and not view.lag:
        return "closed"
    return view.state


def _load(engine: Engine, view: ShardView, plan: StreamPlan) -> float | None:
    """What comes in as a part of what a shard takes, the tighter of records and bytes."""
    if view.in_per_s is None or plan.limits == "off" or engine.store is None:
        return None
    epoch = engine.store.epochs.current(plan.stream)
    progress = engine.store.ledger.shard(plan.stream, view.id)
    # Of the log's records: an aggregate is one.
    mean = epoch.mean_bytes(view.id, progress) if epoch is not None else 0.0
    return load(view.in_per_s, mean, shard_limits(plan.limits))
