"""Kafka to DuckDB: the lab's path against a plain loop that keeps the same windows."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from benchmarks import windows
from benchmarks.broker import broker
from benchmarks.events import MINUTE_MS, fill, read_ticks, write_ticks
from benchmarks.measure import Row, Run, in_turns, side
from streaming.lab.settings import LabSettings

GOAL: Final = 2.0
RATE: Final = 1_000.0
"""Records per second of event time: what a lab makes by default."""


def measure(records: int, rounds: int, folder: Path) -> Row:
    """Fill one topic, read it with both sides in turns, compare what is in their DuckDB files."""
    row = Row(
        "consumer", "batches, columns, exactly once", "getmany + json.loads + dict", f">= {GOAL:g}x"
    )
    settings = LabSettings()
    start_ms = (int(time.time()) // 60 - 10 - int(records / RATE / 60)) * MINUTE_MS
    write_ticks(folder / "events", records, RATE, start_ms)
    with broker(folder) as bootstrap:
        made = fill(bootstrap, "clicks", read_ticks(folder / "events"), start_ms)

        def once(module: str) -> Any:
            def run(number: int) -> Run:
                config = {
                    "bootstrap": bootstrap,
                    "topic": made.topic,
                    "ends": made.ends,
                    "store": str(folder / f"{module}-{number}.duckdb"),
                    "flush_ms": settings.flush_ms,
                    "lateness_ms": settings.lateness_ms,
                }
                return side(module, config)

            return run

        ours, plain = in_turns(row, rounds, once("consumer_ours"), once("consumer_plain"), GOAL)
    results = [
        windows.compare(
            folder / f"consumer_ours-{n}.duckdb",
            folder / f"consumer_plain-{n}.duckdb",
            made.start_ms,
            made.end_ms,
        )
        for n in range(rounds)
    ]
    wrong = [result.wrong for result in results if result.wrong]
    wrong += ["records differ" for a, b in zip(ours, plain, strict=True) if a.records != b.records]
    row.equal = not wrong
    row.figures |= {
        "merges": sorted(run.said["merges"] for run in ours)[rounds // 2],
        "windows": results[0].windows,
        "ours_checksum": results[0].checksum,
        "other_checksum": results[0].other_checksum,
        "distinct_off": round(max(result.distinct_off for result in results), 4),
        "rank_off": round(max(result.rank_off for result in results), 4),
    }
    row.notes = [
        f"{results[0].windows:,} windows compared, checksum {results[0].checksum} / "
        f"{results[0].other_checksum}; distinct off by at most "
        f"{row.figures['distinct_off']:.1%}, quantile ranks by {row.figures['rank_off']:.1%}",
        f"ours committed {row.figures['merges']} transactions with offsets, the loop one",
        *dict.fromkeys(wrong),
    ]
    return row
