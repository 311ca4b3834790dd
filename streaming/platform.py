"""Everything that differs between operating systems: folders, locks, sockets, children.

The rest of the lab imports from here and never asks which system it runs on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

import platformdirs

APP: Final = "dasprep-tui"
SECRET_VARIABLES: Final = ("DASPREP_KAFKA_PASSWORD", "DASPREP_KAFKA_KEY_PASSWORD")
WINDOWS: Final = sys.platform == "win32"
_NICE: Final = 5
_AUTOGROUP: Final = Path("/proc/self/autogroup")


def data_home() -> Path:
    """The folder that keeps the labs' data between starts (the user's data directory)."""
    return Path(platformdirs.user_data_dir(APP, appauthor=False))


def state_home() -> Path:
    """The folder for what is remembered between starts and could be lost (the user's state)."""
    return Path(platformdirs.user_state_dir(APP, appauthor=False))


def config_home() -> Path:
    """The folder of this user's settings (XDG_CONFIG_HOME on Linux)."""
    return Path(platformdirs.user_config_dir(APP, appauthor=False))


def runtime_home() -> Path:
    """A short path only this user may enter, for sockets; made when missing.

    A Unix socket's path is limited to about 100 bytes, so the user's data directory won't do.
    Raises PermissionError when the folder belongs to somebody else.
    """
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if not base or not os.access(base, os.W_OK):  # as in a container, or after su
        base = tempfile.gettempdir()
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    home = Path(base) / f"{APP}-{user}"
    with contextlib.suppress(FileExistsError):
        home.mkdir(mode=0o700)
    info = home.lstat()
    if not stat.S_ISDIR(info.st_mode):
        raise PermissionError(f"{home} is not a folder")
    if hasattr(os, "getuid") and (info.st_uid != os.getuid() or info.st_mode & 0o077):
        raise PermissionError(f"{home} can be entered by other users")
    return home


class FileLock:
    """An exclusive lock on a file, held until `release` or the end of the process.

    The file's text is the holder's process id, for the message a second one gets.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._handle: IO[str] | None = None

    def acquire(self) -> None:
        """Take the lock. Raises BlockingIOError when another process holds it."""
        handle = self.path.open("a+", encoding="utf-8")
        try:
            try_lock(handle)
        except OSError as error:
            handle.close()
            raise BlockingIOError(str(error)) from error
        handle.seek(0)
        handle.truncate()
        handle.write(str(os.getpid()))
        handle.flush()
        self._handle = handle

    def release(self) -> None:
        """Give the lock back; the file stays."""
        if self._handle is not None:
            self._handle.close()
            self._handle = None

    def holder(self) -> str:
        """The process id written by the holder, or "?"."""
        try:
            return self.path.read_text(encoding="utf-8").strip() or "?"
        except OSError:
            return "?"


def try_lock(handle: IO[str]) -> None:
    """Lock an open file until it is closed. Raises OSError when another process holds it."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(handle.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock_file(path: Path) -> FileLock:
    """Take an exclusive lock on `path`. Raises BlockingIOError when it is held elsewhere."""
    lock = FileLock(path)
    lock.acquire()
    return lock


# --- sockets between the lab's processes ----------------------------------------------------


def new_address(folder: Path) -> str:
    """An address for `serve`: "unix:PATH", or "tcp:127.0.0.1:0:TOKEN" where there is no AF_UNIX."""
    if hasattr(socket, "AF_UNIX"):
        return f"unix:{folder / 'engine.sock'}"
    return f"tcp:127.0.0.1:0:{secrets.token_hex(16)}"


async def serve(handler: Any, address: str) -> tuple[asyncio.Server, str]:
    """Listen at `address`; returns the server and the address that `connect` takes."""
    if address.startswith("unix:"):
        path = Path(address[5:])
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(handler, path=str(path))
        path.chmod(0o600)
        return server, address
    _, host, _, token = address.split(":")

    async def checked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
        except ValueError:  # longer than any token
            line = b""
        if not secrets.compare_digest(line.strip(), token.encode()):
            writer.close()
            return
        await handler(reader, writer)

    server = await asyncio.start_server(checked, host, 0)
    port = server.sockets[0].getsockname()[1]
    return server, f"tcp:{host}:{port}:{token}"


async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to an address made by `serve`. Raises OSError when nobody listens."""
    if address.startswith("unix:"):
        return await asyncio.open_unix_connection(address[5:])
    _, host, port, token = address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(token.encode() + b"\n")
    return reader, writer


# --- children -------------------------------------------------------------------------------


def child_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for the lab's own processes: one BLAS thread each, unbuffered output.

    Without the passwords in our own: who needs one is told through its pipe (see `spawn`).
    """
    env = {name: text for name, text in os.environ.items() if name not in SECRET_VARIABLES}
    env.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"})
    env.update(extra or {})
    return env


async def spawn(
    module: str,
    args: Sequence[str],
    *,
    log: Path,
    stdout: int = subprocess.DEVNULL,
    env: Mapping[str, str] | None = None,
    config: bytes = b"",
    own_session: bool = False,
) -> asyncio.subprocess.Process:
    """Start `python -m module args` with a pipe for standard input and its errors in `log`.

    The pipe is the child's lifeline: it ends when the pipe closes, so no child outlives its
    parent, however that ends. Children get their own process group, so that ctrl+c in the
    terminal reaches only the parent, which then ends them in order. `config`, one line of JSON for
    the child's `read_config`, goes through the pipe: what it is told may hold passwords, and
    every user of the machine can read a process's arguments. `own_session` is for a child that is
    to step aside with all that it starts.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            module,
            *args,
            stdin=subprocess.PIPE,
            stdout=stdout,
            stderr=errors,
            env=child_env(env),
            start_new_session=own_session and not WINDOWS,
            process_group=None if own_session or WINDOWS else 0,
        )
    if config:
        assert process.stdin is not None  # noqa: S101 - asked for above
        # Not drained: a child that ends at once must not fail its parent here.
        process.stdin.write(config + b"\n")
    return process


def step_aside() -> None:
    """Let other programs go first from now on, this process's children too.

    A lab may well fill every core; the screen that a person waits for must not queue behind it.
    Linux may share the cores out among sessions ("autogroups") first, where niceness counts only
    within each; so a session that is this process's own is as nice as the process.
    """
    with contextlib.suppress(OSError, AttributeError):  # not on every system
        os.nice(_NICE)
        if os.getsid(0) == os.getpid():
            _AUTOGROUP.write_text(str(_NICE))


def read_config() -> bytes:
    """The line its parent gave this process; the pipe stays its lifeline. Blocks until it is there.

    Raises EOFError when the parent went away without a word.
    """
    line = sys.stdin.buffer.readline()
    if not line:
        raise EOFError("this process was started without its configuration")
    return line


async def lifeline(on_data: Callable[[bytes], None] | None = None) -> None:
    """Return when standard input ends, that is, when the parent process is gone or lets go.

    `on_data` gets what the parent writes meanwhile, as it comes.
    """
    loop = asyncio.get_running_loop()
    if WINDOWS:
        # A daemon thread: one of the loop's own would keep the process from ending.
        ended = asyncio.Event()

        def read() -> None:
            while data := os.read(sys.stdin.fileno(), 4096):
                if on_data is not None:
                    loop.call_soon_threadsafe(on_data, data)
            loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=read, daemon=True).start()
        await ended.wait()
        return
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while data := await reader.read(4096):
        if on_data is not None:
            on_data(data)


def kill_hard(pid: int) -> None:
    """End a process at once, without its consent (SIGKILL; TerminateProcess on Windows)."""
    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def on_stop_signals(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Set `stop` on SIGTERM and SIGINT where the loop can listen for them."""
    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None:
            try:
                loop.add_signal_handler(number, stop.set)
            except NotImplementedError:
                signal.signal(number, lambda *_: stop.set())


def own_pid() -> int:
    """The id of this process."""
    return os.getpid()
