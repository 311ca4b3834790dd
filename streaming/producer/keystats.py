"""Which keys a stream's records have: how many different ones, and the heaviest with their shard.

Counted since the present epoch began (or since this process started): distinct keys by
HyperLogLog, the heaviest by a frequent-items sketch; both from the library datasketches.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from datasketches import frequent_items_error_type, frequent_strings_sketch, hll_sketch

from streaming.lab.producer_messages import HeavyKey, KeyStats

SHOWN: Final = 10
_RECENT: Final = 10_000
_DISTINCT_LOG2: Final = 12  # 1.6 % standard error
_SKETCH_LOG2: Final = 10  # up to 768 counters: a key above 1/200 of the stream is always seen


class KeyCounts:
    """The keys of one stream, as they are routed."""

    def __init__(self, stream: str, epoch: int) -> None:
        self.stream = stream
        self.epoch = epoch
        self._recent: Counter[bytes | None] = Counter()
        self._records = 0
        self._distinct = hll_sketch(_DISTINCT_LOG2)
        self._sketch = frequent_strings_sketch(_SKETCH_LOG2)
        self._shards: dict[bytes | None, int] = {}

    def add(self, shard: int, keys: list[bytes | None]) -> None:
        """Count the records of a shard by their keys."""
        self._recent.update(keys)
        self._shards.update(dict.fromkeys(keys, shard))
        if len(self._recent) > _RECENT:
            self._fold()

    def _fold(self) -> None:
        """Take what was counted into the sketches: dearer for each key, so not record by record."""
        for key, count in self._recent.items():
            self._records += count
            if key is not None:
                text = key.decode("utf-8", "replace")
                self._distinct.update(text)
                self._sketch.update(text, count)
        self._recent.clear()

    def stats(self, throttled: int) -> KeyStats:
        """What is known so far. The counts of keys are never too high."""
        self._fold()
        found = self._sketch.get_frequent_items(frequent_items_error_type.NO_FALSE_NEGATIVES)
        heaviest = sorted(found, key=lambda item: item[2], reverse=True)[:SHOWN]
        # Shards are kept of the heavy keys only, and of what came since the last look.
        known = ((key, self._shards.get(key)) for key in (item[0].encode() for item in found))
        self._shards = {key: shard for key, shard in known if shard is not None}
        return KeyStats(
            stream=self.stream,
            epoch=self.epoch,
            records=self._records,
            distinct=self._distinct.get_estimate() if found else None,
            heaviest=tuple(
                HeavyKey(item[0], item[2], self._shards.get(item[0].encode())) for item in heaviest
            ),
            throttled=throttled,
        )
