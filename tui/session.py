"""One run of the screens, from the terminal check to the last word after the lab is closed."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from textual.drivers._writer_thread import WriterThread

from tui.guard import guarded, has_terminal
from tui.safe import safe

if TYPE_CHECKING:
    from tui.app import LabApp

EXIT_CRASH: Final = 1
EXIT_USAGE: Final = 2
CLOSE_TIMEOUT_S: Final = 20.0
CLOSE_SILENT_S: Final = 0.5
"""A lab that ends within this time needs no word about it."""
SAME_KEYPRESS_S: Final = 0.5
"""ctrl+c reaches guard and app: what comes twice within this time was meant once."""
FRAMES: Final = 6
LINE_LIMIT: Final = 300
NO_TERMINAL: Final = (
    "dasprep-tui: the screens need a terminal, and this is none. "
    "Use `dasprep-tui --plain` to watch the lab as lines of text.\n"
)


def run(make_app: Callable[[], LabApp], *, crash_dir: Path | None = None) -> int:
    """Run the app under its guard and return the exit code."""
    if not has_terminal():
        sys.stderr.write(NO_TERMINAL)
        return EXIT_USAGE
    return guarded(lambda: asyncio.run(_session(make_app(), crash_dir)))


async def _session(app: LabApp, crash_dir: Path | None) -> int:
    """Run the app to its end, then let go of the lab; nothing skips the second part."""
    ending = _Ending(app)
    ending.listen()
    # What is there now stays: to look through all modules for garbage holds keys up.
    gc.collect()
    gc.freeze()
    try:
        await app.run_async()
    except Exception as error:
        ending.failed(error)
    finally:
        app.end_take()
        await ending.close()
    cause = app.exception or ending.error
    if isinstance(cause, Exception):
        report_crash(cause, crash_dir)
        return EXIT_CRASH
    if app.failure is not None:
        sys.stderr.write(f"dasprep-tui: {_clean(str(app.failure), 2000)}\n")
    return ending.code or app.return_code or 0


class _Ending:
    """Turns signals and stray errors into one orderly way out."""

    def __init__(self, app: LabApp) -> None:
        self.app = app
        self.code = 0
        self.error: BaseException | None = None
        self._closing: asyncio.Task[None] | None = None
        self._signalled_at = float("-inf")

    def listen(self) -> None:
        """Take over the signals that would otherwise leave the terminal as it is."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGINT):
            with contextlib.suppress(NotImplementedError, RuntimeError):
                loop.add_signal_handler(number, self._signalled, number)
        loop.set_exception_handler(self._stray)

        def in_thread(args: threading.ExceptHookArgs) -> None:
            error = args.exc_value
            after: Callable[[Exception], None] = self.failed
            if isinstance(args.thread, WriterThread):
                after = self._terminal_gone
            if isinstance(error, Exception):
                with contextlib.suppress(RuntimeError):  # the loop has ended already
                    loop.call_soon_threadsafe(after, error)
            if isinstance(args.thread, WriterThread):
                _swallow(args.thread)

        threading.excepthook = in_thread

    def _signalled(self, number: int) -> None:
        now = time.monotonic()
        same, self._signalled_at = now - self._signalled_at < SAME_KEYPRESS_S, now
        if same:
            return
        self.code = self.code or 128 + number
        if self._closing is not None:
            self._closing.cancel()
        else:
            self.app.exit(return_code=self.code)

    def _stray(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """End on an error nobody waited for: it would be lost and the screen would lie."""
        error = context.get("exception")
        if isinstance(error, Exception):
            self.failed(error)

    def failed(self, error: Exception) -> None:
        """Remember the first error and leave."""
        if self.error is None:
            self.error = error
            self.app.exit(return_code=EXIT_CRASH)

    def _terminal_gone(self, _error: Exception) -> None:
        """Leave as on a hang-up: nobody can be told anything any more."""
        self.code = self.code or 128 + signal.SIGHUP
        self.app.exit(return_code=self.code)

    async def close(self) -> None:
        """Let go of the lab within a bounded time; a second signal gives up waiting."""
        self._closing = asyncio.ensure_future(self.app.link.close())
        word = asyncio.get_running_loop().call_later(
            CLOSE_SILENT_S,
            sys.stderr.write,
            "dasprep-tui: ending the lab (ctrl+c leaves without waiting)\n",
        )
        try:
            await asyncio.wait_for(asyncio.shield(self._closing), CLOSE_TIMEOUT_S)
        except asyncio.CancelledError:
            sys.stderr.write("dasprep-tui: left before the lab had ended\n")
        except TimeoutError:
            self._closing.cancel()
            sys.stderr.write(f"dasprep-tui: the lab did not end in {CLOSE_TIMEOUT_S:g} s\n")
        except Exception as error:
            self.failed(error)
        finally:
            word.cancel()


def _swallow(writer: WriterThread) -> None:
    """Take what is still written to a terminal that is gone, in the thread that should have.

    Without it the bounded queue fills, and the app waits for ever for a place in it.
    """
    while writer._queue.get() is not None:
        pass


def report_crash(error: BaseException, crash_dir: Path | None) -> None:
    """Say on stderr what broke, without the values of variables: those may be secrets."""
    sys.stderr.write(f"dasprep-tui crashed; the terminal is restored.\n{crash_text(error, FRAMES)}")
    if crash_dir is None:
        return
    path = crash_dir / time.strftime("crash-%Y%m%d-%H%M%S.txt")
    try:
        crash_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(crash_text(error, None), encoding="utf-8", errors="replace")
        sys.stderr.write(f"The whole traceback is in {path}\n")
    except OSError as failure:
        sys.stderr.write(f"The traceback could not be written: {_clean(str(failure), 200)}\n")


def crash_text(error: BaseException, frames: int | None) -> str:
    """Return a traceback of the last frames as harmless lines."""
    limit = -frames if frames else None
    story = traceback.TracebackException(
        type(error), error, error.__traceback__, limit=limit, capture_locals=False
    )
    lines = "".join(story.format(chain=frames is None)).splitlines()
    return "".join(safe(line, LINE_LIMIT) + "\n" for line in lines)


def _clean(text: str, limit: int) -> str:
    """Return a text for stderr, its line breaks kept."""
    return "\n".join(safe(line, LINE_LIMIT) for line in text[:limit].splitlines())
