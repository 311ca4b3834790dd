"""Key strategies: which field of an event decides its shard.

The registry holds what this version can do; a strategy says what order it keeps and what it loses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from generators.wire import Event


@dataclass(frozen=True, slots=True)
class KeyStrategy:
    """A way to choose a record's key."""

    name: str
    of: Callable[[Event], str]
    keeps: str
    loses: str


def _field(name: str, keeps: str, loses: str) -> KeyStrategy:
    return KeyStrategy(name, attrgetter(name), keeps, loses)


STRATEGIES: Final = {
    strategy.name: strategy
    for strategy in (
        _field("customer_id", "order per customer", "even load: popular customers make hot shards"),
        _field("session_id", "order per session", "order per customer across sessions"),
        _field("country", "order per country", "even load: a few countries carry most records"),
    )
}
