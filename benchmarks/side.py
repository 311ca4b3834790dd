"""`python -m benchmarks.side MODULE JSON`: one measurement in a process of its own.

The process's CPU time (all its threads) is taken twice: start-up, which is importing, connecting
and loading what was made before, and the work between `Clock.start` and `Clock.stop`.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any

import psutil


class Clock:
    """Splits a process's CPU time into start-up, work, and what comes after."""

    def __init__(self) -> None:
        self._began: tuple[float, float] | None = None
        self.start_cpu_s = 0.0
        self.cpu_s = 0.0
        self.wall_s = 0.0

    def start(self) -> None:
        """The work begins now."""
        self.start_cpu_s = time.process_time()
        self._began = (time.process_time(), time.perf_counter())

    def stop(self) -> None:
        """The work is done."""
        assert self._began is not None
        self.cpu_s = time.process_time() - self._began[0]
        self.wall_s = time.perf_counter() - self._began[1]


def main() -> None:
    """Run one side and print what it measured as the last line."""
    module, config = sys.argv[1], json.loads(sys.argv[2])
    clock = Clock()
    said: dict[str, Any] = importlib.import_module(module).run(config, clock)
    said |= {
        "start_cpu_s": clock.start_cpu_s,
        "cpu_s": clock.cpu_s,
        "wall_s": clock.wall_s,
        "rss_mib": psutil.Process().memory_info().rss / 2**20,
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
