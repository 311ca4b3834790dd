"""Which shards may be read: in the kinesis view, a child only after its parents.

As the KCL does it (`BlockOnParentShardTask`): a shard is held back until every shard it came from
is stored to its end. A parent's end is where the epoch began that closed it. Whoever switches this
off sees what it prevents: inversions of the keys that moved. Where shards have limits, reading
has them too: polling applications share a shard's calls and bytes, enhanced fan-out does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from streaming.lab.messages import Claimed, ReadRule, ShardId
from streaming.lab.messages import Reading as Told
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
        self.readers = engine.settings.readers
        self.fan_out = engine.settings.fan_out
        self._rules: tuple[ReadRule, ...] = ()

    def claimed(self, message: Claimed) -> Claimed:
        """The answer to a consumer's claim, with how it has to read."""
        told = self._told()
        return msgspec.structs.replace(message, held=told.held, rules=told.rules)

    def _told(self) -> Told:
        store = self._engine.store
        held = store.ledger.held if store is not None else ()
        return Told(tuple(ShardId(*shard) for shard in sorted(held)), self._rules)

    def follow(self, stream: str, epochs: Sequence[Epoch]) -> None:
        """Take note of a stream's present shards."""
        self._ends[stream] = ends_of_closed(epochs)
        shard_map = epochs[-1].plan.shard_map if epochs else None
        if shard_map is None:
            self._maps.pop(stream, None)
        else:
            self._maps[stream] = shard_map

    async def enforce(self) -> None:
        """Let nobody read what is not to be read yet, and all read by the limits."""
        if self._engine.store is None:
            return
        ledger = self._engine.store.ledger
        held = frozenset(self._held()) if self.parents_first else frozenset()
        plans = self._engine.switchboard.plans
        rules = tuple(
            ReadRule(stream, plan.limits, self.readers, self.fan_out)
            for stream, plan in plans.items()
        )
        if (held, rules) != (ledger.held, self._rules):
            ledger.held, self._rules = held, rules
            await self._engine.server.tell_consumers(self._told())

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
