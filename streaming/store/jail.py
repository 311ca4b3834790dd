"""Runs a stranger's SQL on a database file without trusting it.

DuckDB's own limits do not stop everything (some functions ignore time and memory limits, statement
kinds say little about effects), so each query gets a process of its own that may be killed: see
`jail_child` for what that process does to itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import IO, Any, Final

import msgspec

MAX_SQL_CHARS: Final = 20_000
MAX_ROWS: Final = 500
TIMEOUT_S: Final = 5.0
MEMORY_MB: Final = 512
KILL_AFTER_S: Final = 1.5
"""How much longer than its own time limit the process may live (it has to start, too)."""

CANCELLED: Final = "The query was cancelled."
_REPLY_CAP: Final = 2 * 1024 * 1024
_FRAME_CAP: Final = 256 * 1024 * 1024
_CHILD: Final = Path(__file__).with_name("jail_child.py")


class SqlResult(msgspec.Struct, frozen=True):
    """What a query gave, or why it gave nothing. Cells are DuckDB's own text, None for NULL.

    `truncated`: there was more than the row and size limits let through. `seconds` includes the
    start of the process.
    """

    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: tuple[tuple[str | None, ...], ...] = ()
    truncated: bool = False
    seconds: float = 0.0
    error: str | None = None


class Leash:
    """Lets another thread end a query's process; one leash a query."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self.cancelled = False

    def hold(self, child: subprocess.Popen[bytes]) -> None:
        """Take a process that has just started, which ends at once if it was cancelled before."""
        with self._lock:
            self._child = child
            if self.cancelled:
                child.kill()

    def cancel(self) -> None:
        """Kill the process (SIGKILL), or the one that has not started yet."""
        with self._lock:
            self.cancelled = True
            if self._child is not None and self._child.returncode is None:
                self._child.kill()


def run_sql(
    db_path: Path,
    sql: str,
    *,
    max_rows: int = MAX_ROWS,
    offset: int = 0,
    timeout_s: float = TIMEOUT_S,
    memory_mb: int = MEMORY_MB,
    leash: Leash | None = None,
) -> SqlResult:
    """Run one reading statement on a database file that nobody has open for writing.

    The first `offset` rows are left out. Never raises for what the query does: every failure is
    the result's `error`. Blocks for at most `timeout_s` seconds and a little; give it a thread
    where that matters.
    """
    asked = {"task": "page", "max_rows": max_rows, "offset": offset}
    return _run(db_path, sql, asked, timeout_s, memory_mb, leash or Leash())


def count_sql(
    db_path: Path,
    sql: str,
    *,
    timeout_s: float = TIMEOUT_S,
    memory_mb: int = MEMORY_MB,
    leash: Leash | None = None,
) -> int | None:
    """How many rows a statement gives; None where that is not known within the limits."""
    result = _run(db_path, sql, {"task": "count"}, timeout_s, memory_mb, leash or Leash())
    return int(result.rows[0][0] or 0) if result.rows else None


def _run(
    db_path: Path, sql: str, asked: dict[str, Any], timeout_s: float, memory_mb: int, leash: Leash
) -> SqlResult:
    started = time.perf_counter()
    wrong = _wrong(db_path, sql)
    if wrong:
        return SqlResult(error=wrong)
    payload = _payload(db_path, sql, asked, timeout_s, memory_mb)
    reply, code = _ask(payload, timeout_s + KILL_AFTER_S, leash)
    seconds = time.perf_counter() - started
    if leash.cancelled:
        return SqlResult(seconds=seconds, error=CANCELLED)
    if code is None:
        text = f"The query was stopped: it took longer than {timeout_s:g} s."
        return SqlResult(seconds=seconds, error=text)
    try:
        result = msgspec.json.decode(reply, type=SqlResult)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return SqlResult(seconds=seconds, error=_died(code, timeout_s, memory_mb))
    return msgspec.structs.replace(result, seconds=seconds)


