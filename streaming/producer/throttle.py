"""What full shards do to a producer: refused records wait and are put again, in their order.

Both sides of PutRecords in one place. The service: a shard's buckets take a record or refuse it
(ProvisionedThroughputExceeded). The producer, after the KPL: it puts at most 150 % of what a shard
takes, tries again 25 ms later, and what was refused comes before what is newer. One request is
under way at a time, so that records of one size keep their order; of different sizes a small one
may overtake a large one that was refused, as in Kinesis.

Unlike the KPL it never gives a record up: it makes the generators wait instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final, NamedTuple

from generators.wire import Emitted
from streaming.producer.put import Put, size_of
from streaming.shards.kpl_settings import DEFAULTS
from streaming.shards.limiter import ShardLimiter
from streaming.shards.limits import ShardLimits

AGAIN_S: Final = 0.025
"""Between two tries (KPL, `aws/kinesis/core/limiter.h`)."""


class Waiting(NamedTuple):
    """Something to put; `number` tells which came first over all shards of the stream."""

    number: int
    put: Put


class _Shard:
    """One shard: what waits for it, its own limits, and how much the producer puts."""

    def __init__(self, limits: ShardLimits, now: float) -> None:
        self.queue: deque[Waiting] = deque()
        self.service = ShardLimiter(limits, now)
        self.producer = ShardLimiter(limits, now, DEFAULTS.rate_limit_percent / 100)
        self.throttled = 0

    def admit(self, now: float) -> list[Put]:
        put = []
        while self.queue and self.producer.take(size_of(self.queue[0].put), now):
            put.append(self.queue.popleft())
        taken = self.service.take_each([size_of(waiting.put) for waiting in put], now)
        refused = [waiting for waiting, ok in zip(put, taken, strict=True) if not ok]
        self.throttled += len(refused)
        self.queue.extendleft(reversed(refused))
        return [waiting.put for waiting, ok in zip(put, taken, strict=True) if ok]


class Throttle:
    """The open shards of one stream with their limits. `now` is in seconds of any clock."""

    def __init__(self, limits: ShardLimits) -> None:
        self.limits = limits
        self._shards: dict[int, _Shard] = {}
        self._number = 0
        self.waiting = 0
        """Records that no shard has taken yet."""

    def offer(self, shard: int, puts: Iterable[Put], now: float) -> None:
        """Queue records for a shard, behind those that wait for it."""
        queue = self._shard(shard, now).queue
        for put in puts:
            queue.append(Waiting(self._number, put))
            self._number += 1
            self.waiting += len(put[3])

    def admit(self, now: float) -> Iterator[tuple[int, list[Put]]]:
        """What each shard takes at this moment."""
        for number, shard in self._shards.items():
            if shard.queue and (taken := shard.admit(now)):
                self.waiting -= sum(len(put[3]) for put in taken)
                yield number, taken

    def take_back(self) -> list[Emitted]:
        """All records that wait, oldest first; they no longer do."""
        waiting = sorted(
            (w for shard in self._shards.values() for w in shard.queue), key=itemgetter(0)
        )
        for shard in self._shards.values():
            shard.queue.clear()
        self.waiting = 0
        return [record for one in waiting for record in one.put[3]]

    @property
    def throttled(self) -> int:
        """Records refused so far; one that was refused twice counts twice."""
        return sum(shard.throttled for shard in self._shards.values())

    def counts(self) -> Iterator[tuple[int, int, int]]:
        """(shard, refused so far, waiting now) of every shard that had records."""
        for number, shard in self._shards.items():
            yield number, shard.throttled, sum(len(one.put[3]) for one in shard.queue)

    def _shard(self, number: int, now: float) -> _Shard:
        found = self._shards.get(number)
        if found is None:
            found = self._shards[number] = _Shard(self.limits, now)
        return found
