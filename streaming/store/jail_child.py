"""The process that runs one stranger's query (see `jail`): standard library and duckdb only.

One line of JSON on standard input, one JSON reply on standard output; or, for a whole result,
frames of a letter, a length and as many bytes (schema and batches as Arrow writes them, with
pyarrow; the reply is the last one when something is wrong). It first takes rights away from
itself, then looks at the query, and ends when its standard input does. The layers, outermost last:
statement kinds, the read-only file, DuckDB's own locks and limits, the operating system's limits,
and the parent's kill timer.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import duckdb

REPLY_BYTES: Final = 1024 * 1024
CELL_CHARS: Final = 2000
MAX_COLUMNS: Final = 200
NAME_CHARS: Final = 200
ERROR_CHARS: Final = 800
BATCH_ROWS: Final = 2048
PLAIN_TYPES: Final = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER",
    "UBIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "BLOB", "DATE", "TIME",
    "TIMESTAMP", "TIMESTAMP WITH TIME ZONE",
)  # fmt: skip
"""Types that a stream has as they are; all others come as text."""
_SLACK_BYTES: Final = 256 * 1024 * 1024
_UNKNOWN_SIZE: Final = 2 * 1024**3
_ALLOWED: Final = ("SELECT", "EXPLAIN")
"""DESCRIBE, SHOW, SUMMARIZE, FROM, VALUES and WITH … SELECT are of the kind SELECT."""


_TOO_MUCH: Final = "The query needs more than {memory_mb} MiB of memory."
_TOO_LONG: Final = "The query was stopped: it took longer than {timeout_s:g} s."


class Refused(Exception):
    """The query is not run; the text says why."""


def main() -> None:
    """Answer the one request."""
    reply = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if request["task"] == "stream":
        import pyarrow  # noqa: F401 - before the limits: duckdb loads it when it is needed
    _limit(request["memory_mb"] * 1024 * 1024, request["timeout_s"])
    out = os.fdopen(reply, "wb")
    try:
        answer = _run(request, out)
    except (Refused, duckdb.Error) as error:
        answer = {"error": _text(error, request)}
    except MemoryError:
        answer = {"error": _TOO_MUCH.format(**request)}
    except OSError as error:  # as Arrow passes on what DuckDB says in the middle of a stream
        answer = {"error": _text(error, request)}
    except Exception as error:  # the answer is a text, whatever went wrong
        answer = {"error": f"{type(error).__name__}: {error}"[:ERROR_CHARS]}
    if answer is not None:
        body = json.dumps(answer, ensure_ascii=False).encode(errors="replace")
        if request["task"] == "stream":
            _frame(out, b"E", body)
        else:
            out.write(body)
    out.flush()
    os._exit(0)  # closing a database may take long; there is nothing to save


def _end_with_parent() -> None:
    """Wait for the end of standard input: the parent is gone, however that ended."""
    sys.stdin.buffer.read()
    os._exit(1)


def _limit(memory_bytes: int, timeout_s: float) -> None:
    """Hard limits, where the system has them: address space, processor time, no file writes."""
    try:
        import resource
    except ImportError:
        return
    seconds = math.ceil(timeout_s) + 2
    for what, limit in (
        (resource.RLIMIT_AS, _size() + memory_bytes + _SLACK_BYTES),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (limit, limit))


def _size() -> int:
    """Bytes of address space in use already (libraries are mapped, not used)."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except (OSError, ValueError):
        return _UNKNOWN_SIZE
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open(request: dict[str, Any]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(
        request["db"],
        read_only=True,
        config={
            "enable_external_access": "false",
            "python_enable_replacements": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "allow_unsigned_extensions": "false",
            "memory_limit": f"{request['memory_mb']}MiB",
            "temp_directory": "",
            "threads": "1",
            "max_execution_time": str(max(1, int(request["timeout_s"] * 1000))),
        },
    )
    con.execute("SET enable_progress_bar = false")
    con.execute("SET max_expression_depth = 250")
    con.execute("SET lock_configuration = true")
    return con


def _run(request: dict[str, Any], out: IO[bytes]) -> dict[str, Any] | None:
    con = _open(request)
    query = _only_statement(con, request["sql"])
    relation = con.sql(query)
    if relation is None:
        raise Refused("This statement has no result.")
    if request["task"] == "count":
        rows = [[str(row[0])] for row in relation.aggregate("count(*)").fetchall()]
        return {"columns": ["count"], "types": ["BIGINT"], "rows": rows, "truncated": False}
    if request["task"] == "stream":
        _stream(relation, out, as_text=request["as_text"])
        return None
    return _page(relation, request)


def _page(relation: duckdb.DuckDBPyRelation, request: dict[str, Any]) -> dict[str, Any]:
    if len(relation.columns) > MAX_COLUMNS:
        raise Refused(f"{len(relation.columns)} columns; at most {MAX_COLUMNS} are shown.")
    columns = [name[:NAME_CHARS] for name in relation.columns]
    types = [str(kind)[:NAME_CHARS].strip('"') for kind in relation.types]
    # Text is made inside DuckDB: Python types would need more packages (time zones) and memory.
    as_text = relation.project(f"left(CAST(COLUMNS(*) AS VARCHAR), {CELL_CHARS + 1})")
    found = as_text.limit(request["max_rows"] + 1, request["offset"]).fetchall()
    rows: list[list[str | None]] = []
    size = 0
    for row in found[: request["max_rows"]]:
        cells = [_cell(value) for value in row]
        size += len(json.dumps(cells, ensure_ascii=False).encode(errors="replace")) + 2
        if size > REPLY_BYTES:
            break
        rows.append(cells)
    return {"columns": columns, "types": types, "rows": rows, "truncated": len(rows) < len(found)}


def _stream(relation: duckdb.DuckDBPyRelation, out: IO[bytes], *, as_text: bool) -> None:
    """Write the whole result as frames: the schema, batches of rows, and that it is complete."""
    # Parquet has no place for some types, and Arrow none for the full range of others.
    chosen = "CAST(COLUMNS(*) AS VARCHAR)" if as_text else ", ".join(_columns(relation))
    kinds = [str(kind) for kind in relation.types]
    reader = relation.project(chosen).to_arrow_reader(BATCH_ROWS)
    schema = reader.schema
    for place, kind in enumerate(kinds):  # what it was, for whoever writes text
        schema = schema.set(place, schema.field(place).with_metadata({"type": kind}))
    _frame(out, b"S", schema.serialize())
    for batch in reader:
        _frame(out, b"B", batch.serialize())
    _frame(out, b"Z", b"")


def _frame(out: IO[bytes], kind: bytes, body: Any) -> None:
    out.write(kind + len(body).to_bytes(8, "big"))
    out.write(body)


def _columns(relation: duckdb.DuckDBPyRelation) -> Iterator[str]:
    """Each column by its place, for names may repeat; as text where its type is no common one."""
    for number, (name, kind) in enumerate(zip(relation.columns, relation.types, strict=True), 1):
        quoted = '"' + name.replace('"', '""') + '"'
        plain = str(kind).partition("(")[0] in PLAIN_TYPES
        yield f"#{number} AS {quoted}" if plain else f"CAST(#{number} AS VARCHAR) AS {quoted}"


def _only_statement(con: duckdb.DuckDBPyConnection, sql: str) -> str:
    statements = con.extract_statements(sql)
    if not statements:
        raise Refused("There is no statement.")
    if len(statements) > 1:
        raise Refused(f"One statement at a time, please ({len(statements)} given).")
    try:
        kind = str(statements[0].type).rpartition(".")[2]
    except ValueError:  # kinds that the Python package has no name for, such as CONNECT
        kind = "of another kind"
    if kind not in _ALLOWED:
        raise Refused(
            "Only SELECT, WITH, FROM, EXPLAIN, DESCRIBE, SHOW and SUMMARIZE may run here "
            f"(this statement is {kind})."
        )
    return str(statements[0].query)


def _cell(value: Any) -> str | None:
    if value is None:
        return None
    text = str(value)
    return text if len(text) <= CELL_CHARS else text[: CELL_CHARS - 1] + "…"


def _text(error: Exception, request: dict[str, Any]) -> str:
    text = str(error).strip()
    if isinstance(error, duckdb.OutOfMemoryException) or text.startswith("Out of Memory"):
        return _TOO_MUCH.format(**request)
    if isinstance(error, duckdb.InterruptException) or text.startswith("INTERRUPT"):
        return _TOO_LONG.format(**request)
    if "Could not set lock" in text:
        return "The database file is open for writing in another process: query a copy of it."
    return text if len(text) <= ERROR_CHARS else text[: ERROR_CHARS - 1] + "…"


if __name__ == "__main__":
    main()
