"""Which shards may be read: in the kinesis view, a child only after its parents.

As the KCL does it (`BlockOnParentShardTask`): a shard is held back until every shard it came from
is stored to its end. A parent's end is where the epoch began that closed it. Whoever switches this
off sees what it prevents: inversions of the keys that moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from streaming.shards.shardmap import ShardMap
from streaming.store.epochs import Epoch
from streaming.store.ledger import Shard

if TYPE_CHECKING:
    from streaming.lab.engine import Engine


class Reading:
    """What is closed, what of it is read, and what waits for that."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._maps: dict[str, ShardMap] = {}
        self._ends: dict[str, dict[int, int]] = {}
        self.parents_first = True

    def follow(self, stream: str, epochs: Sequence[Epoch]) -> None:
        """Take note of a stream's present shards."""
        self._ends[stream] = ends_of_closed(epochs)
        shard_map = epochs[-1].plan.shard_map if epochs else None
        if shard_map is None:
            self._maps.pop(stream, None)
        else:
            self._maps[stream] = shard_map

    async def hold_back(self) -> None:
        """Let nobody read what is not to be read yet, and everybody what is again."""
        if self._engine.store is None:
            return
        ledger = self._engine.store.ledger
        held = frozenset(self._held()) if self.parents_first else frozenset()
        if held != ledger.held:
            ledger.held = held
            await self._engine.server.hold_back(held)

    def _held(self) -> set[Shard]:
        found: set[Shard] = set()
        for stream, shard_map in self._maps.items():
            waiting = self._unread(stream)
            for shard in shard_map.shards if waiting else ():  # parents come before children
                if any(p in waiting or (stream, p) in found for p in shard.parents):
                    found.add((stream, shard.id))
        return found

    def finished(self) -> set[Shard]:
        """Closed shards, expired or not, that are stored to their ends."""
        return {
            (stream, id_)
            for stream, ends in self._ends.items()
            for id_ in ends.keys() - self._unread(stream)
        }

    def drained(self, stream: str) -> set[int]:
        """Those of a stream that are still listed."""
        shard_map = self._maps.get(stream)
        listed = shard_map.listed if shard_map is not None else ()
        return {s.id for s in listed if s.state == "closed"} - self._unread(stream)

    def _unread(self, stream: str) -> set[int]:
        """Closed shards that are not stored to their ends."""
        if self._engine.store is None:
            return set()
        ledger = self._engine.store.ledger
        return {
            id_
            for id_, end in self._ends.get(stream, {}).items()
            if ledger.shard(stream, id_).next_offset < end
        }


def ends_of_closed(epochs: Sequence[Epoch]) -> dict[int, int]:
    """One past the last offset of each closed shard of a stream, by its present shard map."""
    ends: dict[int, int] = {}
    for epoch in epochs:
        shard_map = epoch.plan.shard_map
        if shard_map is None:
            ends.clear()
            continue
        for shard in shard_map.shards:
            if shard.state == "open":
                ends.pop(shard.id, None)
            else:
                ends.setdefault(shard.id, epoch.begin(shard.id))
    return ends
