"""A process that outlives the one which started a cluster, to end its nodes and empty its folder.

It reads lines of `+PID` and `-PID`, a node that runs and a node that does not. Its input ends when
the other process ends, in whichever way.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

GIVE_UP_S = 10


def watch(folder: str) -> None:
    """Keep account of the nodes until the input ends, then leave nothing behind."""
    running = set()
    for line in sys.stdin:
        change, pid = line[0], int(line[1:])
        running.add(pid) if change == "+" else running.discard(pid)
    for pid in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    # A killed node may still be writing into the folder for a moment.
    end = time.monotonic() + GIVE_UP_S
    while os.path.isdir(folder) and time.monotonic() < end:  # noqa: PTH112 (fewer imports)
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


class Guard:
    """The other side: the cluster tells its guard which nodes run."""

    def __init__(self, folder: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", __file__, folder],
            stdin=subprocess.PIPE,
            start_new_session=True,  # ctrl+c in the terminal is not for the guard
            text=True,
        )

    def started(self, pid: int) -> None:
        self._tell(f"+{pid}")

    def ended(self, pid: int) -> None:
        self._tell(f"-{pid}")

    def close(self) -> None:
        """End the nodes that are left, and wait until nothing is."""
        self._process.stdin.close()
        self._process.wait(GIVE_UP_S + 5)

    def _tell(self, line: str) -> None:
        print(line, file=self._process.stdin, flush=True)


if __name__ == "__main__":
    watch(sys.argv[1])
