"""Counts order inversions: records that come after a later one of their key.

Each maker of records numbers them per key, so that whoever reads them can tell. What was read is
judged in the order in which it was stored, over all consumers: that order is what a reader acts
on, and two consumers that share a key's records disturb it as much as two shards do.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from streaming.shards.hashing import Longs

Flags = NDArray[np.bool_]

MOST_KEYS: Final = 1_000_000
"""Keys that are remembered; of those that come after, records are not judged."""

_NONE: Final = -1


class OrderBook:
    """The highest sequence number seen of each key of one stream."""

    def __init__(self) -> None:
        self._keys: Longs = np.empty(0, dtype=np.int64)
        self._highest: Longs = np.empty(0, dtype=np.int64)

    def inverted(self, keys: Longs, sequences: Longs) -> Flags:
        """Which of these records, in this order, come after a later one of their key.

        Equal numbers are the same record again, which is no inversion. Sequences are not negative.
        """
        flags = np.zeros(len(keys), dtype=np.bool_)
        if not len(keys):
            return flags
        distinct, groups = np.unique(keys, return_inverse=True)
        known = self._known(distinct)
        order = np.argsort(groups, kind="stable")
        group = groups[order]
        # Ranks instead of sequences: small enough to carry the key's number in front of them.
        values, ranks = np.unique(np.append(known, sequences), return_inverse=True)
        width = len(values)
        floor = ranks[: len(distinct)] + np.arange(len(distinct)) * width
        rank = ranks[len(distinct) :][order] + group * width
        reached = np.maximum.accumulate(np.maximum(rank, floor[group]))
        before = np.maximum(np.append(_NONE, reached[:-1]), floor[group])
        flags[order] = rank < before
        last = np.append(np.flatnonzero(np.diff(group)), len(group) - 1)
        self._learn(distinct, values[reached[last] - np.arange(len(distinct)) * width])
        return flags

    def _known(self, keys: Longs) -> Longs:
        """The highest sequence of each of these sorted keys, -1 for a new one."""
        at = np.searchsorted(self._keys, keys)
        found = np.zeros(len(keys), dtype=np.bool_)
        inside = at < len(self._keys)
        found[inside] = self._keys[at[inside]] == keys[inside]
        highest = np.full(len(keys), _NONE, dtype=np.int64)
        highest[found] = self._highest[at[found]]
        return highest

    def _learn(self, keys: Longs, highest: Longs) -> None:
        at = np.searchsorted(self._keys, keys)
        inside = at < len(self._keys)
        old = np.zeros(len(keys), dtype=np.bool_)
        old[inside] = self._keys[at[inside]] == keys[inside]
        self._highest[at[old]] = highest[old]
        room = max(0, MOST_KEYS - len(self._keys))
        new = np.flatnonzero(~old)[:room]
        self._keys = np.insert(self._keys, at[new], keys[new])
        self._highest = np.insert(self._highest, at[new], highest[new])
