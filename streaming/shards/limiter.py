"""How a shard of Kinesis throttles: two token buckets, one of records and one of bytes.

The service documents the rates (`limits.toml`); that a second's worth may come at once is the
model that AWS's own producer library keeps of a shard (KPL, `aws/kinesis/core/limiter.h`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from streaming.shards.limits import ShardLimits

THROTTLED: Final = "ProvisionedThroughputExceededException"
"""The error code of a refused record (Kinesis API, PutRecord and PutRecords)."""

_ACCOUNT: Final = "000000000000"  # the lab has no accounts; AWS's have twelve digits


def throttled_text(stream: str, shard: int) -> str:
    """What the service says of a record that this shard refused; the code is THROTTLED.

    The wording was captured from AWS by the authors of kinesalite (pull request 87).
    """
    return (
        f"Rate exceeded for shard shardId-{shard:012d} in stream {stream} under account {_ACCOUNT}."
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
