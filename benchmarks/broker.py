"""The embedded broker for a benchmark: one process, on a folder of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from streaming import platform
from streaming.broker.connection import Connection
from streaming.broker.topics import LogWatch, ensure_topics

SHARDS: Final = 4
"""Partitions of every topic here, as many as a lab has by default."""


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[str]:
    """Run one and give its address; it ends with the block, or with this process."""
    with (folder / "broker.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "streaming.broker.embedded", "--port", "0"),
                *("--data", str(folder / "broker"), "--parent-pipe"),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=platform.child_env(),
        )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        ready = json.loads(process.stdout.readline())
        yield f"{ready['host']}:{ready['port']}"
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def make_topic(bootstrap: str, name: str) -> None:
    """A new topic of `SHARDS` partitions."""
    asyncio.run(ensure_topics(Connection(bootstrap), {name: SHARDS}, (), 1))


def ends(bootstrap: str, topic: str) -> list[int]:
    """One past the last offset of each partition."""
    return asyncio.run(_ends(bootstrap, topic))


async def _ends(bootstrap: str, topic: str) -> list[int]:
    watch = LogWatch(Connection(bootstrap))
    try:
        found = await watch.ends({topic: SHARDS})
    finally:
        await watch.close()
    if found is None:
        raise RuntimeError("the broker does not say where its log ends")
    return [end for _, end in sorted((tp.partition, end) for tp, end in found.items())]
