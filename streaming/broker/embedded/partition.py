"""One partition: its log, its idempotent producers, and the consumers that wait for its end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

from streaming.broker.embedded import batch, retention
from streaming.broker.embedded.config import BrokerConfig
from streaming.broker.embedded.log import PartitionLog
from streaming.broker.embedded.producers import ProducerTable
from streaming.broker.embedded.records import check_records
from streaming.broker.embedded.rules import LogRules
from streaming.broker.embedded.segment import SegmentCaches


class Appended(NamedTuple):
    """Where a batch is.

    `append_time_ms` is -1 when records keep their producer's time; for a batch that was in the
    log already it is the latest time in it, as in Kafka's `ProducerStateEntry`.
    """

    base_offset: int
    append_time_ms: int


class Partition:
    """A partition this server leads; after `close` it refuses nothing but is unknown to all."""

    def __init__(
        self, topic: str, index: int, folder: Path, config: BrokerConfig, caches: SegmentCaches
    ) -> None:
        self.topic = topic
        self.index = index
        self.closed = False
        self.waiters: set[asyncio.Future[None]] = set()
        self.producers = ProducerTable(config.producer_expiry_ms)
        self.log = PartitionLog(
            folder,
            index_interval=config.index_interval_bytes,
            producers=self.producers,
            caches=caches,
        )

    def append(self, records: memoryview, rules: LogRules, now_ms: int) -> Appended:
        """Put one producer's batch into the log, once. Raises ApiError.

        A batch the log already has is answered with the offset it got the first time (KIP-98).
        """
        header = batch.check(records, rules.max_message_bytes)
        data = bytearray(records[: header.size])
        check_records(data, header, rules, now_ms)
        if header.producer_id >= 0:
            earlier = self.producers.check(header)
            if earlier is not None:
                return Appended(earlier.base_offset, earlier.max_timestamp)
        if rules.codec is not None and rules.codec != header.compression:
            data, header = batch.repack(data, header, rules.codec)
        if rules.log_append_time:
            header = batch.stamp(data, header, now_ms)
        elif header.log_append_time:
            header = batch.unstamp(data, header)
        base_offset = self.log.end_offset
        batch.place(data, base_offset)
        header = header._replace(base_offset=base_offset, leader_epoch=0)
        self.log.append(data, header, rules)
        if header.producer_id >= 0:
            self.producers.note(header, base_offset, now_ms)
        self.wake()
        return Appended(base_offset, now_ms if rules.log_append_time else -1)

    def keep_retention(self, rules: LogRules, now_ms: int) -> int:
        """Drop segments the log has outlived; returns how many. Raises StorageError."""
        return retention.enforce(self.log, rules, now_ms)

    def wake(self) -> None:
        """Tell all waiting consumers to look again."""
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.waiters.clear()

    def close(self) -> None:
        """End cleanly."""
        self.closed = True
        self.log.close()
        self.wake()

    def abandon(self) -> None:
        """End because the topic is deleted."""
        self.closed = True
        self.log.abandon()
        self.wake()
