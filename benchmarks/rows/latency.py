"""A whole lab in real time: from the produce time of a record to its committed row."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any, Final

from benchmarks.facts import load
from benchmarks.measure import Row
from streaming.lab.client import LocalLab
from streaming.lab.commands import Summary
from streaming.lab.settings import LabSettings

P50_MS: Final = 200.0
P99_MS: Final = 500.0
SECONDS: Final = 15.0


def measure(records: int, rounds: int, folder: Path) -> Row:
    """Run a lab for a while and ask it for its latencies (the sizes are fixed)."""
    row = Row("latency", "lab at 1,000/s", "-", f"p50 <= {P50_MS:g}, p99 <= {P99_MS:g} ms")
    before = load()
    summary = asyncio.run(_run(folder / "lab"))
    p50, p99 = summary["latency_ms"]["p50"], summary["latency_ms"]["p99"]
    row.met = p50 is not None and p99 is not None and p50 <= P50_MS and p99 <= P99_MS
    row.equal = summary["stored"] > 0 and summary["refused_handovers"] == 0
    row.figures = {
        "p50_ms": p50,
        "p99_ms": p99,
        "produced": summary["produced"],
        "stored": summary["stored"],
        "cpu_s": json.dumps(summary["cpu_s"]),
        "load_before": before,
        "load_after": load(),
    }
    row.notes = [
        f"{summary['stored']:,} of {summary['produced']:,} records stored when asked; "
        f"4 shards, 2 consumers, {SECONDS:g} s from the start on; "
        f"load before {before}, after {row.figures['load_after']}"
    ]
    return row


async def _run(root: Path) -> dict[str, Any]:
    lab = LocalLab(LabSettings(rate=1000, shards=4, consumers=2), root)
    await lab.open()
    watching = asyncio.create_task(_watch(lab))
    try:
        await asyncio.sleep(SECONDS)
        reply = await lab.send(Summary())
        if not reply.ok:
            raise RuntimeError(f"the lab has no summary: {reply}")
        return dict(json.loads(reply.data) if isinstance(reply.data, str) else reply.data)
    finally:
        watching.cancel()
        await lab.close()


async def _watch(lab: LocalLab) -> None:
    async for _ in lab.snapshots():
        pass
