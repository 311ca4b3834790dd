"""The main job end to end: the command line, the numbers it reports, and going on afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer

from streaming.lab import paths
from streaming.lab.commands import Inject, SampleLog, SetRate, WhatIf
from streaming.shards.keys import REGISTRY
from tests.pipeline.lab_driver import (
    DrivenLab,
    Where,
    alive,
    assert_exact,
    background,
    lab,
    run_cli,
)

FIELDS = {
    "produced", "acked", "consumed", "stored", "lost", "duplicates", "late_dropped",
    "dead_letters", "throttled", "rebalances", "latency_ms", "lag", "windows", "shards", "skew",
    "cpu_s", "rss_mib",
}  # fmt: skip


@pytest.mark.apache_soak
def test_run_verifies_and_reports(tmp_path: Path, where: Where) -> None:
    done = run_cli(
        "run", "--duration", "4s", "--rate", "1500", "--shards", "8", "--consumers", "3",
        "--seed", "7", "--verify", "--json", "-", "--data-dir", str(tmp_path / "lab"),
        *where.arguments,
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert set(summary) >= FIELDS
    made = summary["produced"]
    assert made == summary["acked"] == summary["stored"]
    # A generator that falls behind its schedule, on a machine that does much else, makes fewer.
    assert made == 6_000 if "behind their schedule" not in done.stderr else 0 < made < 6_000
    assert (summary["lost"], summary["duplicates"], summary["wrong"]) == (0, 0, 0)
    assert summary["lag"]["records"] == 0
    assert sum(shard["records"] for shard in summary["shards"]) == made
    assert len(summary["shards"]) == 16
    clicks = [s for s in summary["shards"] if s["stream"] == "clicks"]
    assert sum(s["share"] for s in clicks) == pytest.approx(1, abs=0.01)
    assert summary["skew"]["max_over_mean"] >= 1
    ours = {"generator", "consumer", "engine"} | ({"broker"} if where.kind == "embedded" else set())
    assert set(summary["cpu_s"]) == ours
    assert all(value > 0 for value in summary["rss_mib"].values())
    assert summary["latency_ms"]["p50"] <= summary["latency_ms"]["p99"]
    label = (
        "embedded broker (not Apache Kafka)" if where.kind == "embedded" else "Kafka 4.3, 3 nodes"
    )
    assert label in done.stderr

    again = run_cli(
        "run", "--duration", "2s", "--rate", "2000", "--shards", "8", "--verify", "--plain",
        "--plant", "poison", "--json", "out.json", "--data-dir", str(tmp_path / "lab"),
        *where.arguments,
        cwd=tmp_path,
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    more = json.loads((tmp_path / "out.json").read_text())
    # It goes on with the first one's data; poison is settled against the rate a tick later.
    assert more["stored"] == more["acked"]
    if "behind their schedule" not in again.stderr:
        assert more["stored"] == pytest.approx(made + 4_000, abs=20)
    assert more["lost"] == more["duplicates"] == 0
    assert "planted poison for 10 s" in again.stderr
    assert more["dead_letters"] > 0

    checked = run_cli("verify", "--data-dir", str(tmp_path / "lab"), cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    asked = run_cli(
        "sql", "SELECT sum(n) AS n FROM windows WHERE dim = 'all' AND size_s = 10",
        "--format", "json", "--data-dir", str(tmp_path / "lab"), cwd=tmp_path,
    )  # fmt: skip
    assert json.loads(asked.stdout)["rows"] == [[str(more["stored"] - more["dead_letters"])]]


def test_verify_finds_what_was_tampered_with(tmp_path: Path, where: Where) -> None:
    import duckdb

    root = tmp_path / "lab"
    done = run_cli(
        "run", "--duration", "2s", "--data-dir", str(root), *where.arguments, cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(root / "lab.duckdb")) as con:
        con.execute(
            "UPDATE windows SET n = n - 3 WHERE (stream, start_at, dim, key, size_s) IN "
            "(SELECT stream, start_at, dim, key, size_s FROM windows "
            "WHERE stream = 'clicks' AND dim = 'all' LIMIT 1)"
        )
    checked = run_cli("verify", "--data-dir", str(root), "--json", "report.json", cwd=tmp_path)
    assert checked.returncode == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["lost"] == 3


@pytest.mark.apache_soak
async def test_incidents_land_where_they_belong(tmp_path: Path, where: Where) -> None:
    """Poison goes to table and topic, too late records are counted aside, copies count."""
    async with lab(tmp_path, lateness_s=1, **where.settings) as driven:
        await driven.stored(2000)
        for kind in ("poison", "duplicate", "late"):
            await driven.do(Inject(kind, 4))
        seen = await driven.until(
            lambda s: s.store.dead_letters > 5 and s.store.late > 0 and not s.traffic.incidents,
            "poison and late records stored",
        )
        report = await driven.finish()
        assert_exact(report)
        assert report.dead == driven.latest.store.dead_letters >= seen.store.dead_letters
        assert report.late > 0
        assert report.planted_duplicates > 0
        letters = await _read_topic(
            seen.broker.address,
            f"{where.settings.get('topic_prefix', '')}dead-letters",
            report.dead,
        )
        sources = {dict(letter.headers)["source"] for letter in letters}
        assert len(sources) == report.dead
        assert all(dict(letter.headers)["reason"] for letter in letters)


async def _read_topic(bootstrap: str, topic: str, count: int) -> list:
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", group_id=None
    )
    await consumer.start()
    try:
        return [await asyncio.wait_for(consumer.getone(), 20) for _ in range(count)]
    finally:
        await consumer.stop()


@pytest.mark.apache_soak
async def test_rate_changes_while_running(tmp_path: Path, where: Where) -> None:
    async with lab(tmp_path, rate=500, **where.settings) as driven:
        await driven.until(lambda s: s.state == "live")
        await driven.do(SetRate(3000))
        await driven.until(
            lambda s: (s.traffic.produced_per_s or 0) > 2000 and s.traffic.target_per_s == 3000,
            "six times the load",
        )
        refused = await driven.link.send(SetRate(-1))
        assert not refused.ok
        assert_exact(await driven.finish())


async def test_lab_on_another_kafka(tmp_path: Path) -> None:
    """`--bootstrap` takes any Kafka; here the embedded broker run alone, killed and started."""
    port = _free_port()
    data = tmp_path / "broker"
    with background("broker", "--port", str(port), "--data", str(data), cwd=tmp_path) as broker:
        await _listening(port)
        async with lab(tmp_path / "lab", bootstrap=f"127.0.0.1:{port}") as driven:
            before = await driven.stored(2000)
            assert before.broker.kind == "external"
            broker.kill()
            await driven.until(lambda s: s.broker.state == "down", "the loss is seen")
            with background("broker", "--port", str(port), "--data", str(data), cwd=tmp_path):
                await driven.until(lambda s: s.broker.state == "up", "and the return")
                await driven.stored(before.store.stored + 2000)
                assert_exact(await driven.finish())


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listening(port: int) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
                continue
            writer.close()
            return


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_run_ends_in_order(
    tmp_path: Path, where: Where, number: signal.Signals
) -> None:
    with background(
        "run", "--plain", "--json", "out.json", *where.arguments, cwd=tmp_path
    ) as process:
        family = await _family_at_work(process.pid, tmp_path)
        process.send_signal(number)
        assert await asyncio.to_thread(process.wait, 60) == 128 + number
        assert not alive(family)
    summary = json.loads((tmp_path / "out.json").read_text())
    assert summary["stored"] == summary["acked"] > 0
    assert summary["lost"] == 0


async def test_run_interrupted_at_its_start_ends_too(tmp_path: Path) -> None:
    with background("run", "--plain", "--verify", cwd=tmp_path) as process:
        async with asyncio.timeout(60):
            while "STARTING" not in (tmp_path / "err.txt").read_text():
                await asyncio.sleep(0.05)
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, 60) == 128 + signal.SIGINT
        assert not alive(family)
    assert "agrees with the log" in (tmp_path / "out.txt").read_text()


async def test_killed_run_leaves_nothing_behind(tmp_path: Path) -> None:
    with background("run", "--plain", cwd=tmp_path) as process:
        family = await _family_at_work(process.pid, tmp_path)
        process.kill()
        process.wait()
        assert not alive(family)
    run = next((tmp_path / "data-home" / "dasprep-tui" / "runs").iterdir())
    assert not paths.is_running(run)
    assert not paths.LabPaths(run).card.exists()


async def test_killed_engine_leaves_no_socket_behind(tmp_path: Path) -> None:
    driven = DrivenLab(tmp_path)
    await driven.start()
    try:
        await driven.stored(200)
        folder = socket_folder(tmp_path)
        os.kill(driven.engine_pid(), signal.SIGKILL)
        await driven.until(lambda s: bool(driven.losses) and s.state == "live", "a new engine")
        assert socket_folder(tmp_path) != folder
        assert not folder.exists()
        folder = socket_folder(tmp_path)
    finally:
        await driven.stop()
    assert not folder.exists()


def socket_folder(root: Path) -> Path:
    card = paths.read_card(root)
    assert card is not None
    return Path(card.engine.removeprefix("unix:")).parent


async def _family_at_work(pid: int, folder: Path) -> list[psutil.Process]:
    """The processes of a run once records are stored."""
    async with asyncio.timeout(60):
        while " LIVE " not in (folder / "err.txt").read_text():
            await asyncio.sleep(0.05)
    return psutil.Process(pid).children(recursive=True)


@pytest.mark.soak
async def test_keys_are_tried_out_on_the_newest_records(tmp_path: Path) -> None:
    """A slice of time over all shards, poison left out; the lab itself goes on."""
    async with lab(tmp_path / "lab", rate=2000) as driven:
        await driven.stored(500)
        await driven.do(Inject("poison", 30))
        await driven.until(lambda s: s.store.dead_letters > 5 and s.store.stored > 6000, "poison")
        done = await asyncio.to_thread(
            run_cli, "keys", "--json", "--shards", "4", "--view", "msk", "--last", "3000",
            "--data-dir", str(tmp_path / "lab"), cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        rows = {row["key"]: row for row in json.loads(done.stdout)}
        assert set(rows) == set(REGISTRY) and done.stderr == ""
        assert rows["constant"]["hottest_share"] == 1
        assert 2500 < rows["event_id"]["distinct_keys"] <= 3000
        # The lab's own key, on as many shards as it has: what is predicted is what is seen.
        clicks = next(s for s in driven.latest.streams if s.name == "clicks")
        seen = max(shard.share or 0 for shard in clicks.shards)
        assert rows["customer_id"]["hottest_share"] == pytest.approx(seen, abs=0.1)
        nobody = await driven.link.send(SampleLog("films", 10))
        assert not nobody.ok and "no stream 'films'" in nobody.text
        assert not list(socket_folder(tmp_path / "lab").glob("sample-*"))
        told = await driven.do(WhatIf("clicks", (4, 8)))
        assert "msk view" in told.text and "kinesis view" in told.text
        assert max(map(len, told.text.splitlines())) <= 80
        for refused in (WhatIf("films", (4,)), WhatIf("clicks", ()), WhatIf("clicks", (0,))):
            assert not (await driven.link.send(refused)).ok
        assert_exact(await driven.finish())
