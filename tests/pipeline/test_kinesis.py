"""The kinesis view of a running lab: reshards, limits and lineage, held against the log.

On the embedded broker; `tests/soak/test_soak_shards.py` puts changes, limits and packs through
Apache Kafka too.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest

from streaming.lab.commands import (
    Inject,
    KillConsumer,
    MergeShards,
    ReadParentsFirst,
    SetAggregation,
    SetCollection,
    SetLimits,
    SetReading,
    SplitShard,
    SwitchKey,
    UpdateShardCount,
)
from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import EpochView, ShardView, StreamView
from tests.pipeline.lab_driver import DrivenLab, alive, assert_exact, lab


def stream(snapshot: LabSnapshot, name: str = "clicks") -> StreamView:
    return next(s for s in snapshot.streams if s.name == name)


def epoch(snapshot: LabSnapshot) -> EpochView:
    return stream(snapshot).epochs[-1]


def shard(snapshot: LabSnapshot, number: int) -> ShardView:
    return next(s for s in stream(snapshot).shards if s.id == number)


def ids(snapshot: LabSnapshot, lifecycle: str) -> list[int]:
    return [s.id for s in stream(snapshot).shards if s.kinesis.lifecycle == lifecycle]


async def test_reshards_lose_nothing_and_read_parents_first(tmp_path: Path) -> None:
    async with lab(tmp_path, view="kinesis", closed_s=1) as driven:
        await driven.stored(2000)
        split = await driven.do(SplitShard("clicks", 1))
        assert "of its records lie below" in split.text
        seen = await driven.until(
            lambda s: epoch(s).epoch == 2 and epoch(s).records > 1000, "after the split"
        )
        low, high = shard(seen, 4), shard(seen, 5)
        assert low.kinesis.parents == high.kinesis.parents == (1,)
        assert int(low.kinesis.end) + 1 == int(high.kinesis.start)
        # Where the mass halves, not in the middle of the range.
        counts = dict(zip(epoch(seen).ids, epoch(seen).counts, strict=True))
        assert 0.25 < counts[4] / (counts[4] + counts[5]) < 0.75
        await driven.do(MergeShards("clicks", 2, 3))
        await driven.do(UpdateShardCount("clicks", 7))
        await driven.do(UpdateShardCount("orders", 2))
        seen = await driven.until(
            lambda s: epoch(s).epoch == 4 and epoch(s).records > 2000, "after the others"
        )
        assert epoch(seen).shards == 7 and stream(seen).epochs[0].shards == 4
        await driven.do(KillConsumer("c-0"))
        seen = await driven.until(
            lambda s: not ids(s, "closed") and s.rebalances > 0, "closed shards expire"
        )
        assert {s.kinesis.lifecycle for s in stream(seen).shards} == {"open"}
        assert sum(s.kinesis.width for s in stream(seen).shards) > 0.999
        assert [e.inversions for e in stream(seen).epochs] == [0, 0]
        assert_exact(await driven.finish())


async def test_what_the_service_refuses_changes_nothing(tmp_path: Path) -> None:
    async with lab(tmp_path, view="kinesis") as driven:
        await driven.stored(500)
        await driven.do(SplitShard("clicks", 0, "42"))
        for command, code, why in (
            (SplitShard("clicks", 1, "0"), "InvalidArgument", "is not both greater than one plus"),
            (SplitShard("clicks", 1, "-1"), "Validation", "newStartingHashKey"),
            (SplitShard("clicks", 1, "middle"), "Validation", "newStartingHashKey"),
            (SplitShard("clicks", 0), "InvalidArgument", "already been merged or split"),
            (SplitShard("clicks", 99), "ResourceNotFound", "Could not find shard"),
            (MergeShards("clicks", 1, 3), "InvalidArgument", "not an adjacent pair"),
            (MergeShards("clicks", 2, 1), "InvalidArgument", "not an adjacent pair"),
            (UpdateShardCount("clicks", 11), "LimitExceeded", "over double"),
            (UpdateShardCount("clicks", 2), "LimitExceeded", "below half"),
            (UpdateShardCount("clicks", 0), "Validation", "targetShardCount"),
            (SwitchKey("clicks", "product_id"), "Validation", "greater than or equal to 1"),
            (SwitchKey("clicks", "{id}" * 3 + "x" * 180), "Validation", "equal to 256"),
        ):
            refused = await driven.link.send(command)
            assert not refused.ok and refused.text.startswith(f"{code}Exception: "), refused
            assert why in refused.text
        for command, why in (
            (SwitchKey("clicks", "{colour}"), "no field 'colour'"),
            (SplitShard("films", 0), "no stream 'films'"),
            (SetLimits("huge"), "not 'huge'"),
        ):
            refused = await driven.link.send(command)
            assert not refused.ok and why in refused.text
        assert_exact(await driven.finish())
        seen = await driven.until(lambda s: epoch(s).epoch == 2, "the one split")
        assert ids(seen, "open") == [1, 2, 3, 4, 5]


async def test_a_full_shard_throttles_and_nothing_is_lost(tmp_path: Path) -> None:
    async with lab(tmp_path, view="kinesis", limits="today", rate=3000, key="constant") as driven:
        seen = await driven.until(
            lambda s: (stream(s).throttled_per_s or 0) > 300 and epoch(s).records > 4000,
            "one shard at its limit",
        )
        busy = [s for s in stream(seen).shards if s.records]
        assert len(busy) == 1 and busy[0].kinesis.load > 0.8
        reasons = [event.text for event in seen.events if event.kind == "throttled"]
        assert len(reasons) == 1 and f"Rate exceeded for shard {busy[0].kinesis.name}" in reasons[0]
        assert reasons[0].startswith("ProvisionedThroughputExceededException: ")
        assert busy[0].kinesis.throttled > 0 and busy[0].kinesis.waiting > 0
        # A second's worth at once at the start, then never more than 1,000 a second.
        assert epoch(seen).records < 1000 * (seen.at_ms - epoch(seen).began_at_ms) / 1000 + 1500
        assert epoch(seen).throttled > 0 and seen.traffic.throttled > 0
        await driven.until(lambda s: (s.traffic.behind_ms or 0) > 1000, "the generators wait")
        await driven.do(SetLimits("off"))
        await driven.until(lambda s: stream(s).waiting == 0 and epoch(s).epoch == 2, "all go on")
        assert_exact(await driven.finish())


@pytest.mark.soak
async def test_a_child_before_its_parents_turns_the_order_round(tmp_path: Path) -> None:
    """The same backlog read both ways: what parent-before-child prevents is seen without it."""
    async with lab(tmp_path, view="kinesis", rate=6000, shards=1, streams=("clicks",)) as driven:
        await driven.stored(1000)
        assert await inversions_after_backlog(driven, 0) == 0
        await driven.do(ReadParentsFirst(False))
        assert await inversions_after_backlog(driven, epoch(driven.latest).ids[0]) > 0
        assert_exact(await driven.finish())


async def inversions_after_backlog(driven: DrivenLab, parent: int) -> int:
    """Split a shard while nobody reads, and count the inversions of what is read afterwards."""
    consumers = [driven.pid_of(c.name) for c in driven.latest.consumers]
    before = epoch(driven.latest).epoch
    for pid in consumers:
        os.kill(pid, signal.SIGSTOP)
    try:
        await driven.until(lambda s: (shard(s, parent).lag or 0) > 9000, "a backlog")
        await driven.do(SplitShard("clicks", parent))
        await driven.until(
            lambda s: epoch(s).epoch == before + 1 and epoch(s).records > 2000, "children filled"
        )
    finally:
        for pid in consumers:
            os.kill(pid, signal.SIGCONT)
    seen = await driven.until(
        lambda s: epoch(s).epoch == before + 1 and (stream(s).lag or 9999) < 3000, "caught up"
    )
    return sum(e.inversions for e in stream(seen).epochs)


@pytest.mark.soak
async def test_aggregation_beats_the_record_limit(tmp_path: Path) -> None:
    """Too many records for two shards fit in as packs; packs across shards are dropped, openly."""
    settings = {"view": "kinesis", "limits": "today", "shards": 2, "rate": 3500}
    async with lab(tmp_path, aggregate="kpl", **settings) as driven:
        seen = await driven.until(lambda s: s.store.stored > 12_000, "packs are read")
        packing = stream(seen).packing
        assert packing.records_per_pack > 20 and 0.8 < packing.efficiency < 1
        assert 0 < packing.delay_ms < 1000
        assert seen.traffic.throttled == 0 and seen.traffic.acked > 10 * sum(epoch(seen).counts)
        await driven.do(Inject("poison", 1))
        split = await driven.do(SplitShard("clicks", 0))
        assert "of its records lie below" in split.text  # packs are taken apart to tell
        await driven.until(lambda s: s.store.dead_letters > 0 and epoch(s).epoch == 2, "poison")
        poison = driven.latest.store.dead_letters
        await driven.do(SetAggregation("naive"))
        await driven.until(lambda s: s.store.dead_letters > poison + 1000, "packs are dropped")
        await driven.do(SetAggregation("off"))
        await driven.until(lambda s: (stream(s).throttled_per_s or 0) > 0, "too many records")
        assert all(e.inversions == 0 for e in stream(driven.latest).epochs)
        report = await driven.finish()
        assert_exact(report)
        assert report.dead == driven.latest.store.dead_letters > 1000


async def test_collection_puts_many_records_by_a_call_or_each_by_its_own(tmp_path: Path) -> None:
    async with lab(tmp_path, view="kinesis", collect="off", rate=300) as driven:
        seen = await driven.until(
            lambda s: s.store.stored > 500 and (stream(s).collection.calls_per_s or 0) > 50,
            "each record is put alone",
        )
        alone = stream(seen).collection
        assert not alone.on and alone.records_per_call == 1
        told = await driven.do(SetCollection(True))
        assert "up to 500 records of all shards are put by one call" in told.text
        seen = await driven.until(
            lambda s: epoch(s).epoch == 2 and epoch(s).records > 500, "records are collected"
        )
        many = stream(seen).collection
        assert many.on and many.records_per_call > 3 and many.delay_ms > 10
        await driven.do(SetAggregation("on"))
        await driven.until(
            lambda s: epoch(s).epoch == 3 and epoch(s).records > 20, "packs are collected"
        )
        refused = await driven.link.send(SetCollection(True))
        assert not refused.ok and "so already" in refused.text
        assert_exact(await driven.finish())
        assert stream(driven.latest).collection.waiting == 0


async def test_explicit_hash_keys_spread_one_hot_key_over_all_shards(tmp_path: Path) -> None:
    """Also in packs and through a split; verify finds each record where its hash key belongs."""
    async with lab(tmp_path, view="kinesis", key="constant") as driven:
        await driven.stored(2000)  # one shard takes everything
        assert sum(count > 0 for count in epoch(driven.latest).counts) == 1
        told = await driven.do(SwitchKey("clicks", "constant+spread"))
        assert "keeps nothing" in told.text
        seen = await driven.until(
            lambda s: epoch(s).epoch == 2 and epoch(s).records > 2000, "all shards take as much"
        )
        assert epoch(seen).max_over_mean < 1.1 and epoch(seen).predicted.max_over_mean < 1.1
        split = await driven.do(SplitShard("clicks", 0))
        assert "50% of its records lie below" in split.text
        await driven.do(SetAggregation("on"))
        await driven.until(
            lambda s: epoch(s).epoch == 4 and epoch(s).records > 100, "packs are spread too"
        )
        report = await driven.finish()
        assert_exact(report)
        assert report.dead == 0


@pytest.mark.soak
async def test_readers_share_a_shard_and_fan_out_shares_with_nobody(tmp_path: Path) -> None:
    async with lab(tmp_path, view="kinesis", limits="today", readers=20) as driven:
        # Each of twenty may read a shard once in four seconds.
        await driven.until(lambda s: (stream(s).lag or 0) > 3000, "much waits to be read")
        others = driven.latest.applications
        assert [other.name for other in others] == [f"app-{n}" for n in range(1, 20)]
        refused = await driven.link.send(SetReading(0, False))
        assert not refused.ok and "1 to 20" in refused.text
        told = await driven.do(SetReading(20, True))
        assert "takes nothing away" in told.text
        await driven.until(lambda s: (stream(s).lag or 9999) < 1000, "read as it comes")
        assert_exact(await driven.finish())


async def test_other_applications_are_processes_that_come_and_go(tmp_path: Path) -> None:
    """Each reads all records of the lab at its own pace, and they end with the engine."""
    async with lab(tmp_path, view="kinesis", limits="today", readers=3, rate=1000) as driven:
        seen = await driven.until(
            lambda s: (
                len(s.applications) == 2
                and all(
                    (a.bytes_per_s or 0) > 50_000 and a.age_ms is not None for a in s.applications
                )
            ),
            "two others read what comes in",
        )
        assert [a.name for a in seen.applications] == ["app-1", "app-2"]
        # Two streams of four shards; one of three applications may read a shard 5/3 times a second.
        assert all(a.reads_per_s < 8 * 5 / 3 + 2 for a in seen.applications)
        pids = {a.pid for a in seen.applications}
        assert len({c.name for c in seen.consumers}) == 2  # they own nothing
        await driven.do(SplitShard("clicks", 0))
        await driven.do(KillConsumer("app-2"))
        await driven.until(
            lambda s: len(s.applications) == 2 and s.applications[1].restarts == 1
            and (s.applications[1].bytes_per_s or 0) > 50_000,
            "a killed one starts again",
        )  # fmt: skip
        await driven.do(SetReading(2, False))
        seen = await driven.until(lambda s: len(s.applications) == 1, "one leaves")
        assert seen.applications[0].pid in pids and seen.applications[0].name == "app-1"
        await driven.do(SetReading(1, False))
        seen = await driven.until(lambda s: not s.applications, "the lab is alone")
        assert not any(psutil.pid_exists(pid) for pid in pids)
        await driven.do(SetReading(2, True))
        seen = await driven.until(
            lambda s: s.applications and s.applications[0].pid, "beside fan-out there may be others"
        )
        last = psutil.Process(seen.applications[0].pid)
        assert_exact(await driven.finish())
        assert (await driven.summary())["applications"][0]["name"] == "app-1"
        os.kill(driven.engine_pid(), signal.SIGKILL)
        assert not alive([last]), "it outlived its engine"
