"""A program in a pseudo-terminal: what it writes, what it costs, when a key shows."""

from __future__ import annotations

import contextlib
import os
import pty
import queue
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import psutil
import pyte

COLUMNS: Final = 120
ROWS: Final = 40
_ENDS_S: Final = 20.0
_READ: Final = 65_536


class Terminal:
    """Reads everything that a program writes; `text` is what a person would see.

    A thread reads, so that what comes is stamped when it comes: to draw a whole screen in Python
    takes longer than what is measured here.
    """

    def __init__(self, arguments: list[str], cwd: Path, env: dict[str, str]) -> None:
        self._master, side = pty.openpty()
        termios.tcsetwinsize(side, (ROWS, COLUMNS))
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, *arguments], cwd=cwd, env={**env, "TERM": "xterm-256color"},
            stdin=side, stdout=side, stderr=side, start_new_session=True,
        )  # fmt: skip
        os.close(side)
        self.written = 0
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._came: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):  # the program has ended
            while data := os.read(self._master, _READ):
                self._came.put((time.monotonic(), data))

    def take(self, seconds: float) -> float | None:
        """Draw the next that comes within so many seconds; returns when it came, None: nothing."""
        try:
            at, data = self._came.get(timeout=max(0.0, seconds))
        except queue.Empty:
            return None
        self.written += len(data)
        self._stream.feed(data)
        return at

    def until(self, condition: Callable[[str], bool], limit_s: float) -> float:
        """Wait until the screen fulfils a condition; returns after how long that came (s)."""
        began = at = time.monotonic()
        while not condition(self.text):
            if time.monotonic() - began > limit_s:
                raise TimeoutError(f"after {limit_s:g} s the screen is:\n{self.text}")
            at = self.take(0.02) or at
        return max(0.0, at - began)

    def watch(self, seconds: float) -> None:
        """Read for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.take(end - time.monotonic())

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._master, keys)

    @property
    def text(self) -> str:
        """The whole screen."""
        return "\n".join(self._screen.display)

    def cpu_s(self) -> float:
        """CPU seconds, user and system, of the program and its children so far."""
        mine = psutil.Process(self.process.pid)
        total = 0.0
        for process in (mine, *mine.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def close(self) -> None:
        """End the program and wait for it."""
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.watch(0.5)
            self.process.wait(_ENDS_S)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        os.close(self._master)
