"""Keys and shards changed again and again, and shards at their limits, for as long as it takes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from streaming.lab.commands import CopyStore, SwitchKey
from tests.pipeline.conftest import where  # noqa: F401 - a fixture
from tests.pipeline.lab_driver import Where, assert_exact, lab, run_cli

pytestmark = pytest.mark.soak

DURATION_S = 60
CHANGES = [
    ("country", 6), ("event_id", 8), ("customer_id+salt8", 5), ("none", 7),
    ("{country}:{device}", 4), ("customer_id+choose2", 8), ("constant", 5), ("event_type", 9),
    ("session_id", 6), ("customer_id", 4),
]  # fmt: skip


@pytest.mark.timeout(300)
@pytest.mark.parametrize("view", ["kinesis", "msk"])
async def test_ten_changes_in_a_minute(tmp_path: Path, where: Where, view: str) -> None:  # noqa: F811
    async with lab(tmp_path, rate=3000, view=view, **where.settings) as driven:
        await driven.until(lambda s: s.state == "live", "at work")
        for number, (key, count) in enumerate(CHANGES, 2):
            # Kafka only adds: there the number grows by one each time.
            shards = count if view == "kinesis" else 3 + number
            await asyncio.gather(
                driven.do(SwitchKey("clicks", key, shards)), asyncio.sleep(DURATION_S / 11)
            )
            seen = await driven.until(
                lambda s, number=number: s.streams[0].epochs[-1].epoch == number, "the next epoch"
            )
            assert (seen.streams[0].key, seen.streams[0].epochs[-1].shards) == (key, shards)
        report = await driven.finish()
        assert_exact(report)
        assert report.records > 3000 * DURATION_S * 0.7
        told = await journal(driven)
        assert [row[0].split(":")[0] for row in told] == [
            f"clicks epoch {number}" for number in range(2, 12)
        ]


async def journal(driven: Any) -> list[tuple[str]]:
    import duckdb

    path = (await driven.do(CopyStore())).data
    with duckdb.connect(path, read_only=True) as con:
        return con.execute("SELECT text FROM journal WHERE kind = 'epoch' ORDER BY seq").fetchall()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("what", ["customer_id", "constant", "aggregated"])
def test_shards_at_their_limits(tmp_path: Path, where: Where, what: str) -> None:  # noqa: F811
    """Five thousand records a second for four shards that take a thousand each."""
    key = "customer_id" if what == "aggregated" else what
    done = run_cli(
        "run", "--rate", "5000", "--shards", "4", "--view", "kinesis", "--limits", "on",
        "--key", key, "--aggregate", "on" if what == "aggregated" else "off",
        "--duration", "25s", "--verify", "--json", "-", "--data-dir", str(tmp_path / "lab"),
        *where.arguments, cwd=tmp_path, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    summary = json.loads(done.stdout)
    assert (summary["lost"], summary["duplicates"], summary["wrong"]) == (0, 0, 0)
    assert summary["stored"] == summary["acked"] == summary["produced"]
    records = [shard["records"] for shard in summary["shards"] if shard["stream"] == "clicks"]
    if what == "aggregated":
        assert summary["throttled"] == 0 and summary["stored"] > 100_000
        return
    # Half a shard's rate is refused while it is full: what the producer puts beyond it.
    assert summary["throttled"] > 2000
    if what == "constant":
        assert sorted(records)[:3] == [0, 0, 0]
        assert max(records) <= 1000 * (summary["elapsed_s"] + 1)
    else:
        assert min(records) > 0 and max(records) <= 1000 * (summary["elapsed_s"] + 1)
