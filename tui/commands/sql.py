"""`dasprep-tui sql`: one read-only query on the running or newest lab's store."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from streaming.lab import paths
from streaming.lab.client import AttachedLab
from streaming.lab.commands import CopyStore
from streaming.lab.link import LabError
from streaming.store.export import export
from streaming.store.exported import Exported, ExportError
from streaming.store.jail import SqlResult, run_sql
from streaming.store.results import format_csv, format_json, format_table, harmless
from tui.commands.common import find_root
from tui.options import fail

T = TypeVar("T")


def main(options: argparse.Namespace) -> int:
    """Run the query and print or write its result; 1 when the query fails."""
    query = sys.stdin.read() if options.query == "-" else options.query
    if options.format == "parquet" and options.out is None:
        return fail("Parquet is no text: name a file with --out FILE.")
    if options.out is not None and options.format not in ("csv", "parquet"):
        return fail("--out writes the whole result with --format csv or --format parquet.")
    try:
        root = find_root(options.data_dir)
        if options.out is not None:
            done = asyncio.run(_on_store(root, lambda store: _export(store, query, options)))
            print(f"{done.rows:,} rows, {done.size_bytes:,} bytes: {done.path}", file=sys.stderr)
            return 0
        result = asyncio.run(_on_store(root, lambda store: _run(store, query, options)))
    except ExportError as error:
        return fail(str(error), 1)
    except (FileNotFoundError, LabError) as error:
        return fail(str(error))
    if result.error is not None:
        return fail(result.error, 1)
    sys.stdout.write(_format(result, options.format))
    if result.truncated:
        print(f"(cut after {len(result.rows)} rows; see --max-rows)", file=sys.stderr)
    return 0


def _run(store: Path, query: str, options: argparse.Namespace) -> SqlResult:
    return run_sql(store, query, max_rows=options.max_rows, timeout_s=options.timeout)


def _export(store: Path, query: str, options: argparse.Namespace) -> Exported:
    return export(
        store,
        query,
        options.out.absolute(),
        kind=options.format,
        replace=options.overwrite,
        timeout_s=options.timeout,
    )


async def _on_store(root: Path, work: Callable[[Path], T]) -> T:
    """Work on the store, or on a copy of it: a running engine holds its file. Raises LabError."""
    if not paths.is_running(root):
        return work(paths.LabPaths(root).store)
    lab = AttachedLab(root)
    await lab.open()
    try:
        reply = await lab.send(CopyStore())
        if not reply.ok:
            raise LabError(f"The running lab could not copy its store: {reply.text}")
        # The copy lives as long as this connection, which removes it.
        return await asyncio.to_thread(work, Path(reply.data))
    finally:
        await lab.close()


def _format(result: SqlResult, kind: str) -> str:
    if kind == "csv":
        text = format_csv(result)
        if sys.stdout.isatty():  # a file gets the bytes as they are, a terminal must not obey them
            text = "\n".join(harmless(line) for line in text.splitlines())
    elif kind == "json":
        text = format_json(result)
    else:
        text = format_table(result, shutil.get_terminal_size((120, 40)).columns)
    return text if text.endswith("\n") else text + "\n"
