"""Kill anything in the middle of a run: nothing may be lost, doubled or wrong afterwards."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from kafka_cluster import KafkaCluster
from streaming.lab.commands import KillBroker, KillConsumer
from streaming.lab.snapshot import LabSnapshot
from tests.pipeline.lab_driver import Where, assert_exact, lab

SESSION_S = 3.0


def owners(s: LabSnapshot) -> set[str]:
    return {shard.owner for stream in s.streams for shard in stream.shards if shard.owner}


def all_owned(s: LabSnapshot) -> bool:
    return bool(s.streams) and all(x.owner for stream in s.streams for x in stream.shards)


async def test_killed_consumer_is_replaced_and_nothing_is_lost(
    tmp_path: Path, where: Where
) -> None:
    async with lab(
        tmp_path, consumers=3, shards=6, session_timeout_s=SESSION_S, **where.settings
    ) as driven:
        await driven.until(lambda s: all_owned(s) and len(owners(s)) == 3, "three owners")
        await driven.stored(3000)
        await driven.do(KillConsumer("c-1"))
        killed = await driven.until(lambda s: "c-1" not in owners(s), "c-1 gone")
        taken = await driven.until(lambda s: all_owned(s), "shards taken over")
        # The promise is session timeout + 3 s, seen through snapshots half a second apart.
        assert taken.at_ms - killed.at_ms <= (SESSION_S + 3.0 + 0.5) * 1000
        await driven.until(lambda s: len(owners(s)) == 3, "the replacement has shards again")
        assert_exact(await driven.finish())


@pytest.mark.soak
async def test_all_consumers_killed_at_once(tmp_path: Path, where: Where) -> None:
    async with lab(tmp_path, session_timeout_s=SESSION_S, **where.settings) as driven:
        await driven.stored(2000)
        before = await driven.until(all_owned)
        for name in ("c-0", "c-1"):
            os.kill(driven.pid_of(name), signal.SIGKILL)
        await driven.until(lambda s: all(c.restarts >= 1 for c in s.consumers), "restarted")
        await driven.stored(before.store.stored + 2000)
        assert_exact(await driven.finish())


async def test_killed_broker_comes_back_on_its_data(tmp_path: Path) -> None:
    async with lab(tmp_path, session_timeout_s=SESSION_S) as driven:
        before = await driven.stored(3000)
        await driven.do(KillBroker())
        back = await driven.until(
            lambda s: s.broker.restarts == 1 and s.broker.state == "up", "broker back"
        )
        assert back.broker.address == before.broker.address
        await driven.stored(before.store.stored + 3000)
        assert_exact(await driven.finish())


@pytest.mark.soak
async def test_killed_node_of_a_cluster_is_missed_and_welcomed_back(
    tmp_path: Path, secured_kafka: KafkaCluster
) -> None:
    """Its shards get other leaders; three replicas, two in sync: nothing acknowledged is lost."""
    settings = {"bootstrap": secured_kafka.bootstrap, "topic_prefix": f"{uuid.uuid4().hex}."}
    async with lab(tmp_path, session_timeout_s=SESSION_S, **settings) as driven:
        before = await driven.stored(3000)
        assert [node.state for node in before.broker.nodes] == ["up", "up", "up"]
        assert not (await driven.link.send(KillBroker())).ok
        victim = max(before.broker.nodes, key=lambda node: node.leads or 0).id
        secured_kafka.kill(victim)
        try:
            missed = await driven.until(
                lambda s: [n.id for n in s.broker.nodes if n.state == "missing"] == [victim],
                "the node is missed",
            )
            assert missed.broker.state == "up"
            await driven.until(lambda s: s.broker.behind, "its replicas are behind")
            await driven.until(
                lambda s: (
                    s.broker.leaderless == 0
                    and next(n.leads for n in s.broker.nodes if n.id == victim) == 0
                ),
                "other leaders",
            )
            await driven.stored(before.store.stored + 6000)
        finally:
            secured_kafka.restart(victim)
        whole = await driven.until(
            lambda s: s.broker.behind == 0 and all(n.state == "up" for n in s.broker.nodes),
            "the node is back, its replicas in sync",
        )
        said = [event.text for event in whole.events if event.kind == "node"]
        assert said[0].startswith(f"node {victim} (") and "does not answer" in said[0]
        assert "is back after" in said[-1]
        assert_exact(await driven.finish())


@pytest.mark.apache_soak
async def test_killed_engine_goes_on_where_the_store_stands(tmp_path: Path, where: Where) -> None:
    async with lab(tmp_path, session_timeout_s=SESSION_S, **where.settings) as driven:
        before = await driven.stored(3000)
        family = psutil.Process(driven.engine_pid()).children(recursive=True)
        os.kill(driven.engine_pid(), signal.SIGKILL)
        after = await driven.until(
            lambda s: s.started_at_ms > before.started_at_ms and s.state == "live", "a new engine"
        )
        assert driven.losses
        assert not psutil.wait_procs(family, timeout=15)[1], "the old lab's processes live on"
        assert after.store.stored >= before.store.stored
        done = await driven.stored(before.store.stored + 3000)
        assert done.traffic.produced >= done.store.stored - done.traffic.target_per_s
        assert_exact(await driven.finish())


@pytest.mark.apache_soak
async def test_killed_generator_starts_a_new_life(tmp_path: Path, where: Where) -> None:
    async with lab(tmp_path, **where.settings) as driven:
        before = await driven.stored(2000)
        generator = [
            p
            for p in psutil.Process(driven.engine_pid()).children()
            if "streaming.producer" in p.cmdline()
        ]
        generator[0].kill()
        await driven.until(lambda s: s.traffic.state != "running", "the death is seen")
        await driven.until(lambda s: s.traffic.state == "running", "a new generator")
        await driven.stored(before.store.stored + 2000)
        report = await driven.finish()
        assert_exact(report)
        summary = await driven.summary()
        # What was produced and not yet sent died with the process.
        assert summary["stored"] == summary["acked"] == report.records <= summary["produced"]


@pytest.mark.apache_soak
@pytest.mark.parametrize("assignor", ["roundrobin", "cooperative-sticky"])
async def test_zombie_consumer_is_refused(tmp_path: Path, where: Where, assignor: str) -> None:
    """A stopped consumer that comes back after its shards moved must not count them again."""
    settings = {"session_timeout_s": SESSION_S, "assignor": assignor, **where.settings}
    async with lab(tmp_path, **settings) as driven:
        await driven.until(lambda s: len(owners(s)) == 2, "both have shards")
        await driven.stored(2000)
        zombie = driven.pid_of("c-1")
        os.kill(zombie, signal.SIGSTOP)
        try:
            await driven.until(lambda s: owners(s) == {"c-0"}, "c-0 took everything")
        finally:
            os.kill(zombie, signal.SIGCONT)
        await driven.until(lambda s: len(owners(s)) == 2, "the zombie joined again")
        report = await driven.finish()
        assert_exact(report)
        assert driven.latest is not None
        assert driven.latest.store.refused > 0


@pytest.mark.apache_soak
async def test_stopped_engine_is_back_pressure_not_loss(tmp_path: Path, where: Where) -> None:
    """While the writer stands still, consumers wait; the group does not fall apart."""
    async with lab(tmp_path, session_timeout_s=SESSION_S, **where.settings) as driven:
        before = await driven.stored(3000)
        engine = psutil.Process(driven.engine_pid())
        async with LogEnds(before, where.settings.get("topic_prefix", "")) as log:
            end = await log.records()
            engine.suspend()
            try:
                async with asyncio.timeout(60):
                    while await log.records() < end + 6000:  # the generators go on
                        await asyncio.sleep(0.05)
            finally:
                engine.resume()
        after = await driven.stored(before.store.stored + 9000)
        assert after.rebalances == before.rebalances
        assert_exact(await driven.finish())


class LogEnds:
    """Counts the records in a lab's log, whatever its engine does."""

    def __init__(self, snapshot: LabSnapshot, prefix: str) -> None:
        self._consumer = AIOKafkaConsumer(bootstrap_servers=snapshot.broker.address)
        self._shards = [
            TopicPartition(prefix + stream.name, shard.id)
            for stream in snapshot.streams
            for shard in stream.shards
        ]

    async def __aenter__(self) -> LogEnds:
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def records(self) -> int:
        return sum((await self._consumer.end_offsets(self._shards)).values())


@pytest.mark.skipif(sys.platform != "linux", reason="sets a limit on a running process")
async def test_full_disk_ends_the_lab_with_the_reason_and_loses_nothing(tmp_path: Path) -> None:
    import resource

    async with lab(tmp_path) as driven:
        await driven.stored(2000)
        wal = tmp_path / "lab.duckdb.wal"
        size = wal.stat().st_size if wal.exists() else 0
        resource.prlimit(driven.engine_pid(), resource.RLIMIT_FSIZE, (size + 4096, -1))
        error = await driven.until_failed()
        assert "could not be written" in str(error)
    async with lab(tmp_path) as again:
        await again.until(lambda s: s.state == "live", "live again")
        assert_exact(await again.finish())
