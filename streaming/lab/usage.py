"""CPU seconds and memory of the lab's processes, by role, over their restarts."""

from __future__ import annotations

from collections.abc import Iterable

import psutil


class Usage:
    """Asks the system about each process; what a dead one used is remembered."""

    def __init__(self) -> None:
        self._cpu: dict[str, dict[int, float]] = {}
        self._rss: dict[str, float] = {}

    def sample(self, processes: Iterable[tuple[str, int]]) -> None:
        """Look at these (role, process id) pairs."""
        rss: dict[str, float] = {}
        for role, pid in processes:
            try:
                process = psutil.Process(pid)
                times = process.cpu_times()
                rss[role] = rss.get(role, 0.0) + process.memory_info().rss / 2**20
            except psutil.Error:
                continue
            self._cpu.setdefault(role, {})[pid] = times.user + times.system
        for role, value in rss.items():
            self._rss[role] = max(value, self._rss.get(role, 0.0))

    def cpu_s(self) -> dict[str, float]:
        """CPU seconds (user and system) per role."""
        return {role: round(sum(by_pid.values()), 3) for role, by_pid in self._cpu.items()}

    def rss_mib(self) -> dict[str, float]:
        """Highest resident memory per role in MiB, its processes together."""
        return {role: round(value, 1) for role, value in self._rss.items()}
