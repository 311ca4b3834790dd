"""Topics: make, extend, delete, and cut their records."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import TypeVar

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.messages import admin as m

N = TypeVar("N", m.NewTopic, m.NewPartitions)


async def create_topics(
    broker: Broker, request: m.CreateTopicsRequest, call: Call
) -> m.CreateTopicsResponse:
    """Make topics; each succeeds or fails alone."""
    results = []
    twice = _named_twice(topic.name for topic in request.topics)
    for topic in _once(request.topics):
        result = m.CreatedTopic(name=topic.name)
        try:
            _refuse_twice(topic.name, twice)
            _create(broker, topic, validate_only=request.validate_only)
        except ApiError as error:
            result.error_code, result.error_message = error.code, error.message
        results.append(result)
    return m.CreateTopicsResponse(topics=results)


def _create(broker: Broker, topic: m.NewTopic, *, validate_only: bool) -> None:
    count = topic.num_partitions
    if topic.assignments:
        if count != -1 or topic.replication_factor != -1:
            raise ApiError(ErrorCode.INVALID_REQUEST, "numbers beside an assignment must be -1")
        _check_assignment(broker, [part.brokers for part in topic.assignments])
        if sorted(part.partition for part in topic.assignments) != list(
            range(len(topic.assignments))
        ):
            raise ApiError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, "partitions are numbered from 0")
        count = len(topic.assignments)
    elif topic.replication_factor not in (1, -1):
        raise ApiError(
            ErrorCode.INVALID_REPLICATION_FACTOR,
            f"replication factor {topic.replication_factor}; the embedded broker is one server",
        )
    if count == -1:
        count = broker.config.default_partitions
    settings = {setting.name: setting.value for setting in topic.configs}
    broker.topics.create(topic.name, count, settings, validate_only=validate_only)


def _check_assignment(broker: Broker, replicas: list[list[int]]) -> None:
    if any(brokers != [broker.config.node_id] for brokers in replicas):
        raise ApiError(
            ErrorCode.INVALID_REPLICA_ASSIGNMENT,
            f"each partition has one replica, on server {broker.config.node_id}",
        )


async def delete_topics(
    broker: Broker, request: m.DeleteTopicsRequest, call: Call
) -> m.DeleteTopicsResponse:
    """Delete topics with their records and what groups committed of them."""
    results = []
    twice = _named_twice(request.names)
    for name in dict.fromkeys(request.names):
        result = m.DeletedTopic(name=name)
        try:
            _refuse_twice(name, twice)
            broker.topics.delete(name)
            broker.offsets.forget_topic(name)
        except ApiError as error:
            result.error_code = error.code
        results.append(result)
    return m.DeleteTopicsResponse(topics=results)


async def create_partitions(
    broker: Broker, request: m.CreatePartitionsRequest, call: Call
) -> m.CreatePartitionsResponse:
    """Raise numbers of partitions; clients learn of it with their next metadata."""
    results = []
    twice = _named_twice(topic.name for topic in request.topics)
    for topic in _once(request.topics):
        result = m.CreatePartitionsResult(name=topic.name)
        try:
            _refuse_twice(topic.name, twice)
            _extend(broker, topic, validate_only=request.validate_only)
        except ApiError as error:
            result.error_code, result.error_message = error.code, error.message
        results.append(result)
    return m.CreatePartitionsResponse(topics=results)


def _extend(broker: Broker, topic: m.NewPartitions, *, validate_only: bool) -> None:
    added = topic.count - len(broker.topics.find(topic.name).partitions)
    if topic.assignments is not None and added > 0:
        _check_assignment(broker, [part.brokers for part in topic.assignments])
        if len(topic.assignments) != added:
            raise ApiError(
                ErrorCode.INVALID_REPLICA_ASSIGNMENT,
                f"{len(topic.assignments)} assignments for {added} added partitions",
            )
    broker.topics.extend(topic.name, topic.count, validate_only=validate_only)


def _named_twice(names: Iterable[str]) -> set[str]:
    return {name for name, count in Counter(names).items() if count > 1}


def _once(topics: Iterable[N]) -> Iterable[N]:
    """The first of each name, for a name that comes twice is refused once."""
    return {topic.name: topic for topic in topics}.values()


def _refuse_twice(name: str, twice: set[str]) -> None:
    if name in twice:
        raise ApiError(ErrorCode.INVALID_REQUEST, f"topic {name!r} is in the request twice")


async def delete_records(
    broker: Broker, request: m.DeleteRecordsRequest, call: Call
) -> m.DeleteRecordsResponse:
    """Move the start of logs."""
    topics = []
    for topic in request.topics:
        results = []
        for part in topic.partitions:
            result = m.DeleteRecordsPartitionResult(index=part.index)
            try:
                result.low_watermark = _delete_before(broker, topic.name, part)
            except ApiError as error:
                result.error_code = error.code
            results.append(result)
        topics.append(m.DeleteRecordsTopicResult(name=topic.name, partitions=results))
    return m.DeleteRecordsResponse(topics=topics)


def _delete_before(broker: Broker, topic: str, part: m.DeleteRecordsPartition) -> int:
    rules = broker.topics.find(topic).rules
    log = broker.topics.partition(topic, part.index).log
    offset = log.end_offset if part.offset == -1 else part.offset
    if not 0 <= offset <= log.end_offset:
        raise ApiError(ErrorCode.OFFSET_OUT_OF_RANGE, f"offset {offset}")
    if offset > log.start_offset:
        log.delete_before(offset, rules, int(time.time() * 1000))
    return log.start_offset
