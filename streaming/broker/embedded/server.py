"""The server: the data folder's lock, the socket, the connections, start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import logging
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from streaming import platform
from streaming.broker.embedded import storage
from streaming.broker.embedded.broker import Broker
from streaming.broker.embedded.config import (
    LOOPBACK_HOSTS,
    NAME,
    BrokerConfig,
    BrokerStartError,
    Ready,
)
from streaming.broker.embedded.connection import Connection, PeerReader
from streaming.broker.embedded.control import Control
from streaming.broker.embedded.faults import Faults
from streaming.broker.embedded.retention import keep_retention

log = logging.getLogger(__name__)

_READ_AHEAD: Final = 256 * 1024  # bytes a connection may have waiting besides the frame in work
_STOP_GRACE_S: Final = 0.5


async def run_broker(
    config: BrokerConfig,
    on_ready: Callable[[Ready], None],
    stop: asyncio.Event,
    faults: Faults | None = None,
) -> None:
    """Serve until `stop` is set; `on_ready` is called once, when clients can connect.

    `faults` are those its caller plants. Raises BrokerStartError when it cannot start; it leaves
    nothing behind then.
    """
    _check_host(config)
    if config.host == "localhost":
        # It may mean two addresses, and with port 0 each would get a port of its own.
        config = replace(config, host="127.0.0.1")
    with _locked(config):
        broker = _opened(config, faults)
        try:
            await _serve(broker, on_ready, stop)
        finally:
            broker.close()


def serve(config: BrokerConfig, announce: Callable[[Ready], None] | None = None) -> int:
    """Run a server in this process until a signal (or the parent's end) and return its exit code.

    0 after a clean stop, 2 when it could not start; the reason is on standard error then.
    """
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        asyncio.run(_until_stopped(config, announce or _announce))
    except BrokerStartError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except KeyboardInterrupt:
        return 0
    return 0


async def _until_stopped(config: BrokerConfig, announce: Callable[[Ready], None]) -> None:
    stop = asyncio.Event()
    platform.on_stop_signals(asyncio.get_running_loop(), stop)
    faults = Faults(asyncio.get_running_loop())
    control = Control(faults, _say) if config.control else None
    watcher = None
    if config.parent_pipe or control:
        watcher = asyncio.create_task(_follow_parent(stop, control))

    def ready(now: Ready) -> None:
        gc.collect()
        gc.freeze()  # what the start made lives as long as the process
        announce(now)

    try:
        await run_broker(config, ready, stop, faults)
    finally:
        if watcher is not None:
            watcher.cancel()


async def _follow_parent(stop: asyncio.Event, control: Control | None) -> None:
    try:
        await platform.lifeline(control.feed if control else None)
    except (OSError, ValueError) as error:
        log.warning("standard input is no pipe to a parent: %s", error)
    finally:
        stop.set()


def _announce(ready: Ready) -> None:
    _say(f"{ready.name} listens on {ready.bootstrap} (cluster {ready.cluster_id})")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def _serve(broker: Broker, on_ready: Callable[[Ready], None], stop: asyncio.Event) -> None:
    config = broker.config
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not isinstance(reader, PeerReader) or len(tasks) >= config.max_connections:
            log.warning("%d connections are open: another one is refused", len(tasks))
            writer.close()
            return
        task = loop.create_task(Connection(broker, reader, writer).serve())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def protocol() -> asyncio.StreamReaderProtocol:
        reader = PeerReader(limit=_READ_AHEAD, loop=loop)
        return asyncio.StreamReaderProtocol(reader, accept, loop=loop)

    try:
        server = await loop.create_server(protocol, config.host, config.port)
    except OverflowError as error:
        raise BrokerStartError(
            f"{config.port} is no port number. Choose one from 1 to 65535 (0: any)."
        ) from error
    except OSError as error:
        raise BrokerStartError(_why_not_listening(config, error)) from error
    port = server.sockets[0].getsockname()[1]
    broker.port = config.advertised_port or port
    keeper = loop.create_task(
        keep_retention(broker.topics.keep_retention, config.retention_check_ms)
    )
    try:
        on_ready(Ready(host=config.host, port=port, pid=os.getpid(), cluster_id=broker.cluster_id))
        await stop.wait()
    finally:
        keeper.cancel()
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=_STOP_GRACE_S)


def _check_host(config: BrokerConfig) -> None:
    if config.host not in LOOPBACK_HOSTS and not config.allow_remote:
        raise BrokerStartError(
            f"The {NAME} does not listen on {config.host}: other machines could reach it, and it "
            "knows no passwords. Use 127.0.0.1, or allow remote clients explicitly."
        )


@contextlib.contextmanager
def _locked(config: BrokerConfig) -> Iterator[None]:
    """Hold the data folder for this process alone."""
    path = config.data / storage.LOCK_FILE
    try:
        config.data.mkdir(parents=True, exist_ok=True)
        lock = platform.lock_file(path)
    except BlockingIOError as error:
        holder = platform.FileLock(path).holder()
        raise BrokerStartError(
            f"The data folder {config.data} is in use by process {holder}. Two servers must not "
            "write to the same folder: stop the other one, or choose another folder."
        ) from error
    except OSError as error:
        raise BrokerStartError(_why_not_writable(config, error)) from error
    try:
        yield
    finally:
        lock.release()


def _opened(config: BrokerConfig, faults: Faults | None) -> Broker:
    broker = Broker(config, asyncio.get_running_loop(), faults)
    try:
        broker.open()
    except OSError as error:
        raise BrokerStartError(_why_not_writable(config, error)) from error
    except ValueError as error:
        raise BrokerStartError(
            f"The data folder {config.data} cannot be read: {error}. Nothing was changed. Restore "
            "the file from a copy, or start with an empty folder."
        ) from error
    return broker


def _why_not_writable(config: BrokerConfig, error: OSError) -> str:
    what = f"The server cannot use the data folder {config.data}: {error.strerror or error}. "
    if error.errno == errno.ENOSPC:
        return what + "Free some space on that disk, or choose another folder."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return what + "Give your user write access to it, or choose another folder."
    return what + "Choose another folder."


def _why_not_listening(config: BrokerConfig, error: OSError) -> str:
    what = f"The server cannot listen on {config.host} port {config.port}: "
    if error.errno == errno.EADDRINUSE:
        return what + "another program uses that port. Stop it, or choose another port (0: any)."
    if error.errno == errno.EACCES:
        return what + "the system reserves that port. Choose one above 1023 (0: any)."
    return what + f"{error.strerror or error}. Choose another address or port."
