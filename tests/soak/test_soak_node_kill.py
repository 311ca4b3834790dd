"""A minute at 3,000 records a second while a node of a real cluster is killed and returns."""

from __future__ import annotations

import asyncio
import json
import uuid
from pathlib import Path

import pytest

from kafka_cluster import KafkaCluster
from tests.pipeline.lab_driver import background
from tests.pipeline.pseudo_terminal import Terminal, terminal

RATE = 3000
DURATION_S = 60
LEAST_MISSING_S = 15  # longer than Kafka needs to fence the node and move its shards


@pytest.mark.soak
@pytest.mark.timeout(400)
async def test_killed_node_in_a_minute_of_traffic(
    tmp_path: Path, secured_kafka: KafkaCluster
) -> None:
    arguments = (
        "run", "--duration", f"{DURATION_S}s", "--rate", str(RATE), "--shards", "6",
        "--consumers", "3", "--verify", "--plain", "--json", "out.json",
        "--data-dir", str(tmp_path / "lab"),
        "--bootstrap", secured_kafka.bootstrap, "--topic-prefix", f"{uuid.uuid4().hex}.",
    )  # fmt: skip
    with background(*arguments, cwd=tmp_path) as process:
        await _live(tmp_path)
        attach = ("attach", "--data-dir", str(tmp_path / "lab"))
        async with terminal(tmp_path, 120, 40, *attach) as screen:
            await screen.until("LIVE", "Kafka 4.3, 3 nodes")
            await _missing_and_back(screen, secured_kafka)
            screen.press(b"q")
            assert await screen.ended() == 0
            assert screen.is_restored()
        code = await asyncio.to_thread(process.wait, 240)
    said = (tmp_path / "err.txt").read_text() + (tmp_path / "out.txt").read_text()
    assert code == 0, said[-3000:]
    summary = json.loads((tmp_path / "out.json").read_text())
    assert summary["verified"]
    assert (summary["lost"], summary["duplicates"], summary["wrong"]) == (0, 0, 0)
    assert summary["produced"] == summary["acked"] == summary["stored"]
    if "behind their schedule" not in said:
        assert summary["stored"] == RATE * DURATION_S
    assert "node 2 missing" in said


async def _missing_and_back(screen: Terminal, cluster: KafkaCluster) -> None:
    cluster.kill(2)
    try:
        await screen.until("NODE 2 MISSING", "does not answer")
        await screen.until(f"NODE 2 MISSING {LEAST_MISSING_S}s")
    finally:
        cluster.restart(2)
    await screen.until("is back after")
    assert "MISSING" not in screen.text().splitlines()[0]


async def _live(folder: Path) -> None:
    async with asyncio.timeout(90):
        while " LIVE " not in (folder / "err.txt").read_text():
            await asyncio.sleep(0.05)
