"""Runs a stranger's SQL on a database file without trusting it, and shows what it gives.

DuckDB's own limits do not stop everything (some functions ignore time and memory limits, statement
kinds say little about effects), so each query gets a process of its own that may be killed: see
`jail_child` for what that process does to itself.
"""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import threading
import time
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

MAX_SQL_CHARS: Final = 20_000
KILL_AFTER_S: Final = 1.5
"""How much longer than its own time limit the process may live (it has to start, too)."""

_REPLY_CAP: Final = 2 * 1024 * 1024
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


def run_sql(
    db_path: Path, sql: str, *, max_rows: int = 500, timeout_s: float = 5.0, memory_mb: int = 512
) -> SqlResult:
    """Run one reading statement on a database file that nobody has open for writing.

    Never raises for what the query does: every failure is the result's `error`. Blocks for at most
    `timeout_s` seconds and a little; give it a thread where that matters.
    """
    started = time.perf_counter()
    if len(sql) > MAX_SQL_CHARS:
        return SqlResult(error=f"The query is too long ({MAX_SQL_CHARS:,} characters at most).")
    if not db_path.is_file():
        return SqlResult(error=f"There is no database file {db_path}.")
    request = {
        "db": str(db_path.resolve()),
        "sql": sql,
        "max_rows": max_rows,
        "timeout_s": timeout_s,
        "memory_mb": memory_mb,
    }
    payload = json.dumps(request, ensure_ascii=False).encode(errors="replace")
    reply, code = _ask(payload, timeout_s + KILL_AFTER_S)
    seconds = time.perf_counter() - started
    if code is None:
        text = f"The query was stopped: it took longer than {timeout_s:g} s."
        return SqlResult(seconds=seconds, error=text)
    try:
        result = msgspec.json.decode(reply, type=SqlResult)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return SqlResult(seconds=seconds, error=_died(code, timeout_s, memory_mb))
    return msgspec.structs.replace(result, seconds=seconds)


def _ask(payload: bytes, limit_s: float) -> tuple[bytes, int | None]:
    """The child's answer and exit code; None when it had to be killed."""
    deadline = time.monotonic() + limit_s
    child = subprocess.Popen(
        [sys.executable, "-I", "-X", "utf8", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
        cwd=Path(sys.executable).anchor or os.sep,
        start_new_session=True,
        close_fds=True,
    )
    answer = bytearray()

    def talk() -> None:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101 - for the types
        try:
            child.stdin.write(payload)
            child.stdin.close()
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
    if code is None:
        child.kill()
        child.wait()
    talker.join()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            pipe.close()
    return bytes(answer), code


def _environment() -> dict[str, str]:
    """Nothing of ours: only what Windows needs to start a program at all."""
    return {name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ}


def _died(code: int, timeout_s: float, memory_mb: int) -> str:
    return (
        f"The query's process ended without an answer (code {code}): it probably needed more than "
        f"{memory_mb} MiB of memory or {timeout_s:g} s."
    )


# --- showing --------------------------------------------------------------------------------

_GAP: Final = "  "
_NARROWEST: Final = 4
_NUMERIC: Final = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "UHUGEINT", "FLOAT", "DOUBLE", "DECIMAL",
)  # fmt: skip
_PLAN: Final = ("explain_key", "explain_value")


def format_table(result: SqlResult, width: int) -> str:
    """The result as lines of at most `width` terminal cells, harmless for any terminal."""
    if result.error is not None:
        return "\n".join(harmless(line) for line in result.error.splitlines())
    if result.columns == _PLAN:
        plans = [row[1] or "" for row in result.rows]
        return "\n".join(_fit(harmless(s), width) for plan in plans for s in plan.splitlines())
    header = [harmless(name) for name in result.columns]
    body = [["NULL" if c is None else harmless(c) for c in row] for row in result.rows]
    widths = _widths(header, body, width)
    hidden = len(header) - len(widths)
    right = [kind.split("(")[0] in _NUMERIC for kind in result.types]
    lines = [
        _line(header, widths, right),
        _GAP.join("─" * w for w in widths),
        *(_line(row, widths, right) for row in body),
    ]
    notes = [f"{len(body):,} row{'' if len(body) == 1 else 's'}"]
    if result.truncated:
        notes.append("there are more")
    if hidden:
        notes.append(f"{hidden} more columns do not fit")
    lines.append(_fit(", ".join(notes), width))
    return "\n".join(line.rstrip() for line in lines)


def format_csv(result: SqlResult) -> str:
    """The result as CSV with a header; NULL is empty.

    Text that a spreadsheet would take for a formula gets a quote in front: it may come from
    anybody's records.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_no_formula(name) for name in result.columns])
    numeric = [kind.split("(")[0] in _NUMERIC for kind in result.types]
    for row in result.rows:
        writer.writerow(
            [
                "" if cell is None else cell if is_number else _no_formula(cell)
                for cell, is_number in zip(row, numeric, strict=True)
            ]
        )
    return out.getvalue()


def format_json(result: SqlResult) -> str:
    """The whole result as one JSON object in plain ASCII; rows are lists, as names may repeat."""
    fields = msgspec.to_builtins(result)
    return json.dumps(fields, indent=2)


def harmless(text: str) -> str:
    """Text without anything a terminal might obey: such characters become visible escapes."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def _escape(c: str) -> str:
    short = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(c)
    if short is not None:
        return short
    return f"\\x{ord(c):02x}" if ord(c) < 0x100 else f"\\u{ord(c):04x}"


def _no_formula(text: str) -> str:
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _cells(text: str) -> int:
    """Terminal cells that a harmless text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def _fit(text: str, width: int) -> str:
    if _cells(text) <= width:
        return text
    while text and _cells(text) > width - 1:
        text = text[: max(0, min(len(text) - 1, width - 1))]
    return text + "…" if width > 0 else ""


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    parts = []
    for text, width, to_right in zip(cells, widths, right, strict=False):
        shown = _fit(text, width)
        space = " " * (width - _cells(shown))
        parts.append(space + shown if to_right else shown + space)
    return _GAP.join(parts)


def _widths(header: Sequence[str], body: Sequence[Sequence[str]], width: int) -> list[int]:
    """Widths of the columns that fit; the widest give way first."""
    columns = list(zip(header, *body, strict=True))
    wanted = [max(1, *map(_cells, column)) for column in columns]
    while len(wanted) > 1 and _total([min(w, _NARROWEST) for w in wanted]) > width:
        wanted.pop()
    cap = max(wanted, default=0)
    while cap > 1 and _total([min(w, cap) for w in wanted]) > width:
        cap -= 1
    return [min(w, cap) for w in wanted]


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)
