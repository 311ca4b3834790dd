"""What waits to be put into a stream's shards, and by which calls it is put.

Both sides of PutRecords in one place. The producer, after the KPL: a call takes the oldest records
of all shards, as many as `CallSize` allows, once there are enough of them or the oldest has waited
for RecordMaxBufferedTime; of a shard with limits it puts at most 150 % of what that takes. The
service: each record of a call is judged alone, and a shard's buckets take or refuse it
(ProvisionedThroughputExceeded). What was refused waits 25 ms and then comes before what is newer.
One call is under way at a time, so that records of one size keep their order; of different sizes a
small one may overtake a large one that was refused, as in Kinesis.

Unlike the KPL it never gives a record up: it makes the generators wait instead.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from operator import itemgetter
from typing import Final, NamedTuple

from generators.wire import Emitted
from streaming.producer.put import Put, size_of
from streaming.shards.kpl_settings import CALL_BYTES_OF_A_SHARD, DEFAULTS
from streaming.shards.limiter import ShardLimiter
from streaming.shards.limits import ShardLimits

AGAIN_S: Final = 0.025
"""Between two tries (KPL, `aws/kinesis/core/limiter.h`)."""

_FULL_S: Final = 1.0
"""So long after it was at its limit, what waits for a shard waits because it is full."""


class CallSize(NamedTuple):
    """The most that one call puts: records of Kinesis, and their bytes (keys and data)."""

    records: int
    bytes: int


COLLECTED: Final = CallSize(DEFAULTS.collection_max_count, DEFAULTS.collection_max_size)
"""PutRecords as the KPL makes it."""

ALONE: Final = CallSize(1, DEFAULTS.collection_max_size)
"""PutRecord: no record waits for others."""


class Waiting(NamedTuple):
    """Something to put; `number` tells which came first over all shards of the stream.

    It was offered at `since`, and a call is due for it at `due`.
    """

    number: int
    since: float
    due: float
    size: int
    put: Put


class _Shard:
    """One shard: what waits for it, its own limits, and how much the producer puts."""

    def __init__(self, limits: ShardLimits | None, now: float) -> None:
        self.queue: deque[Waiting] = deque()
        self.bytes = 0
        self.again = now
        """Not to be tried before."""
        self.full_until = now
        self.throttled = 0
        self._service: ShardLimiter | None = None
        self._producer: ShardLimiter | None = None
        if limits is not None:
            self._service = ShardLimiter(limits, now)
            self._producer = ShardLimiter(limits, now, DEFAULTS.rate_limit_percent / 100)

    def push(self, waiting: Waiting) -> None:
        self.queue.append(waiting)
        self.bytes += waiting.size

    def pop(self, now: float) -> Waiting | None:
        """The oldest record, unless that is more than the producer puts now."""
        size = self.queue[0].size
        if self._producer is not None and not self._producer.take(size, now):
            self._is_full(now)
            return None
        self.bytes -= size
        return self.queue.popleft()

    def judge(self, put: list[Waiting], now: float) -> list[Waiting]:
        """Those that the service takes; the others come first at the next try."""
        if self._service is None:
            return put
        answers = self._service.take_each([waiting.size for waiting in put], now)
        taken = [waiting for waiting, ok in zip(put, answers, strict=True) if ok]
        if len(taken) < len(put):
            refused = [waiting for waiting, ok in zip(put, answers, strict=True) if not ok]
            self.throttled += len(refused)
            self.queue.extendleft(reversed(refused))
            self.bytes += sum(waiting.size for waiting in refused)
            self._is_full(now)
        return taken

    def _is_full(self, now: float) -> None:
        self.again, self.full_until = now + AGAIN_S, now + _FULL_S


class Outbox:
    """The open shards of one stream, of which each has limits or none has.

    `now` is in seconds of any clock.
    """

    def __init__(self, limits: ShardLimits | None, size: CallSize, buffer_s: float) -> None:
        self.limits = limits
        self._shards: dict[int, _Shard] = {}
        self._number = 0
        self.waiting = 0
        """Records that no shard has taken yet."""
        self.follow(size, buffer_s)

    def follow(self, size: CallSize, buffer_s: float) -> None:
        """Call in this way from now on, and count from 0."""
        self._size = size
        self._buffer_s = buffer_s
        self.calls = 0
        """Calls that put something: one of which every record was refused is none here."""
        self.put = 0
        """Records of Kinesis in them."""
        self.records = 0
        """The same with those of aggregates one by one."""
        self.waited_s = 0.0
        """The sum over all `records` of how long each was here."""

    def offer(
        self, shard: int, puts: Iterable[Put], now: float, began: float | None = None
    ) -> None:
        """Queue records for a shard, behind those that wait for it.

        They have waited for company since `began`, if before now.
        """
        due = (now if began is None else began) + self._buffer_s
        to = self._shard(shard, now)
        for put in puts:
            to.push(Waiting(self._number, now, due, size_of(put), put))
            self._number += 1
            self.waiting += len(put[3])

    def call(self, now: float, *, all_: bool = False) -> dict[int, list[Put]] | None:
        """What a call puts into each shard at this moment; None when no call is due.

        It may be empty: every record was refused, and another shard may still be due. With
        `all_` nothing waits for company.
        """
        ready = {n: s for n, s in self._shards.items() if s.queue and s.again <= now}
        if not ready or not (all_ or self._due(ready.values(), now)):
            return None
        done: dict[int, list[Put]] = {}
        for number, drawn in self._draw(ready, now).items():
            if taken := ready[number].judge(drawn, now):
                done[number] = [waiting.put for waiting in taken]
                self._count(taken, now)
        self.calls += bool(done)
        return done

    def _due(self, ready: Iterable[_Shard], now: float) -> bool:
        count = size = 0
        for shard in ready:
            if shard.queue[0].due <= now or shard.bytes >= CALL_BYTES_OF_A_SHARD:
                return True
            count += len(shard.queue)
            size += shard.bytes
        return count >= self._size.records or size >= self._size.bytes

    def _draw(self, ready: dict[int, _Shard], now: float) -> dict[int, list[Waiting]]:
        """The oldest records of all these shards that one call has room for."""
        heads = [(shard.queue[0].number, number) for number, shard in ready.items()]
        heapq.heapify(heads)
        drawn: dict[int, list[Waiting]] = {}
        of_shard = dict.fromkeys(ready, 0)
        count = size = 0
        while heads and count < self._size.records:
            _, number = heads[0]
            shard = ready[number]
            if count and size + shard.queue[0].size > self._size.bytes:
                break
            waiting = shard.pop(now)
            if waiting is not None:
                drawn.setdefault(number, []).append(waiting)
                count += 1
                size += waiting.size
                of_shard[number] += waiting.size
            if waiting is None or not shard.queue or of_shard[number] >= CALL_BYTES_OF_A_SHARD:
                heapq.heappop(heads)
            else:
                heapq.heapreplace(heads, (shard.queue[0].number, number))
        return drawn

    def _count(self, taken: list[Waiting], now: float) -> None:
        self.put += len(taken)
        for waiting in taken:
            records = len(waiting.put[3])
            self.waiting -= records
            self.records += records
            self.waited_s += (now - waiting.since) * records

    def take_back(self) -> list[Emitted]:
        """All records that wait, oldest first; they no longer do."""
        waiting = sorted(
            (w for shard in self._shards.values() for w in shard.queue), key=itemgetter(0)
        )
        for shard in self._shards.values():
            shard.queue.clear()
            shard.bytes = 0
        self.waiting = 0
        return [record for one in waiting for record in one.put[3]]

    @property
    def throttled(self) -> int:
        """Records refused so far; one that was refused twice counts twice."""
        return sum(shard.throttled for shard in self._shards.values())

    def full(self, now: float) -> Iterator[tuple[int, int, int]]:
        """(shard, refused so far, waiting because it is full) of every shard that had records."""
        for number, shard in self._shards.items():
            waiting = shard.queue if shard.full_until > now else ()
            yield number, shard.throttled, sum(len(one.put[3]) for one in waiting)

    def _shard(self, number: int, now: float) -> _Shard:
        found = self._shards.get(number)
        if found is None:
            found = self._shards[number] = _Shard(self.limits, now)
        return found
