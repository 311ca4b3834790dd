"""Which segments a log has outlived, by Kafka's rules, and the timer that asks.

The rules are those of Kafka's `UnifiedLog.deleteOldSegments`: only whole segments go, only from
the front, and the one that is being written goes too when it is past its time, after the log
went on in a new one.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from streaming.broker.embedded.log import PartitionLog
from streaming.broker.embedded.rules import LogRules

log = logging.getLogger(__name__)

_FIRST_CHECK_S: Final = 30.0  # Kafka's log.initial.task.delay.ms


class Aged(Protocol):
    """What the rules need to know of a segment: bytes, and milliseconds since the Unix epoch."""

    @property
    def size(self) -> int:
        """Bytes of all batches."""

    @property
    def largest_timestamp(self) -> int:
        """The latest time of any record."""


def past_time(segments: Sequence[Aged], retention_ms: int, now_ms: int) -> int:
    """How many of the oldest segments hold only records older than `retention_ms`."""
    if retention_ms < 0:
        return 0
    return _leading(segments, lambda part: now_ms - part.largest_timestamp > retention_ms)


def past_size(segments: Sequence[Aged], retention_bytes: int) -> int:
    """How many of the oldest segments can go while `retention_bytes` are left."""
    if retention_bytes < 0:
        return 0
    excess = sum(part.size for part in segments) - retention_bytes

    def spare(part: Aged) -> bool:
        nonlocal excess
        excess -= part.size
        return excess >= 0

    return _leading(segments, spare)


def _leading(segments: Sequence[Aged], may_go: Callable[[Aged], bool]) -> int:
    """How many segments in a row may go; an empty one at the end is the log's place to write."""
    for count, part in enumerate(segments):
        if (part is segments[-1] and not part.size) or not may_go(part):
            return count
    return len(segments)


def enforce(partition_log: PartitionLog, rules: LogRules, now_ms: int) -> int:
    """Drop what one log has outlived and return the number of segments that went.

    Raises StorageError when the new start of the log cannot be written down.
    """
    dropped = 0
    if rules.delete_old:
        dropped += partition_log.drop_oldest(
            past_size(partition_log.segments, rules.retention_bytes), rules, now_ms
        )
        dropped += partition_log.drop_oldest(
            past_time(partition_log.segments, rules.retention_ms, now_ms), rules, now_ms
        )
    partition_log.sweep(now_ms)
    return dropped


async def keep_retention(check: Callable[[int], None], interval_ms: int) -> None:
    """Call `check` with the wall clock's milliseconds, for ever; its failures end nothing."""
    delay = min(_FIRST_CHECK_S, interval_ms / 1000)
    while True:
        await asyncio.sleep(delay)
        delay = interval_ms / 1000
        try:
            check(int(time.time() * 1000))
        except Exception:
            log.exception("the check of retention failed; the next one comes in %g s", delay)
