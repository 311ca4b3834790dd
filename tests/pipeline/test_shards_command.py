"""`dasprep-tui shards` on a running lab, from a process of its own, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.lab_driver import assert_exact, lab, run_cli


@pytest.mark.soak
async def test_shards_are_listed_and_changed_from_another_process(tmp_path: Path) -> None:
    root = tmp_path / "lab"

    async def shards(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(
            run_cli, "shards", *arguments, "--data-dir", str(root), cwd=tmp_path
        )

    async def done(*arguments: str) -> str:
        result = await shards(*arguments)
        assert result.returncode == 0, result.stderr
        assert result.stderr == ""
        return result.stdout

    async def refused(*arguments: str) -> str:
        result = await shards(*arguments)
        assert result.returncode == 1, result.stderr
        assert result.stdout == "" and "Traceback" not in result.stderr
        return result.stderr

    async def rows(**wanted: Any) -> list[dict[str, Any]]:
        found = json.loads(await done("list", "--json", "--stream", "clicks"))
        return [row for row in found if all(row[name] == is_ for name, is_ in wanted.items())]

    async with lab(root, view="kinesis", limits="today", rate=1500) as driven:
        await driven.stored(1500)
        first = await rows()
        assert [row["name"] for row in first] == [f"shardId-{n:012}" for n in range(4)]
        assert (first[0]["start"], first[-1]["end"]) == ("0", str(2**128 - 1))
        assert all(row["view"] == "kinesis" and row["width"] == 0.25 for row in first)

        assert "clicks epoch 2: split shardId-000000000000 at" in await done("split", "clicks", "0")
        again = await refused("split", "clicks", "shardId-000000000000")
        assert "InvalidArgumentException: Shard shardId-000000000000 in stream clicks" in again
        assert "has already been merged or split" in again
        children = [row for row in await rows(lifecycle="open") if row["parents"] == [0]]
        assert [row["id"] for row in children] == [4, 5]
        assert (await rows(id=0))[0]["children"] == [4, 5]
        assert sum(row["width"] for row in children) == 0.25

        assert "adjacent pair of shards" in await refused("merge", "clicks", "1", "3")
        said = await done("merge", "clicks", "4", "shardId-000000000005")
        assert "into shardId-000000000006" in said
        assert (await rows(id=6))[0]["parents"] == [4, 5]

        assert "from 4 to 8 shards" in await done("update-count", "clicks", "8")
        assert len(await rows(lifecycle="open", width=0.125)) == 8
        assert "over double" in await refused("update-count", "clicks", "17")
        assert "newStartingHashKey" in await refused("split", "clicks", "8", "--at", "5x")
        assert "Could not find shard shardId-000000000099" in await refused("split", "clicks", "99")
        assert "there is no stream 'films'" in await refused("split", "films", "0")

        assert "key session_id on 8 shards" in await done("key", "clicks", "session_id")
        assert "no field 'colour'" in await refused("key", "clicks", "colour")

        both = await done("limits", "course")
        assert "clicks epoch 6: limits of course" in both and "orders epoch 2" in both
        assert "so already" in await refused("limits", "course")
        assert "limits off" in await done("limits", "off")
        assert {row["limits"] for row in await rows()} == {"off"}

        assert "read at once" in await done("parents-first", "off")
        table = await done("list")
        assert "parents-first is off" in table and "orders, epoch 3, kinesis view" in table
        assert "after their parents" in await done("parents-first", "on")

        said = await done("aggregate", "on")
        assert "clicks epoch 8: aggregation as the KPL does it" in said and "orders epoch 4" in said
        assert "so already" in await refused("aggregate", "kpl")
        await driven.until(
            lambda s: s.streams[0].packing and s.streams[0].packing.records_per_pack, "packs"
        )
        heading, packed, *_ = (await done("list", "--stream", "clicks")).splitlines()
        assert "epoch 8" in heading and packed.startswith("aggregated as the KPL does it, ")
        row = (await rows())[0]
        assert row["aggregate"] == "kpl" and 0 < row["efficiency"] <= 1 and row["delay_ms"] > 0
        assert "each record is put alone" in await done("aggregate", "off")
        assert {row["aggregate"] for row in await rows()} == {"off"}
        check_epochs((await driven.summary())["epochs"])

        wrong = await shards("list", "--stream", "films")
        assert wrong.returncode == 2
        assert "there is no stream 'films'; there are: clicks, orders" in wrong.stderr
        assert_exact(await driven.finish())


def check_epochs(rows: list[dict[str, Any]]) -> None:
    """The two newest epochs of each stream, as the summary of a run has them."""
    assert [(row["stream"], row["epoch"]) for row in rows] == [
        ("clicks", 8), ("clicks", 9), ("orders", 4), ("orders", 5),
    ]  # fmt: skip
    packed = rows[0]
    assert list(packed) == [
        "stream", "epoch", "key", "view", "shards", "records", "max_over_mean", "cv", "gini",
        "jain", "hottest_load", "throttled", "distinct_keys", "inversions",
    ]  # fmt: skip
    assert (packed["key"], packed["view"], packed["shards"]) == ("session_id", "kinesis", 8)
    assert packed["records"] > 0 and packed["max_over_mean"] >= 1 and 0 < packed["jain"] <= 1
    assert packed["hottest_load"] is None, "without limits there is no load"


async def test_partitions_of_kafka_are_listed_and_not_split(tmp_path: Path) -> None:
    async with lab(tmp_path / "lab", rate=500) as driven:
        await driven.stored(200)

        async def shards(*arguments: str) -> subprocess.CompletedProcess[str]:
            where = ("--data-dir", str(tmp_path / "lab"))
            return await asyncio.to_thread(run_cli, "shards", *arguments, *where, cwd=tmp_path)

        for action in ("split clicks 0", "merge clicks 0 1", "update-count clicks 8", "limits on",
                       "aggregate on"):  # fmt: skip
            refused = await shards(*action.split())
            assert refused.returncode == 1
            assert "Start the lab with --view kinesis" in refused.stderr
        listed = json.loads((await shards("list", "--json")).stdout)
        assert {(row["view"], row["name"], row["parents"]) for row in listed} == {
            ("msk", None, None)
        }
        assert "4 partitions" in (await shards("list", "--stream", "orders")).stdout
