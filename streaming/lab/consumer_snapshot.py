"""What a snapshot says of the group: how its shards went from one member to the next."""

from __future__ import annotations

from streaming.lab.stream_snapshot import SnapshotPart


class MoveView(SnapshotPart, frozen=True, gc=False):
    """How many shards went from one member to another; `giver` "" means that nobody had them."""

    giver: str
    taker: str
    shards: int


class RebalanceView(SnapshotPart, frozen=True, gc=False):
    """One rebalance, measured by the engine from what its members said and when they were gone.

    `number` counts generations of the group since the engine began; `generations` says how many
    this rebalance took (more than one when somebody came or left meanwhile), `generation` is the
    group's own number of the last one (None: there is none yet). `took_s` is the time from the
    first member that let go of its shards, ended or claimed, to the last claim; None: it is under
    way. `unowned_s` sums over the shards how long nobody read them (shards times seconds).
    `protocol` is "eager" or "cooperative" ("" in old recordings).
    `let_go` counts the shards that members stopped reading though they lived.
    """

    number: int
    generation: int | None
    generations: int
    began_at_ms: int
    took_s: float | None
    unowned_s: float
    left: tuple[str, ...]
    came: tuple[str, ...]
    moves: tuple[MoveView, ...]
    protocol: str = ""
    let_go: int = 0

    @property
    def moved(self) -> int:
        """Shards that another member has now."""
        return sum(move.shards for move in self.moves if move.giver)

    @property
    def given(self) -> int:
        """Shards that nobody had before."""
        return sum(move.shards for move in self.moves if not move.giver)
