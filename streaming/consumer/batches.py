"""Takes whole record batches out of an aiokafka consumer, without one Python object per record.

`getmany` builds a ConsumerRecord per record, which costs more than decoding and counting it. The
batches it unpacks are Cython objects with all we need, so `BatchReader` takes them from the
fetcher directly. That is aiokafka's private interface: the version is pinned, a test holds both
ways against each other, and when the interface is not as expected `getmany` is used instead.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import CorruptRecordException

from streaming.consumer.brake import Brake
from streaming.consumer.pacing import Pacing

log: Final = logging.getLogger(__name__)


class FetchedBatch(msgspec.Struct, frozen=True, gc=False):
    """Consecutive records of one partition, offsets [first, next) (gaps where a log was compacted).

    `records` have offset, timestamp (produce time, ms), key, value and headers; `bytes` is the size
    of their keys and values.
    """

    topic: str
    partition: int
    first: int
    next: int
    records: Sequence[Any]
    bytes: int

    @classmethod
    def of(cls, tp: TopicPartition, first: int, next_: int, records: Sequence[Any]) -> FetchedBatch:
        """The batch of these records."""
        size = sum(len(record.value or b"") + len(record.key or b"") for record in records)
        return cls(tp.topic, tp.partition, first, next_, records, size)


class BatchReader:
    """Reads what a consumer fetched, as batches.

    `poll` must be called from one task only and must not be cancelled (aiokafka would forget
    that the application polls).
    """

    def __init__(
        self,
        consumer: AIOKafkaConsumer,
        *,
        whole_batches: bool = True,
        pacing: Pacing | None = None,
        brake: Brake | None = None,
    ) -> None:
        self._consumer = consumer
        self._brake = brake or Brake()
        self._pacing = pacing or Pacing({})
        self._whole_batches: bool | None = None if whole_batches else False

    @property
    def whole_batches(self) -> bool:
        """Whether batches are taken whole.

        Known once the consumer has started: it has no fetcher to look at before.
        """
        if self._whole_batches is None:
            self._whole_batches = _has_private_interface(self._consumer)
        return self._whole_batches

    async def poll(self, timeout_s: float, max_records: int = 20_000) -> list[FetchedBatch]:
        """What is there, or what arrives within `timeout_s`; at least one batch may exceed the cap.

        Raises aiokafka's errors for a partition (for example OffsetOutOfRangeError) and the group.
        """
        if not self.whole_batches:
            return await self._poll_getmany(timeout_s, max_records)
        fetcher = self._consumer._fetcher
        subscriptions = self._consumer._subscription
        # What went wrong with the group; until it is heard, aiokafka does not join again.
        self._consumer._coordinator.check_errors()
        with subscriptions.fetch_context():
            if subscriptions.reassignment_in_progress:
                # A rebalance may take long; the caller has acknowledgements to look after.
                waiting = asyncio.ensure_future(subscriptions.wait_for_assignment())
                await asyncio.wait([waiting], timeout=timeout_s)
                if not waiting.done():
                    waiting.cancel()
                elif not waiting.cancelled():
                    waiting.exception()  # the next call raises it
                return []
            batches = self._take(fetcher, max_records)
            if batches or timeout_s <= 0:
                return batches
            waiter = fetcher._create_fetch_waiter()
            done, _ = await asyncio.wait([waiter], timeout=timeout_s)
            if not done:
                waiter.cancel()
                return []
            waiter.result()
            return self._take(fetcher, max_records)

    def _take(self, fetcher: Any, max_records: int) -> list[FetchedBatch]:
        if self._consumer._subscription.reassignment_in_progress:
            return []
        taken: list[FetchedBatch] = []
        count = 0
        now = time.monotonic()
        for tp in list(fetcher._records):
            allowed = self._brake.allowed(now)
            if allowed == 0:
                break
            if not self._pacing.ready(tp, now):
                continue  # it stays with the fetcher, which asks for no more of it meanwhile
            result = fetcher._records[tp]
            if not hasattr(result, "_partition_records"):
                if taken:
                    break
                del fetcher._records[tp]
                fetcher._notify(fetcher._wait_consume_future)
                result.check_raise()
            del fetcher._records[tp]
            fetcher._notify(fetcher._wait_consume_future)
            if not result.has_more() or not result.check_assignment(tp):
                continue
            try:
                batch, more = _unpack(tp, result._partition_records, allowed)
            except CorruptRecordException:
                if taken:
                    break  # its position has not moved: it is read, and refused, again
                raise
            if batch is not None:
                taken.append(batch)
                count += len(batch.records)
                self._pacing.took(tp, batch.bytes, now)
                self._brake.took(len(batch.records), now)
            result._update_position()
            if more:
                fetcher._records[tp] = result  # behind the other shards: each has its turn
            if count >= max_records:
                break
        return taken

    async def _poll_getmany(self, timeout_s: float, max_records: int) -> list[FetchedBatch]:
        now = time.monotonic()
        allowed = self._brake.allowed(now)
        # A poll that asks for nothing we have: only polling keeps us in the group.
        asked = (TopicPartition("", 0),) if allowed == 0 else ()
        got = await self._consumer.getmany(
            *asked,
            timeout_ms=int(timeout_s * 1000),
            max_records=min(max_records, allowed or max_records),
        )
        self._brake.took(sum(map(len, got.values())), now)
        return [
            FetchedBatch.of(tp, records[0].offset, records[-1].offset + 1, records)
            for tp, records in got.items()
            if records
        ]


def _unpack(
    tp: TopicPartition, records: Any, most: int | None = None
) -> tuple[FetchedBatch | None, bool]:
    """All of one fetch answer, joined: a slow stream has few records in a batch of its own.

    A control batch only moves the position. What is before a damaged batch is good; the damaged
    one raises when it is the first. With `most`, batches are joined up to so many records; the
    answer also says whether there are more to take.
    """
    if records._aborted_transactions:
        first, rest = records.next_fetch_offset, list(records)
        return FetchedBatch.of(tp, first, records.next_fetch_offset, rest), False
    begin = start = records.next_fetch_offset
    joined: list[Any] = []
    source = records._records
    while source.has_next() and (most is None or len(joined) < most):
        batch = source.next_batch()
        if records._check_crcs and not batch.validate_crc():
            if start > begin:
                return FetchedBatch.of(tp, begin, start, joined), False
            raise CorruptRecordException(
                f"damaged batch in {tp.topic}/{tp.partition} at offset {start}"
            )
        if not batch.is_control_batch:
            joined += [record for record in batch if record.offset >= start]
        start = records.next_fetch_offset = batch.next_offset
    more = most is not None and bool(source.has_next())
    if start == begin:
        return None, more
    return FetchedBatch.of(tp, begin, start, joined), more


def _has_private_interface(consumer: AIOKafkaConsumer) -> bool:
    fetcher = getattr(consumer, "_fetcher", None)
    subscription = getattr(consumer, "_subscription", None)
    wanted = ("_records", "_notify", "_create_fetch_waiter", "_wait_consume_future")
    ok = (
        fetcher is not None
        and all(hasattr(fetcher, name) for name in wanted)
        and hasattr(subscription, "fetch_context")
        and hasattr(subscription, "wait_for_assignment")
    )
    if not ok:
        log.warning("aiokafka's fetcher is not as expected: reading record by record")
    return ok
