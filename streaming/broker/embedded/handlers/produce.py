"""Produce and InitProducerId: batches into logs."""

from __future__ import annotations

import time
from typing import Final

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.errors import ApiError, ErrorCode, RecordsRefusedError
from streaming.broker.embedded.messages.data import (
    InitProducerIdRequest,
    InitProducerIdResponse,
    ProducePartition,
    ProducePartitionResult,
    ProduceRecordError,
    ProduceRequest,
    ProduceResponse,
    ProduceTopicResult,
)

_ACKS: Final = (-1, 0, 1)


class ProduceFailedError(Exception):
    """A request without an answer (acks=0) failed: closing the connection is all that is left."""


async def produce(broker: Broker, request: ProduceRequest, call: Call) -> ProduceResponse | None:
    """Append each partition's batch. With one replica, acks 1 and -1 are the same promise.

    Raises ProduceFailedError when acks is 0 and a batch was refused, as Kafka does, so that the
    client looks for the reason.
    """
    now_ms = int(time.time() * 1000)
    refused = 0
    topics = []
    for topic in request.topics:
        results = []
        # Of a partition that is named twice the last batch counts, as in Kafka.
        for part in {part.index: part for part in topic.partitions}.values():
            try:
                if request.acks not in _ACKS:
                    raise ApiError(ErrorCode.INVALID_REQUIRED_ACKS, f"acks={request.acks}")
                results.append(_append(broker, topic.name, part, now_ms))
            except ApiError as error:
                refused += 1
                broker.report(error)
                results.append(_refused(part.index, error))
        topics.append(ProduceTopicResult(name=topic.name, partitions=results))
    if request.acks != 0:
        return ProduceResponse(topics=topics)
    if refused:
        raise ProduceFailedError(f"{refused} batches refused")
    return None


def _append(
    broker: Broker, name: str, part: ProducePartition, now_ms: int
) -> ProducePartitionResult:
    topic = broker.topics.find(name)
    partition = broker.topics.partition(name, part.index)
    records = part.records if isinstance(part.records, memoryview) else memoryview(b"")
    done = partition.append(records, topic.rules, now_ms)
    return ProducePartitionResult(
        index=part.index,
        base_offset=done.base_offset,
        log_append_time_ms=done.append_time_ms,
        log_start_offset=partition.log.start_offset,
    )


def _refused(index: int, error: ApiError) -> ProducePartitionResult:
    records = error.records if isinstance(error, RecordsRefusedError) else []
    return ProducePartitionResult(
        index=index,
        error_code=error.code,
        error_message=error.message,
        record_errors=[
            ProduceRecordError(batch_index=at, message=reason) for at, reason in records
        ],
    )


async def init_producer_id(
    broker: Broker, request: InitProducerIdRequest, call: Call
) -> InitProducerIdResponse:
    """Give an idempotent producer its id."""
    if request.transactional_id == "":
        return InitProducerIdResponse(error_code=ErrorCode.INVALID_REQUEST)
    if request.transactional_id is not None:
        # There are no transactions. Of all codes clients know, this one makes none of them retry.
        return InitProducerIdResponse(error_code=ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    try:
        return InitProducerIdResponse(producer_id=broker.new_producer_id(), producer_epoch=0)
    except ApiError as error:
        return InitProducerIdResponse(error_code=error.code)
