"""`dasprep-tui sql`: one read-only query on the running or newest lab's store."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
from pathlib import Path

from streaming.lab import paths
from streaming.lab.client import AttachedLab
from streaming.lab.commands import CopyStore
from streaming.lab.link import LabError
from streaming.store.jail import SqlResult, format_csv, format_json, format_table, harmless, run_sql
from tui.commands.common import find_root
from tui.options import fail


def main(options: argparse.Namespace) -> int:
    """Run the query and print its result; 1 when the query fails."""
    query = sys.stdin.read() if options.query == "-" else options.query
    try:
        root = find_root(options.data_dir)
        result = _run(root, query, options)
    except (FileNotFoundError, LabError) as error:
        return fail(str(error))
    if result.error is not None:
        return fail(result.error, 1)
    sys.stdout.write(_format(result, options.format))
    if result.truncated:
        print(f"(cut after {len(result.rows)} rows; see --max-rows)", file=sys.stderr)
    return 0


def _run(root: Path, query: str, options: argparse.Namespace) -> SqlResult:
    copy = asyncio.run(_copy(root)) if paths.is_running(root) else None
    try:
        return run_sql(
            copy or paths.LabPaths(root).store,
            query,
            max_rows=options.max_rows,
            timeout_s=options.timeout,
        )
    finally:
        if copy is not None:
            copy.unlink(missing_ok=True)


async def _copy(root: Path) -> Path:
    """A running engine holds its file, so it is asked for a copy. Raises LabError."""
    lab = AttachedLab(root)
    await lab.open()
    try:
        reply = await lab.send(CopyStore())
    finally:
        await lab.close()
    if not reply.ok:
        raise LabError(f"The running lab could not copy its store: {reply.text}")
    return Path(reply.data)


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
