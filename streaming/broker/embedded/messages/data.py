"""Messages that move and find records: Produce, Fetch, ListOffsets, InitProducerId."""

from __future__ import annotations

from typing import Annotated

from msgspec import field

from streaming.broker.embedded.codec import (
    Int8,
    Int16,
    Int32,
    Int64,
    Message,
    Records,
    Since,
    String,
)


class ProducePartition(Message, kw_only=True):
    """Record batches for one partition."""

    index: Int32
    records: Records


class ProduceTopic(Message, kw_only=True):
    """Record batches for one topic."""

    name: String
    partitions: list[ProducePartition]


class ProduceRequest(Message, kw_only=True):
    """Versions 3-8. `acks`: 0 no answer, 1 or -1 when the log has it."""

    transactional_id: String | None = None
    acks: Int16
    timeout_ms: Int32
    topics: list[ProduceTopic]


class ProduceRecordError(Message, kw_only=True):
    """Why one record of a batch was refused."""

    batch_index: Int32
    message: String | None = None


class ProducePartitionResult(Message, kw_only=True):
    """Where a batch landed, or why it did not."""

    index: Int32
    error_code: Int16 = 0
    base_offset: Int64 = -1
    log_append_time_ms: Int64 = -1
    log_start_offset: Annotated[Int64, Since(5)] = -1
    record_errors: Annotated[list[ProduceRecordError], Since(8)] = field(default_factory=list)
    error_message: Annotated[String | None, Since(8)] = None


class ProduceTopicResult(Message, kw_only=True):
    """Results of one topic."""

    name: String
    partitions: list[ProducePartitionResult]


class ProduceResponse(Message, kw_only=True):
    """Answer to ProduceRequest."""

    topics: list[ProduceTopicResult]
    throttle_time_ms: Int32 = 0


class FetchPartition(Message, kw_only=True):
    """From where one partition is wanted, and how many bytes of it at most."""

    index: Int32
    current_leader_epoch: Annotated[Int32, Since(9)] = -1
    fetch_offset: Int64
    log_start_offset: Annotated[Int64, Since(5)] = -1
    max_bytes: Int32


class FetchTopic(Message, kw_only=True):
    """Wanted partitions of one topic."""

    name: String
    partitions: list[FetchPartition]


class ForgottenTopic(Message, kw_only=True):
    """Partitions a fetch session lets go (KIP-227); sessions are not offered."""

    name: String
    partitions: list[Int32]


class FetchRequest(Message, kw_only=True):
    """Versions 4-11."""

    replica_id: Int32 = -1
    max_wait_ms: Int32
    min_bytes: Int32
    max_bytes: Int32
    isolation_level: Int8 = 0
    session_id: Annotated[Int32, Since(7)] = 0
    session_epoch: Annotated[Int32, Since(7)] = -1
    topics: list[FetchTopic]
    forgotten: Annotated[list[ForgottenTopic], Since(7)] = field(default_factory=list)
    rack_id: Annotated[String, Since(11)] = ""


class AbortedTransaction(Message, kw_only=True):
    """An aborted transaction inside the records; never sent, there are no transactions."""

    producer_id: Int64
    first_offset: Int64


class FetchPartitionResult(Message, kw_only=True):
    """Records of one partition. Without replicas the high watermark is the end of the log."""

    index: Int32
    error_code: Int16 = 0
    high_watermark: Int64 = -1
    last_stable_offset: Int64 = -1
    log_start_offset: Annotated[Int64, Since(5)] = -1
    aborted_transactions: list[AbortedTransaction] | None = None
    preferred_read_replica: Annotated[Int32, Since(11)] = -1
    records: Records = b""


class FetchTopicResult(Message, kw_only=True):
    """Records of one topic."""

    name: String
    partitions: list[FetchPartitionResult]


class FetchResponse(Message, kw_only=True):
    """Answer to FetchRequest."""

    throttle_time_ms: Int32 = 0
    error_code: Annotated[Int16, Since(7)] = 0
    session_id: Annotated[Int32, Since(7)] = 0
    topics: list[FetchTopicResult]


class ListOffsetsPartition(Message, kw_only=True):
    """`timestamp` in milliseconds, or -1 for the log's end, -2 its start, -3 its latest record."""

    index: Int32
    current_leader_epoch: Annotated[Int32, Since(4)] = -1
    timestamp: Int64


class ListOffsetsTopic(Message, kw_only=True):
    """Wanted offsets of one topic."""

    name: String
    partitions: list[ListOffsetsPartition]


class ListOffsetsRequest(Message, kw_only=True):
    """Versions 1-7."""

    replica_id: Int32 = -1
    isolation_level: Annotated[Int8, Since(2)] = 0
    topics: list[ListOffsetsTopic]


class ListOffsetsPartitionResult(Message, kw_only=True):
    """Offset -1 and timestamp -1: no record is that late."""

    index: Int32
    error_code: Int16 = 0
    timestamp: Int64 = -1
    offset: Int64 = -1
    leader_epoch: Annotated[Int32, Since(4)] = -1


class ListOffsetsTopicResult(Message, kw_only=True):
    """Offsets of one topic."""

    name: String
    partitions: list[ListOffsetsPartitionResult]


class ListOffsetsResponse(Message, kw_only=True):
    """Answer to ListOffsetsRequest."""

    throttle_time_ms: Annotated[Int32, Since(2)] = 0
    topics: list[ListOffsetsTopicResult]


class InitProducerIdRequest(Message, kw_only=True):
    """Versions 0-1. A transactional id is refused: there are no transactions."""

    transactional_id: String | None = None
    transaction_timeout_ms: Int32


class InitProducerIdResponse(Message, kw_only=True):
    """An id for an idempotent producer (KIP-98)."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    producer_id: Int64 = -1
    producer_epoch: Int16 = -1