def _wrong(db_path: Path, sql: str) -> str:
    if len(sql) > MAX_SQL_CHARS:
        return f"The query is too long ({MAX_SQL_CHARS:,} characters at most)."
    return "" if db_path.is_file() else f"There is no database file {db_path}."


def _payload(
    db_path: Path, sql: str, asked: dict[str, Any], timeout_s: float, memory_mb: int
) -> bytes:
    limits = {"timeout_s": timeout_s, "memory_mb": memory_mb}
    request = {"db": str(db_path.resolve()), "sql": sql, **asked, **limits}
    # One line: what comes after it, or the pipe's end, is the parent's.
    return json.dumps(request).encode() + b"\n"


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd=Path(sys.executable).anchor or os.sep,
        start_new_session=True,
        close_fds=True,
    )


def _ask(payload: bytes, limit_s: float, leash: Leash) -> tuple[bytes, int | None]:
    """The child's answer and exit code; None when it had to be killed."""
    deadline = time.monotonic() + limit_s
    child = _start()
    leash.hold(child)
    answer = bytearray()

    def talk() -> None:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101 - for the types
        try:
            child.stdin.write(payload)
            child.stdin.flush()  # and not closed: that would end the child
            answer.extend(child.stdout.read(_REPLY_CAP))
        except OSError:
            pass  # it ended before it had read all; its exit code tells

    talker = threading.Thread(target=talk, daemon=True, name="sql-jail")
    talker.start()
    talker.join(limit_s)
    try:
        code: int | None = child.wait(max(0.05, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        code = None
    _end(child)
    talker.join()
    _close(child)
    return bytes(answer), code


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.kill()
        child.wait()


def _close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


class SqlFailed(Exception):
    """A query gave no result; the text says why."""


def stream_sql(
    db_path: Path,
    sql: str,
    *,
    as_text: bool,
    timeout_s: float,
    memory_mb: int = MEMORY_MB,
    leash: Leash | None = None,
) -> Generator[bytes, None, None]:
    """The whole result as it is read: its Arrow schema, then its record batches, serialized.

    With `as_text` all columns are text, as `run_sql` shows them. Raises SqlFailed, also in the
    middle; a result that ends without it is complete.
    """
    wrong = _wrong(db_path, sql)
    if wrong:
        raise SqlFailed(wrong)
    leash = leash or Leash()
    child = _start()
    leash.hold(child)
    late = threading.Timer(timeout_s + KILL_AFTER_S, child.kill)
    late.daemon = True
    late.start()
    asked = {"task": "stream", "as_text": as_text}
    try:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101 - for the types
        with contextlib.suppress(OSError):
            child.stdin.write(_payload(db_path, sql, asked, timeout_s, memory_mb))
            child.stdin.flush()
        for kind, body in _frames(child.stdout):
            if kind == b"Z":
                return
            if kind == b"E":
                raise SqlFailed(_told(body))
            yield body
        text = f"The query needed more than {timeout_s:g} s or {memory_mb} MiB of memory."
        raise SqlFailed(CANCELLED if leash.cancelled else text)
    finally:
        late.cancel()
        _end(child)
        _close(child)


def _frames(pipe: IO[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """What the child says, up to where it breaks off."""
    while len(head := pipe.read(9)) == 9:
        size = int.from_bytes(head[1:], "big")
        if size > _FRAME_CAP or len(body := pipe.read(size)) < size:
            return
        yield head[:1], body


def _told(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=SqlResult).error or ""
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "The query's process ended without an answer."


def _environment() -> dict[str, str]:
    """Nothing of ours: only what Windows needs to start a program at all."""
    return {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


def _died(code: int, timeout_s: float, memory_mb: int) -> str:
    return (
        f"The query's process ended without an answer (code {code}): it probably needed more than "
        f"{memory_mb} MiB of memory or {timeout_s:g} s."
    )
