"""Key and shards change while records flow: nothing is lost, and each epoch is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import msgspec
import psutil
import pytest

from streaming.lab.commands import CompareKeys, CopyStore, SwitchKey, TryKey
from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import CandidateView, EpochView
from tests.pipeline.lab_driver import DrivenLab, Where, assert_exact, lab


def clicks(snapshot: LabSnapshot) -> tuple[EpochView, ...]:
    return next(s for s in snapshot.streams if s.name == "clicks").epochs


async def rows(driven: DrivenLab, query: str) -> list[tuple]:
    """Ask a copy of the running lab's store."""
    import duckdb

    path = (await driven.do(CopyStore())).data
    with duckdb.connect(path, read_only=True) as con:
        return con.execute(query).fetchall()


@pytest.mark.apache_soak
async def test_a_key_is_switched_and_both_epochs_are_told(tmp_path: Path, where: Where) -> None:
    async with lab(tmp_path, store_clicks=True, **where.settings) as driven:
        await driven.stored(3000)
        asked = await driven.do(TryKey("clicks", "event_type", 6))
        candidate = msgspec.json.decode(asked.data, type=CandidateView)
        asked = await driven.do(CompareKeys("clicks"))
        usual = {c.key: c for c in msgspec.json.decode(asked.data, type=list[CandidateView])}
        assert usual["constant"].max_over_mean == usual["constant"].shards == 4
        assert usual["event_id"].max_over_mean < 1.2 < usual["event_type"].max_over_mean
        done = await driven.do(SwitchKey("clicks", "event_type", 6))
        assert "epoch 2" in done.text and "event_type on 6 shards" in done.text
        seen = await driven.until(
            lambda s: clicks(s)[-1].epoch == 2 and clicks(s)[-1].records > 4000, "the new key"
        )
        before, after = clicks(seen)
        assert (before.key, before.shards, after.key, after.shards) == (
            "customer_id", 4, "event_type", 6
        )  # fmt: skip
        assert before.ended_at_ms == after.began_at_ms and after.ended_at_ms is None
        assert before.max_over_mean < 2 < after.max_over_mean and after.jain < before.jain
        assert after.distinct_keys == pytest.approx(after.predicted.distinct_keys, abs=0.1)
        assert after.distinct_keys < 10 < 100 < before.distinct_keys
        assert after.predicted.max_over_mean > 2
        # What was tried before, without a change, is what was then predicted of the change.
        assert (candidate.key, candidate.shards, candidate.moved) == ("event_type", 6, None)
        assert candidate.max_over_mean == pytest.approx(after.predicted.max_over_mean, rel=0.25)
        stream = next(s for s in seen.streams if s.name == "clicks")
        assert stream.key == "event_type" and len(stream.shards) == 6
        heaviest = stream.heavy[0]
        assert heaviest.key == "view" and heaviest.shard is not None
        assert after.counts[heaviest.shard] > after.records / 6
        # The other stream has its key still.
        orders = next(s for s in seen.streams if s.name == "orders")
        assert orders.key == "customer_id" and len(orders.epochs) == 1
        assert any("epoch 2" in point.mark for point in seen.history)
        # A customer's steps now go different ways.
        assert after.inversions > 0 and orders.epochs[0].inversions == 0
        await driven.do(SwitchKey("clicks", "country"))
        seen = await driven.until(
            lambda s: clicks(s)[-1].epoch == 3 and clicks(s)[-1].records > 4000, "the third key"
        )
        # What was predicted from the newest records is what is seen.
        third = clicks(seen)[-1]
        assert third.predicted.max_over_mean == pytest.approx(third.max_over_mean, rel=0.25)
        report = await driven.finish()
        assert_exact(report)
        found = await rows(
            driven,
            "SELECT epoch, count(*), count(DISTINCT shard), min(seq) FROM events_clicks "
            "GROUP BY epoch ORDER BY epoch",
        )
        assert [row[0] for row in found] == [1, 2, 3]
        assert found[0][1] == before.records
        told = await rows(driven, "SELECT text FROM journal WHERE kind = 'epoch'")
        assert len(told) == 2 and "event_type on 6 shards" in told[0][0]


