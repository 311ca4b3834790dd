"""In a real pseudo terminal: whatever ends the app, the terminal is as it was before."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).parents[2]
WAIT_S = 30.0
LEFT = b"\x1b[?1049l"
ENTERED = b"\x1b[?1049h"


class Terminal:
    """The made-up lab's screens in a terminal of their own."""

    def __init__(self, folder: Path, mode: str, *more: str) -> None:
        self.pid_file = folder / "pid"
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        self.before = termios.tcgetattr(self.slave)
        self.output = b""
        command = [sys.executable, "-m", "tests.screens.demo", "--mode", mode, *more]
        self.process = subprocess.Popen(
            [*command, "--pid-file", str(self.pid_file)],
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color", "TEXTUAL_ANIMATIONS": "none"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )

    def read(self) -> None:
        ready, _, _ = select.select([self.master], [], [], 0.05)
        if ready:
            with contextlib.suppress(OSError):
                self.output += os.read(self.master, 65536)

    def until(self, condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline, self.output[-2000:]
            self.read()

    def live(self) -> None:
        self.until(lambda: b"LIVE" in self.output and self.pid_file.exists())
        self.until(lambda: self.pid_file.read_text())

    @property
    def app_pid(self) -> int:
        return int(self.pid_file.read_text())

    @property
    def lab_closed(self) -> bool:
        return Path(f"{self.pid_file}.closed").exists()

    def ends(self) -> int:
        self.until(lambda: self.process.poll() is not None)
        for _ in range(3):
            self.read()
        return self.process.returncode

    @property
    def words(self) -> str:
        """What stands on the terminal after the screens were left."""
        return self.output.rpartition(LEFT)[2].decode("utf-8", "replace")

    def assert_restored(self) -> None:
        assert self.output.count(LEFT) >= self.output.count(ENTERED) >= 1
        tail = self.output[self.output.rindex(ENTERED) :]
        for mode in (b"?1000", b"?1003", b"?1006", b"?2004", b"?1004"):
            assert tail.rfind(b"\x1b[" + mode + b"l") > tail.rfind(b"\x1b[" + mode + b"h"), mode
        assert tail.rfind(b"\x1b[?25h") > tail.rfind(b"\x1b[?25l")
        after = termios.tcgetattr(self.slave)
        assert after[3] & termios.ICANON and after[3] & termios.ECHO and after[3] & termios.ISIG
        assert after[:4] == self.before[:4]

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)
        if self.pid_file.exists() and self.pid_file.read_text():
            # Its guard was killed and its terminal is gone: nothing of it may stay.
            _, left = psutil.wait_procs(_still(self.app_pid), WAIT_S)
            assert not left, left


def _still(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        return [psutil.Process(pid)]
    return []


Start = Callable[..., Terminal]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[Terminal] = []

    def starting(mode: str = "steady", *more: str) -> Terminal:
        started.append(Terminal(tmp_path, mode, *more))
        return started[-1]

    yield starting
    for terminal in started:
        terminal.close()


def test_q_leaves_cleanly(start: Start) -> None:
    terminal = start()
    terminal.live()
    os.write(terminal.master, b"q")
    assert terminal.ends() == 0
    terminal.assert_restored()
    assert terminal.lab_closed and "dasprep-tui" not in terminal.words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_to_the_guard_end_in_order(start: Start, number: signal.Signals) -> None:
    terminal = start()
    terminal.live()
    terminal.process.send_signal(number)
    assert terminal.ends() == 128 + number
    terminal.assert_restored()
    assert terminal.lab_closed


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGQUIT])
def test_signals_to_the_app_end_in_order(start: Start, number: signal.Signals) -> None:
    terminal = start()
    terminal.live()
    os.kill(terminal.app_pid, number)
    assert terminal.ends() == 128 + number
    terminal.assert_restored()
    assert terminal.lab_closed


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_app_leaves_a_usable_terminal(start: Start, number: signal.Signals) -> None:
    terminal = start()
    terminal.live()
    assert terminal.app_pid != terminal.process.pid
    os.kill(terminal.app_pid, number)
    assert terminal.ends() == 128 + number
    terminal.assert_restored()
    assert number.name in terminal.words


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="PR_SET_PDEATHSIG is Linux")
def test_a_killed_guard_takes_the_app_along(start: Start) -> None:
    terminal = start()
    terminal.live()
    terminal.process.kill()
    terminal.ends()
    terminal.until(lambda: terminal.lab_closed and LEFT in terminal.output)
    terminal.assert_restored()


def test_an_error_in_the_app_is_told_without_values(start: Start, tmp_path: Path) -> None:
    terminal = start("crash", "--crash-dir", str(tmp_path / "crashes"))
    assert terminal.ends() == 1
    terminal.assert_restored()
    assert "RuntimeError: made to fail with 14" in terminal.words
    assert "Traceback" in terminal.words and terminal.lab_closed
    (report,) = (tmp_path / "crashes").iterdir()
    for text in (terminal.output.decode("utf-8", "replace"), report.read_text()):
        assert "hunter2-secret" not in text.replace('password = "hunter2-secret"', "")
    assert "\x1b[31mletters" not in terminal.words


def test_a_lab_that_cannot_start_is_told_with_code_2(start: Start) -> None:
    terminal = start("error")
    assert terminal.ends() == 2
    terminal.assert_restored()
    assert "in use by process 77" in terminal.words and "[b]kill[/b]" in terminal.words
    assert "starting: engine" in terminal.output.decode("utf-8", "replace")


def test_a_slow_end_can_be_left_with_a_second_signal(start: Start) -> None:
    terminal = start("slow")
    terminal.live()
    os.write(terminal.master, b"q")
    terminal.until(lambda: "ending the lab" in terminal.words)
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.ends() == 130
    assert "left before the lab had ended" in terminal.words
    terminal.assert_restored()


def test_without_a_terminal_there_is_a_hint() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.screens.demo"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=ROOT,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 2 and done.stdout == b""
    assert b"need a terminal" in done.stderr and b"--plain" in done.stderr


def test_ctrl_c_before_the_screens_can_hear_it_is_no_error() -> None:
    master, slave = os.openpty()
    interrupted = "lambda: os.kill(os.getpid(), signal.SIGINT) or 0"
    code = f"import os, signal, sys; from tui import guard; sys.exit(guard.guarded({interrupted}))"
    done = subprocess.run(
        [sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave, cwd=ROOT,
        timeout=WAIT_S,
    )  # fmt: skip
    os.close(slave)
    told = os.read(master, 65536)
    os.close(master)
    assert done.returncode == 128 + signal.SIGINT and b"Interrupt" not in told
