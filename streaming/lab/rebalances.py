"""Measures the group's rebalances: how long each took, who left, who came, which shards moved.

A rebalance begins with the first sign of it: a member lets go of shards because the group told it
to (all of them in an eager group), a member's process ends, or a member claims shards in a new
generation. It is over when every
shard has a reader again, nobody is still joining, and no claim came for a moment. Times are the
engine's own; a killed member counts from its end, not from when the group noticed.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Final

from streaming.lab.assignors import Assignor, protocol_of
from streaming.lab.consumer_snapshot import MoveView, RebalanceView
from streaming.lab.journal import Journal
from streaming.lab.messages import Claim
from streaming.store.ledger import Ledger, Shard

QUIET_S: Final = 1.0
"""Without a claim for so long, a rebalance is over."""

KEPT: Final = 20


@dataclass(slots=True)
class _Episode:
    """A rebalance under way; times in seconds of the monotonic clock."""

    began: float
    began_at_ms: int
    before: dict[Shard, str]
    members: frozenset[str]
    last_claim: float | None = None
    generations: int = 0
    unowned_s: float = 0.0
    gone: set[str] = field(default_factory=set)
    let_go: set[Shard] = field(default_factory=set)


class Rebalances:
    """Told of members as they claim, let go and end; says what each rebalance did."""

    def __init__(
        self,
        journal: Journal,
        wall_ms: Callable[[], int] = lambda: int(time.time() * 1000),
        assignor: Assignor = "roundrobin",
    ) -> None:
        self.journal = journal
        self.assignor = assignor
        """How the group shares its shards out."""
        self.count = 0
        """Generations seen so far."""
        self._wall_ms = wall_ms
        self._generation: int | None = None
        self._held: dict[str, frozenset[Shard]] = {}
        self._joining: set[str] = set()
        self._unowned: dict[Shard, float] = {}
        self._episode: _Episode | None = None
        self._settled: deque[RebalanceView] = deque(maxlen=KEPT)

    # --- what members do --------------------------------------------------------------------

    def letting_go(self, name: str, shards: Set[Shard], now: float, ledger: Ledger) -> None:
        """The group takes these shards of a member back to give them away anew."""
        if name not in self._held:
            return  # it has just come, and has nothing to let go of
        going = self._held[name] & shards
        self._begin(now, ledger).let_go |= going
        self._joining.add(name)
        self._leave_unread(going, now)

    def gone(self, name: str, now: float, ledger: Ledger) -> None:
        """A member's process ended. To be told before the ledger forgets it."""
        self._joining.discard(name)
        if name not in self._held:
            return
        episode = self._begin(now, ledger)
        episode.gone.add(name)
        self._leave_unread(self._held[name], now)
        del self._held[name]

    def claimed(self, name: str, claim: Claim, now: float, ledger: Ledger) -> None:
        """A member has its shards. To be told before the ledger is."""
        if claim.generation != self._generation:
            episode = self._begin(now, ledger)
            self._generation = claim.generation
            self.count += 1
            episode.generations += 1
        self._joining.discard(name)
        shards = frozenset((s.stream, s.shard) for s in claim.shards)
        self._held[name] = shards
        if self._episode is None:
            return  # of the same generation: a member that reads again from where the store stands
        self._episode.last_claim = now
        for shard in shards:
            since = self._unowned.pop(shard, None)
            if since is not None:
                self._episode.unowned_s += now - since

    def _leave_unread(self, shards: Set[Shard], now: float) -> None:
        for shard in shards:
            self._unowned.setdefault(shard, now)

    def _begin(self, now: float, ledger: Ledger) -> _Episode:
        if self._episode is None:
            owners = {shard: owner for shard, (_, owner) in ledger.owners.items()}
            self._episode = _Episode(now, self._wall_ms(), owners, frozenset(self._held))
        return self._episode

    # --- what came of it --------------------------------------------------------------------

    def settle(self, now: float, ledger: Ledger) -> None:
        """Write down what a rebalance did, once it is over."""
        episode = self._episode
        if episode is None or episode.last_claim is None or now - episode.last_claim < QUIET_S:
            return
        if self._joining or self._unowned or not self._in(ledger):
            return
        view = self._view(episode, now, ledger, over=True)
        self._episode = None
        self._settled.append(view)
        self.journal.add("info", "rebalance", told(view))

    def _in(self, ledger: Ledger) -> bool:
        """Whether the ledger has every claim: it is told of them one after the other."""
        owners = ledger.owners
        return all(
            shard in owners and owners[shard][1] == name
            for name, shards in self._held.items()
            for shard in shards
        )

    def views(self, now: float, ledger: Ledger) -> tuple[RebalanceView, ...]:
        """The one under way and the last ones that are over, newest first."""
        under_way = () if self._episode is None else (self._view(self._episode, now, ledger),)
        return (*under_way, *reversed(self._settled))

    def _view(
        self, episode: _Episode, now: float, ledger: Ledger, *, over: bool = False
    ) -> RebalanceView:
        members = set(self._held)
        unread = sum(now - since for since in self._unowned.values())
        last = episode.last_claim if over else None
        return RebalanceView(
            number=self.count,
            generation=self._generation,
            generations=episode.generations,
            began_at_ms=episode.began_at_ms,
            took_s=None if last is None else last - episode.began,
            unowned_s=episode.unowned_s + unread,
            left=tuple(sorted(episode.gone & episode.members)),
            came=tuple(sorted(n for n in members if n not in episode.members - episode.gone)),
            moves=_moves(episode.before, ledger) if over else (),
            protocol=protocol_of(self.assignor),
            let_go=len(episode.let_go),
        )


def _moves(before: dict[Shard, str], ledger: Ledger) -> tuple[MoveView, ...]:
    """Shards that have another owner than before, by giver and taker."""
    ways = Counter(
        (before.get(shard, ""), owner)
        for shard, (_, owner) in ledger.owners.items()
        if before.get(shard, "") != owner
    )
    return tuple(MoveView(*way, shards) for way, shards in sorted(ways.items()))


def told(view: RebalanceView) -> str:
    """A rebalance that is over in one line."""
    first = view.number - view.generations + 1
    which = f" {view.number}" if view.generations < 2 else f"s {first} to {view.number}"
    parts = [f"{', '.join(view.left)} left"] if view.left else []
    if view.came:
        parts.append(f"{', '.join(view.came)} came")
    for count, verb, moves in (
        (view.moved, "moved", [m for m in view.moves if m.giver]),
        (view.given, "given", [m for m in view.moves if not m.giver]),
    ):
        takers = sorted({move.taker for move in moves})
        if count:
            shards = "1 shard" if count == 1 else f"{count} shards"
            parts.append(f"{shards} {verb} to {', '.join(takers)}")
    if not view.moves:
        parts.append("no shard moved")
    how = "cooperative rebalance" if view.protocol == "cooperative" else "rebalance"
    return f"{how}{which} stable after {view.took_s or 0.0:.1f} s: {', '.join(parts)}"
