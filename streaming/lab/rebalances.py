"""Counts the group's rebalances and says, when one has settled, who has what."""

from __future__ import annotations

from streaming.lab.journal import Journal
from streaming.lab.messages import Claim
from streaming.store.ledger import Ledger

_QUIET_S = 1.0


class Rebalances:
    """A rebalance is a new generation of the group, seen in the members' claims."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.count = 0
        self._generation: int | None = None
        self._began = 0.0
        self._last = 0.0
        self._open = False

    def claimed(self, claim: Claim, now: float) -> None:
        """A member has its shards."""
        if claim.generation != self._generation:
            self._generation = claim.generation
            self.count += 1
            self._began = now
            self._open = True
        self._last = now

    def settle(self, now: float, ledger: Ledger) -> None:
        """Write the journal's line once no claim came for a moment."""
        if not self._open or now - self._last < _QUIET_S:
            return
        self._open = False
        by_owner: dict[str, list[str]] = {}
        for (stream, shard), (_, owner) in sorted(ledger.owners.items()):
            by_owner.setdefault(owner, []).append(f"{stream}/{shard}")
        parts = [f"{name} has {len(shards)} shards" for name, shards in sorted(by_owner.items())]
        self.journal.add(
            "info", "rebalance", f"rebalance {self.count} (generation {self._generation}): "
            + (", ".join(parts) or "nobody has a shard"),
        )  # fmt: skip
