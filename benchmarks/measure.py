"""Runs two sides in turns (A B A B …), each time in a new process, and compares them."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final

import msgspec

from streaming import platform

_LIMIT_S: Final = 300


class SideFailed(Exception):
    """A measured process ended without a result."""


class Run(msgspec.Struct, frozen=True):
    """One measurement: CPU seconds of the work, and of the start-up that is kept apart."""

    records: int
    cpu_s: float
    start_cpu_s: float
    wall_s: float
    rss_mib: float
    said: dict[str, Any]

    @property
    def rate(self) -> float:
        """Records per CPU second of the work."""
        return self.records / self.cpu_s


class Spread(msgspec.Struct, frozen=True):
    """A median with the smallest and the largest of a few measurements."""

    median: float
    low: float
    high: float


class Row(msgspec.Struct):
    """One line of the table; `equal` says whether both sides' results agree."""

    name: str
    ours: str
    other: str
    goal: str
    met: bool | None = None
    equal: bool | None = None
    ours_rate: Spread | None = None
    other_rate: Spread | None = None
    ratio: Spread | None = None
    figures: dict[str, float | int | str | None] = msgspec.field(default_factory=dict)
    notes: list[str] = msgspec.field(default_factory=list)
    skipped: str = ""


def spread(values: list[float]) -> Spread:
    """The median and the range of some measurements."""
    return Spread(statistics.median(values), min(values), max(values))


def side(module: str, config: dict[str, Any]) -> Run:
    """Measure `benchmarks.sides.MODULE` once. Raises SideFailed."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.side", f"benchmarks.sides.{module}", json.dumps(config)],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        env=platform.child_env(),
        check=False,
    )
    if done.returncode or not done.stdout.strip():
        raise SideFailed(f"{module} ended with code {done.returncode}:\n{done.stderr[-2000:]}")
    said = json.loads(done.stdout.strip().splitlines()[-1])
    numbers = {name: said.pop(name) for name in Run.__struct_fields__ if name != "said"}
    return Run(**numbers, said=said)


def in_turns(
    row: Row, rounds: int, ours: Callable[[int], Run], other: Callable[[int], Run], goal: float
) -> tuple[list[Run], list[Run]]:
    """Measure both sides `rounds` times in turns and fill the row's rates and ratio.

    A ratio is of two neighbours in time, so that a busy minute falls on both.
    """
    pairs = [(ours(number), other(number)) for number in range(rounds)]
    a, b = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    row.ours_rate = spread([run.rate for run in a])
    row.other_rate = spread([run.rate for run in b])
    row.ratio = spread([first.rate / second.rate for first, second in pairs])
    row.met = row.ratio.median >= goal
    row.figures |= {
        "records": a[0].records,
        "rounds": rounds,
        "ours_cpu_s": round(statistics.median(run.cpu_s for run in a), 3),
        "other_cpu_s": round(statistics.median(run.cpu_s for run in b), 3),
        "ours_start_cpu_s": round(statistics.median(run.start_cpu_s for run in a), 3),
        "other_start_cpu_s": round(statistics.median(run.start_cpu_s for run in b), 3),
        "ours_rss_mib": round(max(run.rss_mib for run in a)),
        "other_rss_mib": round(max(run.rss_mib for run in b)),
    }
    return a, b
