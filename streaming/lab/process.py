"""`python -m streaming.lab.process`: the engine's process.

Reads its EngineConfig, one line of JSON, from standard input. Prints one JSON line on standard
output: where it listens, or why it could not start. Exit codes: 0 ended as asked, 2 could not
start (the message says what to do), 75 the store failed (nothing acknowledged is missing from
it), 1 anything else. It ends when standard input closes.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Final

import msgspec

from streaming import platform
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.declarations.file import read_declarations
from streaming.declarations.specification import Declarations
from streaming.lab import paths
from streaming.lab.engine import Engine
from streaming.lab.paths import Card, LabPaths, write_card
from streaming.lab.settings import LabSettings
from streaming.lab.starting import EXIT_CANNOT_START, EXIT_STORE, EngineConfig
from streaming.logs import to_stderr
from streaming.store.store import StoreError, StoreFailed

_LOCK_TRIES: Final = 5
_LOCK_AGAIN_S: Final = 0.1


class CannotStart(Exception):
    """The lab can't run here; the text says what, why and what to do."""


def _prepare(root: Path) -> platform.FileLock:
    """Make the data directory and take its lock. Raises CannotStart."""
    files = LabPaths(root)
    try:
        root.mkdir(parents=True, exist_ok=True)
        files.logs.mkdir(exist_ok=True)
        probe = root / ".writable"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"The data directory {root} cannot be written: {error.strerror or error}. "
            "Choose another folder with --data-dir."
        ) from error
    return _take_lock(root, platform.FileLock(files.lock))


def _take_lock(root: Path, lock: platform.FileLock) -> platform.FileLock:
    """Take the lab's lock; who only looks whether a lab runs holds it for an instant."""
    for left in reversed(range(_LOCK_TRIES)):
        try:
            lock.acquire()
            return lock
        except BlockingIOError as error:
            if not left:
                raise CannotStart(
                    f"The data directory {root} is in use by another lab (process "
                    f"{lock.holder()}). Join it with `dasprep-tui attach --data-dir {root}`, or "
                    "choose another folder with --data-dir."
                ) from error
            time.sleep(_LOCK_AGAIN_S)
    raise AssertionError("unreachable")


def _runtime_dir() -> Path:
    """A folder of this engine's own for its socket. Raises CannotStart."""
    try:
        paths.sweep_sockets()
        return paths.new_socket_dir()
    except OSError as error:
        raise CannotStart(
            f"No private folder for the lab's socket can be made: {error}. Set XDG_RUNTIME_DIR "
            "(or TMPDIR) to a folder that only you may enter."
        ) from error


def _say(event: dict[str, Any]) -> None:
    print(json.dumps(event), flush=True)  # noqa: T201 - the parent reads this line


async def _main(config: EngineConfig) -> int:
    root = Path(config.root)
    runtime: Path | None = None
    lock = None
    try:
        runtime = _runtime_dir()
        lock = _prepare(root)
        return await _run(config, root, runtime)
    except (CannotStart, BrokerError, StoreError) as error:
        _say({"event": "error", "message": str(error)})
        return EXIT_CANNOT_START
    except StoreFailed as error:
        _say({"event": "error", "message": str(error)})
        return EXIT_STORE
    finally:
        if runtime is not None:
            shutil.rmtree(runtime, ignore_errors=True)
        if lock is not None:
            LabPaths(root).card.unlink(missing_ok=True)
            lock.release()


async def _run(config: EngineConfig, root: Path, runtime: Path) -> int:
    kafka = Connection.received(config.kafka).security
    settings = LabSettings.model_validate(config.settings | {"kafka": kafka})
    if config.windows:
        windows = Declarations.model_validate_json(config.windows)
    else:
        windows = read_declarations(None)
    engine = Engine(
        settings, root, runtime, config.duration_s, resume=config.resume, windows=windows
    )
    engine.address = await engine.server.open(platform.new_address(runtime))
    platform.on_stop_signals(asyncio.get_running_loop(), engine.stop)
    write_card(engine.paths, Card(platform.own_pid(), engine.address))
    _say({"event": "listening", "address": engine.address, "pid": platform.own_pid()})
    parent = asyncio.create_task(platform.lifeline())
    parent.add_done_callback(lambda _: engine.stop.set())
    try:
        await engine.run()
    finally:
        await engine.server.flush()
        with contextlib.suppress(Exception):
            await engine.server.close()
        parent.cancel()
    return 0


def main() -> int:
    """Run one engine."""
    to_stderr("engine")
    platform.step_aside()
    config = msgspec.json.decode(platform.read_config(), type=EngineConfig)
    return asyncio.run(_main(config))


if __name__ == "__main__":
    sys.exit(main())
