"""A parent that outlives the screens, so that the terminal is usable whatever kills them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Final

try:
    import termios
except ImportError:  # pragma: no cover - Windows has neither termios nor fork
    termios = None  # type: ignore[assignment]

FORWARDED: Final = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGINT")
CLEAN: Final = b"c"
PR_SET_PDEATHSIG: Final = 1
EXIT_CRASH: Final = 1
RESTORE: Final = b"".join(
    (
        b"\x1b[?2026l",  # synchronized output
        b"\x1b[<u",  # kitty keyboard
        b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l",  # mouse
        b"\x1b[?1004l\x1b[?2004l\x1b[?2048l",  # focus, bracketed paste, size reports
        b"\x1b[?7h",  # line wrap
        b"\x1b[?1049l",  # alternate screen
        b"\x1b[0m\x1b[?25h\r",  # plain text, visible cursor
    )
)


class _Child:
    """Whether this process is the guarded one."""

    running = False


def has_terminal() -> bool:
    """Return whether keys can be read and the screens drawn: standard input and error output."""
    return in_browser() or (os.isatty(0) and os.isatty(2))


def in_browser() -> bool:
    """Return whether a server of pages has started this process and draws what it writes."""
    return os.environ.get("TEXTUAL_DRIVER", "").startswith("textual.drivers.web_driver")


def guarded(main: Callable[[], int]) -> int:
    """Run `main` in a child process and return its exit code, 128+n if signal n killed it.

    Must be called before any thread exists: a forked copy of a threaded process may hang. Where
    there is no fork, no terminal, there are threads, or this already is a guarded child, `main`
    just runs here.
    """
    fd = _terminal()
    if fd is None or _Child.running or threading.active_count() > 1:
        return main()
    saved = termios.tcgetattr(fd)
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _run_child(main, writer, parent)
    os.close(writer)
    status = _attend(child)
    clean = os.read(reader, 1) == CLEAN
    os.close(reader)
    if not clean:
        _restore(fd, saved)
    return _code(status, clean)


def _terminal() -> int | None:
    """Return a file descriptor of the terminal, or None where there is nothing to guard."""
    if termios is None or not hasattr(os, "fork"):
        return None
    return next((fd for fd in (0, 2, 1) if os.isatty(fd)), None)


def _run_child(main: Callable[[], int], writer: int, parent: int) -> None:
    """Run the screens; a way out that does not pass here is a crash, and the parent cleans up."""
    _Child.running = True
    die_with(parent)
    code = EXIT_CRASH
    try:
        code = main()
        os.write(writer, CLEAN)
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else EXIT_CRASH
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT  # before the screens could listen for it
    except BaseException as error:
        # Not re-raised: the interpreter of the parent's caller must not run on in the child.
        sys.stderr.write(f"{type(error).__name__} in the screens\n")
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                stream.flush()
        os._exit(code)


def die_with(parent: int) -> None:
    """Ask Linux to end this process in order when its parent is killed."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(128 + signal.SIGTERM)


def _attend(child: int) -> int:
    """Pass signals on to the child, stop when it is stopped, and return its end status."""
    before = {}

    def forward(number: int, _frame: Any) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, number)

    for name in FORWARDED:
        before[name] = signal.signal(getattr(signal, name), forward)
    before["SIGTSTP"] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    try:
        while True:
            _, status = os.waitpid(child, os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                return status
            os.kill(os.getpid(), signal.SIGSTOP)
            os.kill(child, signal.SIGCONT)
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _restore(fd: int, saved: list[Any]) -> None:
    """Undo everything the screens may have asked of the terminal."""
    with contextlib.suppress(OSError, termios.error):
        os.write(fd, RESTORE)
        termios.tcsetattr(fd, termios.TCSANOW, saved)
        termios.tcflush(fd, termios.TCIFLUSH)


def _code(status: int, clean: bool) -> int:
    """Return the exit code and say why the screens are gone if they could not."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        name = signal.Signals(-code).name
        sys.stderr.write(f"dasprep-tui: the screens were ended by {name}; the lab ends itself\n")
        return 128 - code
    if not clean and code == 0:
        return EXIT_CRASH
    return code
