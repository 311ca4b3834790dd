"""Copies of the running store for those who read it, and their removal when they have gone."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from streaming.lab.channel import Channel
from streaming.lab.commands import Reply

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

PREFIX: Final = "copy-"


async def copy_store(engine: Engine) -> Reply:
    """Copy the store beside the merging, which goes on; the file lies in the lab's runtime folder.

    Whoever asked removes it; what is left goes with their connection, or with the lab.
    """
    if engine.store is None or engine.merger is None:
        return Reply(False, "the lab has not started yet")
    path = Path(engine.runtime_dir) / f"{PREFIX}{time.monotonic_ns()}.duckdb"
    con = await engine.merger.call(engine.store.reader)
    began = time.monotonic()
    try:
        await asyncio.to_thread(engine.store.copy_to, path, con)
    finally:
        con.close()
    return Reply(True, f"copied in {time.monotonic() - began:.2f} s", str(path))


class Lent:
    """Which copies each connection has got. One that was killed cannot remove its own."""

    def __init__(self) -> None:
        self._paths: dict[Channel[Any], list[Path]] = {}

    def joined(self, channel: Channel[Any]) -> None:
        """Know a connection."""
        self._paths[channel] = []

    def lend(self, channel: Channel[Any], reply: Reply) -> None:
        """Note a copy; it goes at once if who asked for it has gone."""
        if not reply.ok:
            return
        path = Path(reply.data)
        if channel not in self._paths:
            _remove(path)
            return
        kept = [other for other in self._paths[channel] if other.exists()]
        self._paths[channel] = [*kept, path]

    def left(self, channel: Channel[Any]) -> None:
        """Remove what a connection has left behind."""
        for path in self._paths.pop(channel, []):
            _remove(path)


def _remove(path: Path) -> None:
    for part in (path, path.with_name(path.name + ".wal")):
        part.unlink(missing_ok=True)
