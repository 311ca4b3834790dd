"""`dasprep-tui verify`: the store against the log, for a running lab or one that has ended."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
from pathlib import Path

import duckdb
import msgspec

from streaming import platform
from streaming.broker.backend import Backend, Embedded, External
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.lab import paths
from streaming.lab.client import AttachedLab
from streaming.lab.commands import Verify
from streaming.lab.link import LabError
from streaming.lab.loading import load
from streaming.lab.sources import SettingsError
from streaming.verify import StoreImage, VerifyError, VerifyReport, read_store, render, verify
from tui.commands.common import find_root
from tui.options import fail, overrides, warn


def main(options: argparse.Namespace) -> int:
    """Verify; 0 when everything agrees, 1 when it does not, 2 when it cannot be compared."""
    try:
        root = find_root(options.data_dir)
        running = paths.is_running(root)
        report = asyncio.run(_running(root) if running else _ended(root, options))
    except (FileNotFoundError, LabError, BrokerError, SettingsError, VerifyError) as error:
        return fail(str(error))
    if options.json != "-":
        print(f"lab: {root}")
        print(render(report))
    if options.json:
        _write(options.json, msgspec.json.format(msgspec.json.encode(report)))
    return 0 if report.ok else 1


async def _running(root: Path) -> VerifyReport:
    lab = AttachedLab(root)
    await lab.open()
    try:
        print("verifying the running lab: reading its log again", file=sys.stderr)
        reply = await lab.send(Verify())
    finally:
        await lab.close()
    if not reply.data:
        raise LabError(reply.text)
    return msgspec.json.decode(reply.data, type=VerifyReport)


async def _ended(root: Path, options: argparse.Namespace) -> VerifyReport:
    files = paths.LabPaths(root)
    lock = platform.FileLock(files.lock)
    lock.acquire()
    try:
        image, meta = _read(files.store)
        backend = _backend(files, meta, options)
        await backend.start()
        try:
            prefix = meta.get("topic_prefix", "")
            topics = {stream: prefix + stream for stream in ("clicks", "orders", "access")}
            return await verify(image, backend.connection, topics=topics, progress=_progress)
        finally:
            if sys.stderr.isatty():
                print(file=sys.stderr)
            await backend.stop()
    finally:
        lock.release()


def _read(store: Path) -> tuple[StoreImage, dict[str, str]]:
    try:
        with contextlib.closing(duckdb.connect(str(store), read_only=True)) as con:
            image = read_store(con)
            meta = dict(con.execute("SELECT name, value FROM meta").fetchall())
    except duckdb.Error as error:
        raise VerifyError(
            f"The store {store} cannot be read: {str(error).splitlines()[0]}"
        ) from error
    return image, meta


def _backend(files: paths.LabPaths, meta: dict[str, str], options: argparse.Namespace) -> Backend:
    """The broker that holds the lab's log, reached as the lab did. Raises SettingsError."""
    where = options.bootstrap or meta.get("bootstrap", "")
    if not where:
        return Embedded(files.broker, files.logs / "broker.log", lambda state, why: None)
    given = {**overrides(options), "bootstrap": where}
    stored = json.loads(meta.get("kafka", "{}"))
    settings = load(options.config, given, stored=stored, say=warn)
    return External(Connection(where, settings.kafka))


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        part = done / total if total else 1.0
        print(f"\rreading the log: {done:,} of {total:,} records ({part:.0%})", end="",
              file=sys.stderr, flush=True)  # fmt: skip


def _write(target: str, text: bytes) -> None:
    if target == "-":
        sys.stdout.write(text.decode() + "\n")
    else:
        Path(target).write_bytes(text + b"\n")
