"""How a shard of Kinesis throttles: two token buckets, one of records and one of bytes.

The service documents the rates (`limits.toml`); that a second's worth may come at once is the
model that AWS's own producer library keeps of a shard (KPL, `aws/kinesis/core/limiter.h`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streaming.shards.limits import ShardLimits
from streaming.shards.service_errors import ACCOUNT

THROTTLED: Final = "ProvisionedThroughputExceededException"
"""The error code of a refused record (Kinesis API, PutRecord and PutRecords)."""

MOST_READERS: Final = 20
"""Applications on one stream; Kinesis has as many consumers with enhanced fan-out."""


def throttled_text(stream: str, shard: int) -> str:
    """What the service says of a record that this shard refused; the code is THROTTLED.

    The wording was captured from AWS by the authors of kinesalite (pull request 87).
    """
    return (
        f"Rate exceeded for shard shardId-{shard:012d} in stream {stream} under account {ACCOUNT}."
    )


class ShardLimiter:
    """The buckets of one shard: each holds a second's worth, begins full and grows continuously.

    `now` is in seconds of any clock. One that stands still or goes back lets nothing grow.

    `scale` multiplies how fast the buckets grow, not what they hold: a KPL's own limiter with
    RateLimit 150 % has 1.5.
    """

    __slots__ = ("_at", "_bytes", "_bytes_rate", "_limits", "_records", "_records_rate")

    def __init__(self, limits: ShardLimits, now: float, scale: float = 1.0) -> None:
        self._limits = limits
        self._records_rate = limits.records_in_per_s * scale
        self._bytes_rate = limits.bytes_in_per_s * scale
        self._records = float(limits.records_in_per_s)
        self._bytes = float(limits.bytes_in_per_s)
        self._at = now

    def take(self, size: int, now: float) -> bool:
        """Whether a record of `size` bytes (key and data) gets in; both buckets pay or neither.

        A record larger than a second's worth of bytes never does.
        """
        self._grow(now)
        return self._pay(size)

    def take_each(self, sizes: Iterable[int], now: float) -> list[bool]:
        """The same for the records of one PutRecords, in order.

        Each is judged alone (Kinesis API, PutRecords), so a small one may get in after a large
        one did not: the order inside a request is lost.
        """
        self._grow(now)
        return [self._pay(size) for size in sizes]

    def _grow(self, now: float) -> None:
        elapsed = now - self._at
        if elapsed <= 0:
            return
        self._at = now
        most = self._limits
        self._records = min(most.records_in_per_s, self._records + elapsed * self._records_rate)
        self._bytes = min(most.bytes_in_per_s, self._bytes + elapsed * self._bytes_rate)

    def _pay(self, size: int) -> bool:
        if self._records < 1 or self._bytes < size:
            return False
        self._records -= 1
        self._bytes -= size
        return True


class ReadLimiter:
    """How often and how much one application may read from a shard.

    Polling (Kinesis API, GetRecords): five calls and 2 MiB a second, of which `readers`
    applications that all poll the shard have equal parts. A call may bring more than is left of
    the bytes; then the next one has to wait until they are made up for (10 MiB: 5 s). Enhanced
    fan-out (SubscribeToShard): 2 MiB a second for each consumer alone, and no calls to count.
    """

    __slots__ = ("_at", "_bytes", "_bytes_rate", "_calls", "_calls_rate")

    def __init__(
        self, limits: ShardLimits, now: float, readers: int = 1, *, fan_out: bool = False
    ) -> None:
        share = 1 if fan_out else readers
        self._calls_rate = None if fan_out else limits.reads_per_s / share
        self._bytes_rate = limits.bytes_out_per_s / share
        self._calls, self._bytes = 1.0, self._bytes_rate
        self._at = now

    def wait_s(self, now: float) -> float:
        """Seconds until the shard may be read again, 0 when it may be now."""
        self._grow(now)
        calls = 0.0 if self._calls_rate is None else (1 - self._calls) / self._calls_rate
        return max(0.0, calls, -self._bytes / self._bytes_rate)

    def took(self, size: int, now: float) -> None:
        """Count a read of so many bytes."""
        self._grow(now)
        if self._calls_rate is not None:
            self._calls -= 1
        self._bytes -= size

    def _grow(self, now: float) -> None:
        elapsed, self._at = max(0.0, now - self._at), max(now, self._at)
        if self._calls_rate is not None:
            # One call at a time: who has waited long may not make up for it in a burst.
            self._calls = min(1.0, self._calls + elapsed * self._calls_rate)
        self._bytes = min(self._bytes_rate, self._bytes + elapsed * self._bytes_rate)
