"""The lab's forest against the raw engine under it, and against rrcf."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Row, Run, in_turns, side

SHAPE: Final = {"trees": 50, "sample": 256}
POINTS: Final = 20_000
POINTS_RRCF: Final = 60
"""rrcf takes tens of milliseconds for each."""
GOAL_RRCF: Final = 100.0
GOAL_RAW: Final = 1 / 1.3
"""At most 1.3 times the engine's own time."""


def measure(records: int, rounds: int, folder: Path) -> Row:
    """Microseconds per score and update, against rrcf; the raw engine's scores must be equal."""
    row = Row("forest", "Forest", "rrcf", f">= {GOAL_RRCF:g}x")

    def once(module: str, count: int) -> Any:
        def run(number: int) -> Run:
            return side(module, {"records": count, **SHAPE})

        return run

    ours, theirs = in_turns(
        row, rounds, once("forest_ours", POINTS), once("forest_rrcf", POINTS_RRCF), GOAL_RRCF
    )
    raw = [once("forest_raw", POINTS)(number) for number in range(rounds)]
    again = [once("forest_ours", POINTS)(number) for number in range(rounds)]
    row.equal = all(run.said == ours[0].said for run in (*ours, *raw, *again))
    ratio = statistics.median(b.rate / a.rate for a, b in zip(raw, again, strict=True))
    micros = [statistics.median(1e6 / run.rate for run in runs) for runs in (again, raw, theirs)]
    row.figures |= {
        "ours_us": round(micros[0], 1), "raw_us": round(micros[1], 1),
        "rrcf_us": round(micros[2]), "of_raw": round(1 / ratio, 3),
    }  # fmt: skip
    word = "within" if ratio >= GOAL_RAW else "NOT within"
    row.notes = [
        f"50 trees x 256: {micros[0]:.0f} us per score and update, the raw engine "
        f"{micros[1]:.0f} us: {1 / ratio:.2f} times its time, {word} 1.3; rrcf {micros[2]:,.0f} us"
    ]
    return row
