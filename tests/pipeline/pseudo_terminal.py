"""Programs in a pseudo-terminal whose screen can be read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import select
import subprocess
import termios
from collections.abc import AsyncIterator
from pathlib import Path

import pyte

from tests.pipeline.lab_driver import cli_env, command


class Terminal:
    """A program in a pseudo-terminal whose screen can be read."""

    def __init__(self, process: subprocess.Popen[bytes], master: int, side: int) -> None:
        columns, rows = os.get_terminal_size(side)
        self.process = process
        self.raw = b""
        self._master = master
        self._side = side
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        asyncio.get_running_loop().add_reader(master, self._read)

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            data = os.read(self._master, 65536)
            self.raw += data
            self._stream.feed(data)

    def text(self) -> str:
        return "\n".join(self._screen.display)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    async def until(self, *words: str) -> None:
        async with asyncio.timeout(60):
            while not all(word in self.text() for word in words):
                assert self.process.poll() is None, self.text()
                await asyncio.sleep(0.05)

    async def ended(self) -> int:
        async with asyncio.timeout(60):
            while self.process.poll() is None:
                await asyncio.sleep(0.05)
        while select.select([self._master], [], [], 0.1)[0]:
            self._read()  # its last words
        return self.process.returncode

    def is_restored(self) -> bool:
        left = self.raw.rfind(b"\x1b[?1049l") > self.raw.rfind(b"\x1b[?1049h")
        cooked = termios.tcgetattr(self._side)[3] & termios.ICANON
        return left and bool(cooked)


@contextlib.asynccontextmanager
async def terminal(folder: Path, columns: int, rows: int, *args: str) -> AsyncIterator[Terminal]:
    master, side = pty.openpty()
    termios.tcsetwinsize(side, (rows, columns))
    process = subprocess.Popen(
        command(*args), cwd=folder, env={**cli_env(folder), "TERM": "xterm-256color"},
        stdin=side, stdout=side, stderr=side, start_new_session=True,
    )  # fmt: skip
    try:
        yield Terminal(process, master, side)
    finally:
        asyncio.get_running_loop().remove_reader(master)
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(master)
        os.close(side)