@pytest.mark.soak
async def test_added_partitions_move_keys_as_foretold(tmp_path: Path) -> None:
    async with lab(tmp_path, rate=3000) as driven:
        await driven.stored(15_000)
        done = await driven.do(SwitchKey("clicks", "customer_id", 6))
        assert "of the keys move" in done.text
        seen = await driven.until(
            lambda s: (m := clicks(s)[-1].moved) is not None and m.compared > 0, "measured"
        )
        moved = clicks(seen)[-1].moved
        assert moved.foretold == pytest.approx(2 / 3, abs=0.08)  # 1 - 4/12
        assert moved.measured == pytest.approx(moved.foretold, abs=0.06)
        assert moved.compared > 300
        assert any(e.kind == "moved" and "stay where they were" in e.text for e in seen.events)
        # Each customer's records of before are where they were, and the new ones elsewhere.
        assert_exact(await driven.finish())


async def test_what_cannot_be_switched_changes_nothing(tmp_path: Path) -> None:
    async with lab(tmp_path) as driven:
        await driven.stored(500)
        for command, why in (
            (SwitchKey("films", "country"), "no stream 'films'"),
            (SwitchKey("clicks", "colour"), "no field 'colour'"),
            (SwitchKey("clicks", "{colour}:{country}"), "no field 'colour'"),
            (SwitchKey("clicks", ""), "empty key"),
            (SwitchKey("clicks", "country", 2), "never takes any away"),
            (SwitchKey("clicks", "country", 100_000), "at most 200"),
            (SwitchKey("clicks", "customer_id"), "already"),
        ):
            refused = await driven.link.send(command)
            assert not refused.ok and why in refused.text
        assert [len(s.epochs) for s in driven.latest.streams] == [1, 1]
        assert_exact(await driven.finish())


async def test_a_switch_outlives_the_engine(tmp_path: Path) -> None:
    """A killed engine goes on with what was changed; a new start goes by its settings."""
    async with lab(tmp_path) as driven:
        await driven.stored(500)
        await driven.do(SwitchKey("clicks", "country", 5))
        await driven.until(
            lambda s: clicks(s)[-1].epoch == 2 and clicks(s)[-1].records > 500, "the new key"
        )
        os.kill(driven.engine_pid(), signal.SIGKILL)
        seen = await driven.until(lambda s: bool(driven.losses) and s.state == "live", "a new one")
        assert (clicks(seen)[-1].key, clicks(seen)[-1].epoch) == ("country", 2)
        await driven.until(lambda s: s.store.stored > seen.store.stored + 500, "records")
        assert_exact(await driven.finish())
    async with lab(tmp_path) as driven:
        seen = await driven.until(lambda s: s.state == "live", "the next start")
        assert (clicks(seen)[-1].key, clicks(seen)[-1].epoch) == ("customer_id", 3)
        assert clicks(seen)[-1].shards == 5
        assert_exact(await driven.finish())


@pytest.mark.soak
async def test_a_generator_killed_during_switches_loses_nothing(tmp_path: Path) -> None:
    async with lab(tmp_path, rate=3000) as driven:
        await driven.stored(1000)
        for number, key in enumerate(["country", "device", "customer_id", "event_id"]):
            pid = await generator_pid(driven)
            switching = asyncio.create_task(driven.link.send(SwitchKey("clicks", key, 4 + number)))
            os.kill(pid, signal.SIGKILL)
            reply = await switching
            assert reply.ok or "generators" in reply.text
            assert await generator_pid(driven, after=pid) != pid
            seen = driven.latest.seq
            await driven.until(
                lambda s, seen=seen: s.seq > seen + 1 and s.traffic.state == "running", "at work"
            )
        assert_exact(await driven.finish())


async def generator_pid(driven: DrivenLab, after: int = 0) -> int:
    """The generator's process id, once there is one that is another than `after`."""
    async with asyncio.timeout(30):
        while True:
            for process in psutil.Process(driven.engine_pid()).children():
                with contextlib.suppress(psutil.Error):
                    if process.pid != after and "streaming.producer" in process.cmdline():
                        return process.pid
            await asyncio.sleep(0.05)
