"""Making events: the lab's shop against Faker asked for each field."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Row, Run, in_turns, side

GOAL: Final = 50.0
RATE: Final = 1_000.0
"""Records per second of event time: what a lab makes by default."""

BUSY_RATE: Final = 20_000.0
FEWER: Final = 50
"""Faker makes that many times fewer records, so that both sides take about as long."""

START_MS: Final = 1_700_000_000_000


def measure(records: int, rounds: int, folder: Path) -> Row:
    """Make records with both sides in turns; every one must keep the contract."""
    row = Row("generators", "Shop.tick()", "Faker per field", f">= {GOAL:g}x")

    def once(module: str, count: int, rate: float) -> Any:
        def run(number: int) -> Run:
            return side(module, {"records": count, "start_ms": START_MS, "rate": rate})

        return run

    few = max(100, records // FEWER)
    ours, naive = in_turns(
        row, rounds, once("generators_shop", records, RATE), once("generators_faker", few, 0), GOAL
    )
    busy = once("generators_shop", records, BUSY_RATE)(0)
    row.equal = all(run.records == run.said["valid"] for run in (*ours, *naive, busy))
    row.figures |= {"other_records": few, "busy_rate": round(busy.rate)}
    row.notes = [
        f"ours {ours[0].records:,} clicks and orders, Faker {naive[0].records:,} clicks, "
        "all kept the contract"
        if row.equal
        else "some records do not keep the contract",
        f"ours as a shop at {RATE:,.0f} records/s; at {BUSY_RATE:,.0f}/s (more people in the shop) "
        f"{busy.rate / 1000:,.1f}k per CPU s, one run",
    ]
    return row
