"""Who may hand over what: progress and ownership of every shard, held in memory beside the store.

The rule (docs/architecture.md, invariant 1): a range is accepted only from the latest claimant of
its shard and only if it starts at the next expected offset; a handover is accepted whole or
refused whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from streaming.lab.messages import Handover, Position, ShardId

Shard: TypeAlias = tuple[str, int]


@dataclass(slots=True)
class Progress:
    """One shard: what is in the store, and what the producer saw acknowledged."""

    next_offset: int = 0
    acked_end: int = 0
    watermark_ms: int | None = None
    records: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a handover was not taken. `stale`: another member claimed one of its shards since."""

    reason: str
    stale: bool = False


UNCLAIMED: Final = 0


class Ledger:
    """Progress and claims per shard."""

    def __init__(self) -> None:
        self.progress: dict[Shard, Progress] = {}
        self.owners: dict[Shard, tuple[int, str]] = {}
        self.held: frozenset[Shard] = frozenset()
        """Shards that are not to be read yet; whoever did all the same reads them again."""
        self._last_claim = UNCLAIMED

    def shard(self, stream: str, shard: int) -> Progress:
        """The progress of a shard, starting at offset 0 when it is new."""
        return self.progress.setdefault((stream, shard), Progress())

    def claim(self, name: str, shards: tuple[ShardId, ...]) -> int:
        """The latest claim wins: whoever held these shards before is a zombie from now on."""
        self._last_claim += 1
        for other, (_, owner) in list(self.owners.items()):
            if owner == name:
                del self.owners[other]
        for shard in shards:
            self.shard(shard.stream, shard.shard)
            self.owners[shard.stream, shard.shard] = (self._last_claim, name)
        return self._last_claim

    def forget(self, name: str) -> None:
        """A consumer is gone: its shards have no owner until the group gives them away."""
        self.owners = {shard: own for shard, own in self.owners.items() if own[1] != name}

    def check(self, handover: Handover) -> Refusal | None:
        """Why this handover may not be stored, or None."""
        if not handover.ranges:
            return Refusal("a handover without ranges could be stored twice")
        seen: set[Shard] = set()
        for part in handover.ranges:
            shard = (part.stream, part.shard)
            claim, owner = self.owners.get(shard, (UNCLAIMED, ""))
            if claim != handover.claim:
                whose = f"belongs to {owner}" if owner else "has no owner"
                return Refusal(f"{part.stream}/{part.shard} {whose} since a later claim", True)
            expected = self.shard(*shard).next_offset
            if part.first != expected or part.next < part.first or shard in seen:
                return Refusal(
                    f"{part.stream}/{part.shard}: offset {part.first} offered, {expected} expected"
                )
            if shard in self.held and part.next > part.first:
                return Refusal(f"{part.stream}/{part.shard} waits for the shards it came from")
            seen.add(shard)
        return None

    def advance(self, handover: Handover) -> None:
        """Count an accepted handover."""
        for part in handover.ranges:
            progress = self.shard(part.stream, part.shard)
            progress.next_offset = part.next
            progress.records += part.records
            progress.bytes += part.bytes
            if part.watermark_ms is not None:
                progress.watermark_ms = max(part.watermark_ms, progress.watermark_ms or 0)

    def position(self, stream: str, shard: int, floor_ms: int | None) -> Position:
        """Where a consumer has to go on."""
        progress = self.shard(stream, shard)
        return Position(stream, shard, progress.next_offset, progress.watermark_ms, floor_ms)
