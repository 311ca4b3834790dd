"""Finds out whether a lab can run here: the broker, the data directory, the versions.

Every finding is seen, not assumed: a broker is started or connected to, a folder written to.
"""

from __future__ import annotations

import os
import platform as machine
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from importlib import metadata
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from streaming import platform
from streaming.broker.backend import Backend, Embedded, External
from streaming.broker.capabilities import capabilities, replicas
from streaming.broker.connection import Connection
from streaming.broker.errors import BrokerError
from streaming.broker.nodes import NodeWatch, first_facts
from streaming.broker.probe import BrokerFacts
from streaming.lab import paths
from streaming.lab.cluster import label_of
from streaming.lab.snapshot import KILL_BROKER, PLANT_FAULTS

Level: TypeAlias = Literal["ok", "note", "bad"]
Say: TypeAlias = Callable[["Finding"], None]

LIBRARIES: Final = ("aiokafka", "duckdb", "textual", "pyarrow", "pydantic", "faker")
LITTLE_SPACE: Final = 1024**3  # bytes; a lab at 1,000 records/s writes about this much an hour
CLASSIC_APIS: Final = {
    0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 11: "JoinGroup", 19: "CreateTopics",
}  # fmt: skip
"""APIs the lab cannot do without, by key (Kafka protocol guide), whose versions are told."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at. `bad` means that a lab cannot run as things are."""

    area: str
    level: Level
    text: str
    todo: str = ""


def versions() -> list[Finding]:
    """Python, the system and the libraries that matter."""
    libraries = ", ".join(f"{name} {metadata.version(name)}" for name in LIBRARIES)
    system = f"{machine.system()} {machine.release()} on {machine.machine()}"
    return [
        Finding("versions", "ok", f"Python {machine.python_version()}, {system}"),
        Finding("versions", "ok", libraries),
    ]


def data_directory(root: Path | None) -> list[Finding]:
    """Whether labs can keep their data in `root`, or in the usual place when it is None."""
    home = root if root is not None else paths.runs_home()
    there = next(folder for folder in (home, *home.absolute().parents) if folder.exists())
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".doctor-"):
            pass
        free = shutil.disk_usage(there).free
    except OSError as error:
        return [
            Finding(
                "data",
                "bad",
                f"{home} cannot be written: {error.strerror or error}",
                "Choose another folder with --data-dir.",
            )
        ]
    found = [Finding("data", "ok", f"{home} can be written, {free / 1024**3:,.1f} GiB free")]
    if free < LITTLE_SPACE:
        found[0] = Finding(
            "data", "note", f"{home} has only {free / 1024**2:,.0f} MiB free", "Make some room."
        )
    running = root if root is not None and paths.is_running(root) else None
    if root is None and (latest := paths.latest_run()) and paths.is_running(latest):
        running = latest
    if running is not None:
        found.append(
            Finding("data", "note", f"a lab runs in {running}", "Join it: dasprep-tui attach")
        )
    return found + _sockets()


def _sockets() -> list[Finding]:
    try:
        home = platform.runtime_home()
    except OSError as error:
        return [
            Finding(
                "data",
                "bad",
                f"no private folder for the lab's socket: {error}",
                "Set XDG_RUNTIME_DIR (or TMPDIR) to a folder that only you may enter.",
            )
        ]
    return [Finding("data", "ok", f"sockets of running labs go to {home}")]


async def broker(kafka: Connection | None) -> AsyncIterator[Finding]:
    """What is reachable and what it can do; None tries the embedded broker out in a new folder."""
    with tempfile.TemporaryDirectory(prefix="dasprep-doctor-") as folder:
        data = Path(folder)
        backend: Backend
        if kafka is None:
            backend = Embedded(data, data / "broker.log", lambda state, why: None)
        else:
            backend = External(kafka)
        try:
            await backend.start()
            async for finding in _probed(backend):
                yield finding
        except BrokerError as error:
            what, _, todo = str(error).partition(". ")
            yield Finding("broker", "bad", what, todo)
        finally:
            await backend.stop()


async def _probed(backend: Backend) -> AsyncIterator[Finding]:
    began = time.perf_counter()
    facts = await first_facts(backend.connection)
    took = (time.perf_counter() - began) * 1000
    where = backend.connection.bootstrap
    yield Finding("broker", "ok", f"{label_of(facts)} at {where} answered in {took:.0f} ms")
    yield Finding("broker", "ok", f"cluster {facts.cluster.cluster_id or 'without an id'}")
    yield _api_versions(facts)
    async for finding in _nodes(backend, facts):
        yield finding
    count = replicas(facts)
    yield Finding("broker", "ok", f"new topics would get {count} replica{'s' * (count > 1)}")
    for item in capabilities(facts, own=not isinstance(backend, External)):
        if item.ok:
            yield Finding("broker", "ok", f"can {item.text}")
        elif item.name not in (KILL_BROKER, PLANT_FAULTS):
            yield Finding("broker", "note", f"cannot {item.text}: {item.why}")


def _api_versions(facts: BrokerFacts) -> Finding:
    lacking = [name for key, name in CLASSIC_APIS.items() if key not in facts.apis]
    if lacking:
        return Finding(
            "broker",
            "bad",
            f"it offers no {', '.join(lacking)}",
            "The lab needs a broker that speaks the whole Kafka protocol.",
        )
    ranges = ", ".join(
        f"{name} {facts.apis[key][0]}-{facts.apis[key][1]}" for key, name in CLASSIC_APIS.items()
    )
    return Finding("broker", "ok", f"{len(facts.apis)} APIs, versions: {ranges}")


async def _nodes(backend: Backend, facts: BrokerFacts) -> AsyncIterator[Finding]:
    """Each node by its own address: what Metadata tells clients may not be reachable from here."""
    watch = NodeWatch((), backend.connection, lambda change: None)
    watch.begin(facts)
    try:
        await watch.look()
    finally:
        await watch.close()
    for node in watch.nodes:
        rack = f" in {node.rack}" if node.rack else ""
        controller = ", controller" if node.id == facts.cluster.controller else ""
        if node.state == "up":
            text = f"node {node.id} at {node.address}{rack} answers{controller}"
            yield Finding("broker", "ok", text)
        else:
            yield Finding(
                "broker",
                "bad",
                f"node {node.id} at {node.address}{rack} does not answer",
                "The cluster names this address (advertised.listeners); make it reachable from "
                "here, or start the node.",
            )


def surprises() -> list[Finding]:
    """Things that are allowed and seldom meant."""
    found: list[Finding] = []
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        found.append(Finding("system", "note", "you are root; the lab does not need it"))
    cores = os.cpu_count() or 1
    if cores < 2:
        found.append(
            Finding("system", "note", "one processor core", "Keep to 1,000 records/s or fewer.")
        )
    if sys.platform == "win32":
        found.append(Finding("system", "note", "Windows is not tested; use WSL if it fails"))
    return found
