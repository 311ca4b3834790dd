"""Faults on the way to the log: records held back, sent twice, or followed by poison."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Final

import numpy as np

from generators.draws import rolls, shares
from generators.incidents import DUPLICATE, LATE, POISON, Incident
from generators.poison import POISONS
from generators.wire import Emitted

EARLIEST_MS: Final = 5_000
LATEST_MS: Final = 90_000


class Delivery:
    """Applies the delivery incidents to each tick's records and keeps those held back."""

    def __init__(self, rng: np.random.Generator, tick_ms: int) -> None:
        self._share = shares(rng)
        self._soonest = -(-EARLIEST_MS // tick_ms)
        # One tick less than the longest delay: a record may lie early in the tick it is from.
        self._wait = rolls(rng, LATEST_MS // tick_ms - self._soonest)
        self._poisons = cycle(POISONS.values())
        self._held: dict[int, list[tuple[Emitted, Incident]]] = {}
        self._tick = 0

    def release(self) -> list[Emitted]:
        """Begin a tick: the held records whose time has come, labelled late."""
        self._tick += 1
        released = []
        for record, incident in self._held.pop(self._tick, ()):
            incident.count += 1
            released.append(_labelled(record, LATE))
        return released

    def disturb(self, records: list[Emitted], active: Mapping[str, Incident]) -> list[Emitted]:
        """What goes out of a tick's records under the active incidents, in the same order."""
        late, duplicate, poison = active.get(LATE), active.get(DUPLICATE), active.get(POISON)
        if late is None and duplicate is None and poison is None:
            return records
        share = self._share
        out: list[Emitted] = []
        for record in records:
            if late is not None and share() < late.intensity:
                due = self._tick + self._soonest + self._wait()
                self._held.setdefault(due, []).append((record, late))
                continue
            out.append(record)
            if duplicate is not None and share() < duplicate.intensity:
                duplicate.count += 1
                out.append(_labelled(record, DUPLICATE))
            if poison is not None and share() < poison.intensity:
                poison.count += 1
                spoil = next(self._poisons)
                value = spoil(record.value)
                out.append(Emitted(record.stream, None, value, record.key_hint, POISON))
        return out


def _labelled(record: Emitted, label: str) -> Emitted:
    return Emitted(record.stream, record.event, record.value, record.key_hint, label)
