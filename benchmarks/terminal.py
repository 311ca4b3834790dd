"""A program in a pseudo-terminal: what it writes, what it costs, when a key shows."""

from __future__ import annotations

import contextlib
import os
import pty
import select
import subprocess
import sys
import termios
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
    """Reads everything that a program writes; `screen` is what a person would see."""

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

    def read(self, seconds: float) -> bool:
        """Take what comes within so many seconds; returns whether anything came."""
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return False
        with contextlib.suppress(OSError):
            data = os.read(self._master, _READ)
            self.written += len(data)
            self._stream.feed(data)
        return True

    def until(self, condition: Callable[[str], bool], limit_s: float) -> float:
        """Wait until the screen fulfils a condition; returns how long that took (s)."""
        began = time.monotonic()
        while not condition(self.text):
            if time.monotonic() - began > limit_s:
                raise TimeoutError(f"after {limit_s:g} s the screen is:\n{self.text}")
            self.read(0.02)
        return time.monotonic() - began

    def watch(self, seconds: float) -> None:
        """Read for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.read(end - time.monotonic())

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
        os.close(self._master)
