"""Trying key strategies out on a sample: columns and unique keys against record by record."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Row, Run, in_turns, side
from benchmarks.whatif import COUNTS, KEYS

GOAL: Final = 5.0
RECORDS: Final = 20_000
MOST_MS: Final = 100.0
"""What a person who looks at other keys is made to wait at most."""


def measure(records: int, rounds: int, folder: Path) -> Row:
    """Ask both sides in turns, in both views; the hottest shards must be equal."""
    row = Row("whatif", "compare()", "a loop over the records", f">= {GOAL:g}x")

    def once(module: str, view: str) -> Any:
        def run(number: int) -> Run:
            return side(module, {"records": RECORDS, "view": view})

        return run

    ours, plain = in_turns(
        row, rounds, once("whatif_ours", "kinesis"), once("whatif_plain", "kinesis"), GOAL
    )
    msk, msk_plain = once("whatif_ours", "msk")(0), once("whatif_plain", "msk")(0)
    row.equal = msk.said == msk_plain.said and all(
        run.said == ours[0].said for run in (*ours, *plain)
    )
    cpu_ms = statistics.median(run.cpu_s for run in ours) * 1000
    row.figures |= {"kinesis_ms": round(cpu_ms), "msk_ms": round(msk.cpu_s * 1000)}
    row.notes = [
        f"{RECORDS:,} records x {len(KEYS)} strategies x {len(COUNTS)} shard counts: "
        f"{cpu_ms:.0f} ms of CPU time in the Kinesis view, {msk.cpu_s * 1000:.0f} ms in Kafka's "
        f"(wanted: {MOST_MS:.0f} ms); in Kafka's the loop takes {msk_plain.cpu_s:.1f} s",
    ]
    return row
