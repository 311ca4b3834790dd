"""Fetch and ListOffsets: records and offsets out of logs."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.log import Cursor
from streaming.broker.embedded.messages.data import (
    FetchPartition,
    FetchPartitionResult,
    FetchRequest,
    FetchResponse,
    FetchTopic,
    FetchTopicResult,
    ListOffsetsPartition,
    ListOffsetsPartitionResult,
    ListOffsetsRequest,
    ListOffsetsResponse,
    ListOffsetsTopicResult,
)
from streaming.broker.embedded.partition import Partition

_LATEST: Final = -1
_EARLIEST: Final = -2
_MAX_TIMESTAMP: Final = -3  # KIP-734
_MAX_TIMESTAMP_SINCE: Final = 7
_FULL_REQUEST: Final = (0, -1)  # epochs of a session that begins or ends
_READ_COMMITTED: Final = 1
_LEADER_EPOCH: Final = 0  # there is one server, which never loses a partition


class _Wanted(NamedTuple):
    """One partition of a request, with what is known of it before anything is read."""

    request: FetchPartition
    partition: Partition | None
    cursor: Cursor | None
    error: ErrorCode


async def fetch(broker: Broker, request: FetchRequest, call: Call) -> FetchResponse:
    """Return records at once when there are `min_bytes`, else when there are or time is up.

    Fetch sessions (KIP-227) are not offered: session id 0 tells clients to send full requests,
    as Kafka does when it has no room for another session.
    """
    if request.session_id != 0 and request.session_epoch not in _FULL_REQUEST:
        return FetchResponse(error_code=ErrorCode.FETCH_SESSION_ID_NOT_FOUND, topics=[])
    loop = asyncio.get_running_loop()
    deadline = loop.time() + max(request.max_wait_ms, 0) / 1000
    while True:
        wanted = [
            (topic.name, [_look(broker, topic.name, part) for part in _last(topic)])
            for topic in request.topics
        ]
        flat = [item for _, items in wanted for item in items]
        if _ready(flat, request) or loop.time() >= deadline:
            return _read(broker, wanted, request)
        await _wait(call, loop, deadline, [item.partition for item in flat if item.partition])


def _last(topic: FetchTopic) -> Iterable[FetchPartition]:
    """Each partition once: of one that is named twice the last counts, as in Kafka."""
    return {part.index: part for part in topic.partitions}.values()


def _look(broker: Broker, topic: str, part: FetchPartition) -> _Wanted:
    try:
        partition = broker.topics.partition(topic, part.index)
        _check_epoch(part.current_leader_epoch)
        return _Wanted(part, partition, partition.log.cursor(part.fetch_offset), ErrorCode.NONE)
    except ApiError as error:
        return _Wanted(part, None, None, error.code)


def _check_epoch(known: int) -> None:
    """Refuse a client that knows of a later leader than we do (KIP-320)."""
    if known > _LEADER_EPOCH:
        raise ApiError(ErrorCode.UNKNOWN_LEADER_EPOCH, f"leader epoch {known}")


def _ready(wanted: list[_Wanted], request: FetchRequest) -> bool:
    """Whether the answer need not wait: enough bytes, or an error the client should hear of."""
    available = 0
    for item in wanted:
        if item.partition is None or item.cursor is None:
            return True
        # As in Kafka, a partition counts with no more than it could return.
        available += min(item.partition.log.available(item.cursor), item.request.max_bytes)
    return not wanted or available >= min(request.min_bytes, request.max_bytes)


async def _wait(
    call: Call, loop: asyncio.AbstractEventLoop, deadline: float, partitions: list[Partition]
) -> None:
    """Sleep until one of the partitions changes, the deadline passes or the client hangs up."""
    # Held here by name: the sets below may be emptied by whoever wakes us.
    woken: asyncio.Future[None] = loop.create_future()
    timer = loop.call_at(deadline, _wake, woken)
    for partition in partitions:
        partition.waiters.add(woken)
    try:
        await call.peer.wait(woken)
    finally:
        timer.cancel()
        for partition in partitions:
            partition.waiters.discard(woken)


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _read(
    broker: Broker, wanted: list[tuple[str, list[_Wanted]]], request: FetchRequest
) -> FetchResponse:
    """Read in the request's order until the answer is full; clients change the order each time."""
    room = min(request.max_bytes, broker.config.fetch_max_bytes)
    empty = True
    committed = request.isolation_level == _READ_COMMITTED
    topics = []
    for name, items in wanted:
        results = []
        for item in items:
            result = FetchPartitionResult(index=item.request.index, error_code=item.error)
            if item.error is ErrorCode.UNKNOWN_TOPIC_OR_PARTITION or committed:
                result.aborted_transactions = []
            if item.partition is not None and item.cursor is not None:
                log = item.partition.log
                result.high_watermark = result.last_stable_offset = log.end_offset
                result.log_start_offset = log.start_offset
                if room > 0 or empty:
                    limit = min(room, item.request.max_bytes)
                    result.records = _records(item.partition, item.cursor, limit, result, empty)
                    size = len(result.records or b"")
                    room -= size
                    empty = empty and not size
            results.append(result)
        topics.append(FetchTopicResult(name=name, partitions=results))
    return FetchResponse(topics=topics)


def _records(
    partition: Partition, cursor: Cursor, limit: int, result: FetchPartitionResult, first: bool
) -> bytes:
    """Whole batches; above the limit only the first batch of an answer that has none yet."""
    try:
        return partition.log.read(cursor, max(limit, 0), at_least_one=first)
    except ApiError as error:
        result.error_code = error.code
        return b""


async def list_offsets(
    broker: Broker, request: ListOffsetsRequest, call: Call
) -> ListOffsetsResponse:
    """The end, the start, or the first record at or after a time."""
    topics = []
    for topic in request.topics:
        results = []
        counts = Counter(part.index for part in topic.partitions)
        for part in {part.index: part for part in topic.partitions}.values():
            try:
                if counts[part.index] > 1:
                    raise ApiError(ErrorCode.INVALID_REQUEST, "a partition is asked for twice")
                results.append(
                    _find(broker.topics.partition(topic.name, part.index), part, call.version)
                )
            except ApiError as error:
                results.append(ListOffsetsPartitionResult(index=part.index, error_code=error.code))
        topics.append(ListOffsetsTopicResult(name=topic.name, partitions=results))
    return ListOffsetsResponse(topics=topics)


def _find(
    partition: Partition, part: ListOffsetsPartition, version: int
) -> ListOffsetsPartitionResult:
    _check_epoch(part.current_leader_epoch)
    log = partition.log
    result = ListOffsetsPartitionResult(index=part.index, leader_epoch=_LEADER_EPOCH)
    if part.timestamp == _LATEST:
        result.offset = log.end_offset
    elif part.timestamp == _EARLIEST:
        result.offset = log.start_offset
    elif part.timestamp == _MAX_TIMESTAMP and version >= _MAX_TIMESTAMP_SINCE:
        found = log.latest_record()
        if found is not None:
            result.offset, result.timestamp = found
    elif part.timestamp < 0:
        raise ApiError(ErrorCode.UNSUPPORTED_VERSION, f"timestamp {part.timestamp}")
    else:
        found = log.offset_at_time(part.timestamp)
        if found is None:
            return ListOffsetsPartitionResult(index=part.index)
        result.offset, result.timestamp = found
    return result
