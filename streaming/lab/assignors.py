"""The ways in which a group may share its shards out, by the names that Kafka's clients have."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias, get_args

Assignor: TypeAlias = Literal["range", "roundrobin", "cooperative-sticky"]
"""`partition.assignment.strategy`. The first two are eager: at each rebalance all members let go of
everything. With the third only those shards are let go of that change hands (KIP-429)."""

ASSIGNORS: Final[tuple[Assignor, ...]] = get_args(Assignor)

Protocol: TypeAlias = Literal["eager", "cooperative"]


def protocol_of(assignor: Assignor) -> Protocol:
    """Whether members let go of everything at a rebalance, or only of what changes hands."""
    return "cooperative" if assignor == "cooperative-sticky" else "eager"
