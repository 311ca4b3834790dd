"""Where the records come from: any `LogSource`, in earnest Kafka without a consumer group."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, TypeAlias

from aiokafka import AIOKafkaConsumer, TopicPartition

from streaming.broker.connection import Connection

Shard: TypeAlias = tuple[str, int]
Range: TypeAlias = tuple[int, int]

STALL_S: Final = 20.0
"""Seconds without any progress after which reading is given up."""

_POLL_MS: Final = 500
_MAX_RECORDS: Final = 2000


class VerifyError(Exception):
    """The comparison could not be made; the text says why and what to do."""


class LogRecord(NamedTuple):
    """One record as the log has it; `timestamp_ms` is the record's own, not the event's."""

    stream: str
    shard: int
    offset: int
    timestamp_ms: int
    headers: Sequence[tuple[str, bytes]]
    key: bytes | None
    value: bytes | None


class LogSource(Protocol):
    """A log that can be read again from its beginning."""

    async def bounds(self, stream: str) -> Mapping[int, Range]:
        """First and one past the last offset of each shard; empty when there is no such stream."""
        ...

    def read(self, ranges: Mapping[Shard, Range]) -> AsyncIterator[Sequence[LogRecord]]:
        """Every record in these offset ranges (end excluded), each shard's in order."""
        ...


class KafkaLog:
    """A Kafka cluster as a log source. Joins no group and commits nothing.

    `topics` maps stream to topic where they differ. `wait_ms` is how long a fetch at the log's end
    waits for more; the next read has to wait for it.
    """

    def __init__(
        self,
        kafka: Connection,
        topics: Mapping[str, str] | None = None,
        *,
        stall_s: float = STALL_S,
        wait_ms: int = _POLL_MS,
    ) -> None:
        self._kafka = kafka
        self._topics = dict(topics or {})
        self._stall_s = stall_s
        self._wait_ms = wait_ms
        self._consumer: Any = None

    async def __aenter__(self) -> KafkaLog:
        self._consumer = AIOKafkaConsumer(
            **self._kafka.options(),
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            client_id="dasprep-verify",
            fetch_max_wait_ms=self._wait_ms,
        )
        try:
            await self._within("connecting", self._consumer.start())
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        """Best effort: a client whose broker is gone may raise or hang in stop()."""
        for close in (self._consumer.stop, self._consumer._client.close):
            closing = asyncio.ensure_future(close())
            await asyncio.wait({closing}, timeout=5)
            if not closing.done():
                closing.cancel()
            with contextlib.suppress(BaseException):
                closing.result()

    async def _within(self, what: str, call: Any) -> Any:
        """The answer of `call`, or VerifyError; wait_for alone would wait for its cancellation."""
        task = asyncio.ensure_future(call)
        try:
            await asyncio.wait({task}, timeout=self._stall_s)
        finally:
            if not task.done():
                task.cancel()
        if not task.done() or task.cancelled():
            raise VerifyError(f"The broker at {self._kafka.bootstrap} did not answer ({what}).")
        error = task.exception()
        if error is not None:
            if self._kafka.trouble:
                raise VerifyError(self._kafka.trouble) from error
            text = f"{type(error).__name__}: {error}"
            raise VerifyError(
                f"The log at {self._kafka.bootstrap} cannot be read ({what}): {text}. "
                "Is the broker running?"
            ) from error
        return task.result()

    def _topic(self, stream: str) -> str:
        return self._topics.get(stream, stream)

    async def bounds(self, stream: str) -> Mapping[int, Range]:
        """First and end offset per partition of the stream's topic."""
        topic = self._topic(stream)
        # The consumer's own view holds only topics it reads; ask for everything there is.
        cluster = await self._within("topics", self._consumer._client.fetch_all_metadata())
        shards = sorted(cluster.partitions_for_topic(topic) or ())
        parts = [TopicPartition(topic, shard) for shard in shards]
        if not parts:
            return {}
        begins = await self._within("offsets", self._consumer.beginning_offsets(parts))
        ends = await self._within("offsets", self._consumer.end_offsets(parts))
        return {p.partition: (int(begins[p]), int(ends[p])) for p in parts}

    async def starts(
        self, stream: str, bounds: Mapping[int, Range], timestamp_ms: int
    ) -> dict[int, int]:
        """The first offset at or after a time per partition; its end when nothing is that new."""
        topic = self._topic(stream)
        asked = {TopicPartition(topic, shard): max(0, timestamp_ms) for shard in bounds}
        found = await self._within("times", self._consumer.offsets_for_times(asked))
        return {
            part.partition: bounds[part.partition][1] if at is None else int(at.offset)
            for part, at in found.items()
        }

    async def read(self, ranges: Mapping[Shard, Range]) -> AsyncIterator[Sequence[LogRecord]]:
        """All partitions at once; each is paused when its range is read."""
        names = {TopicPartition(self._topic(s), n): (s, n) for s, n in ranges}
        open_parts = {p: ranges[name][1] for p, name in names.items()}
        consumer = self._consumer
        consumer.assign(list(open_parts))
        for part, name in names.items():
            consumer.seek(part, ranges[name][0])
        moved, reached = time.monotonic(), dict.fromkeys(open_parts, -1)
        while open_parts:
            polled = await self._within(
                "records",
                consumer.getmany(*open_parts, timeout_ms=_POLL_MS, max_records=_MAX_RECORDS),
            )
            for part, records in polled.items():
                stop = open_parts[part]
                yield [_record(names[part], r) for r in records if r.offset < stop]
            for part, stop in list(open_parts.items()):
                position = await self._within("position", consumer.position(part))
                if position != reached[part]:
                    reached[part], moved = position, time.monotonic()
                if position >= stop:
                    consumer.pause(part)
                    del open_parts[part]
            if open_parts and time.monotonic() - moved > self._stall_s:
                raise VerifyError(self._stalled(names, open_parts, reached))

    def _stalled(
        self,
        names: Mapping[Any, Shard],
        open_parts: Mapping[Any, int],
        reached: Mapping[Any, int],
    ) -> str:
        where = ", ".join(
            f"{names[p][0]}/{names[p][1]} at offset {reached[p]} of {stop}"
            for p, stop in sorted(open_parts.items())
        )
        return (
            f"The log at {self._kafka.bootstrap} gave no records for {self._stall_s:.0f} s "
            f"({where}). Check the broker and run verify again."
        )


def _record(shard: Shard, record: Any) -> LogRecord:
    return LogRecord(
        shard[0],
        shard[1],
        record.offset,
        record.timestamp,
        record.headers or (),
        record.key,
        record.value,
    )
