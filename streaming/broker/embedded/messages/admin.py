"""Messages that change or describe topics and settings."""

from __future__ import annotations

from typing import Annotated

from msgspec import field

from streaming.broker.embedded.codec import (
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    Message,
    Since,
    String,
)


class ReplicaAssignment(Message, kw_only=True):
    """Replicas of one partition, chosen by the client."""

    partition: Int32
    brokers: list[Int32]


class ConfigValue(Message, kw_only=True):
    """One setting; null asks for the default."""

    name: String
    value: String | None = None


class NewTopic(Message, kw_only=True):
    """A topic to make; -1 (from version 4 on) leaves a number to the server."""

    name: String
    num_partitions: Int32
    replication_factor: Int16
    assignments: list[ReplicaAssignment] = field(default_factory=list)
    configs: list[ConfigValue] = field(default_factory=list)


class CreateTopicsRequest(Message, kw_only=True):
    """Versions 0-4."""

    topics: list[NewTopic]
    timeout_ms: Int32
    validate_only: Annotated[Bool, Since(1)] = False


class CreatedTopic(Message, kw_only=True):
    """How a creation went."""

    name: String
    error_code: Int16 = 0
    error_message: Annotated[String | None, Since(1)] = None


class CreateTopicsResponse(Message, kw_only=True):
    """Answer to CreateTopicsRequest."""

    throttle_time_ms: Annotated[Int32, Since(2)] = 0
    topics: list[CreatedTopic]


class DeleteTopicsRequest(Message, kw_only=True):
    """Versions 0-3."""

    names: list[String]
    timeout_ms: Int32


class DeletedTopic(Message, kw_only=True):
    """How a deletion went."""

    name: String
    error_code: Int16 = 0


class DeleteTopicsResponse(Message, kw_only=True):
    """Answer to DeleteTopicsRequest."""

    throttle_time_ms: Annotated[Int32, Since(1)] = 0
    topics: list[DeletedTopic]


class NewReplicas(Message, kw_only=True):
    """Replicas of one added partition, chosen by the client."""

    brokers: list[Int32]


class NewPartitions(Message, kw_only=True):
    """`count` is the new total."""

    name: String
    count: Int32
    assignments: list[NewReplicas] | None = None


class CreatePartitionsRequest(Message, kw_only=True):
    """Versions 0-1."""

    topics: list[NewPartitions]
    timeout_ms: Int32
    validate_only: Bool = False


class CreatePartitionsResult(Message, kw_only=True):
    """How an extension went."""

    name: String
    error_code: Int16 = 0
    error_message: String | None = None


class CreatePartitionsResponse(Message, kw_only=True):
    """Answer to CreatePartitionsRequest."""

    throttle_time_ms: Int32 = 0
    topics: list[CreatePartitionsResult]


class DeleteRecordsPartition(Message, kw_only=True):
    """Records before `offset` go; -1 is the end of the log."""

    index: Int32
    offset: Int64


class DeleteRecordsTopic(Message, kw_only=True):
    """Partitions of one topic."""

    name: String
    partitions: list[DeleteRecordsPartition]


class DeleteRecordsRequest(Message, kw_only=True):
    """Versions 0-1."""

    topics: list[DeleteRecordsTopic]
    timeout_ms: Int32


class DeleteRecordsPartitionResult(Message, kw_only=True):
    """The first offset that is left."""

    index: Int32
    low_watermark: Int64 = -1
    error_code: Int16 = 0


class DeleteRecordsTopicResult(Message, kw_only=True):
    """Results of one topic."""

    name: String
    partitions: list[DeleteRecordsPartitionResult]


class DeleteRecordsResponse(Message, kw_only=True):
    """Answer to DeleteRecordsRequest."""

    throttle_time_ms: Int32 = 0
    topics: list[DeleteRecordsTopicResult]


class DescribeConfigsResource(Message, kw_only=True):
    """`kind` 2 is a topic, 4 a broker; null names ask for all settings."""

    kind: Int8
    name: String
    keys: list[String] | None = None


class DescribeConfigsRequest(Message, kw_only=True):
    """Versions 0-3."""

    resources: list[DescribeConfigsResource]
    include_synonyms: Annotated[Bool, Since(1)] = False
    include_documentation: Annotated[Bool, Since(3)] = False


class ConfigSynonym(Message, kw_only=True):
    """Where else a setting could come from."""

    name: String
    value: String | None
    source: Int8


class DescribedConfig(Message, kw_only=True):
    """One setting. `source`: 1 the topic's own, 4 the server's start, 5 a default (KIP-226).

    `kind` is what the value is, 0 when that is not told (KIP-569).
    """

    name: String
    value: String | None
    read_only: Bool = False
    is_default: Annotated[Bool, Since(0, 0)] = False
    source: Annotated[Int8, Since(1)] = 5
    is_sensitive: Bool = False
    synonyms: Annotated[list[ConfigSynonym], Since(1)] = field(default_factory=list)
    kind: Annotated[Int8, Since(3)] = 0
    documentation: Annotated[String | None, Since(3)] = None


class DescribeConfigsResult(Message, kw_only=True):
    """Settings of one resource."""

    error_code: Int16 = 0
    error_message: String | None = None
    kind: Int8
    name: String
    configs: list[DescribedConfig] = field(default_factory=list)


class DescribeConfigsResponse(Message, kw_only=True):
    """Answer to DescribeConfigsRequest."""

    throttle_time_ms: Int32 = 0
    results: list[DescribeConfigsResult]


class AlterConfigsResource(Message, kw_only=True):
    """All of a resource's own settings; those not named go back to the default."""

    kind: Int8
    name: String
    configs: list[ConfigValue]


class AlterConfigsRequest(Message, kw_only=True):
    """Versions 0-1."""

    resources: list[AlterConfigsResource]
    validate_only: Bool = False


class ConfigChange(Message, kw_only=True):
    """`operation`: 0 set, 1 delete (KIP-339); 2 and 3 are for lists, which are not offered."""

    name: String
    operation: Int8
    value: String | None = None


class ChangeConfigsResource(Message, kw_only=True):
    """Single settings of one resource."""

    kind: Int8
    name: String
    configs: list[ConfigChange]


class IncrementalAlterConfigsRequest(Message, kw_only=True):
    """Version 0."""

    resources: list[ChangeConfigsResource]
    validate_only: Bool = False


class AlterConfigsResult(Message, kw_only=True):
    """How a change went."""

    error_code: Int16 = 0
    error_message: String | None = None
    kind: Int8
    name: String


class AlterConfigsResponse(Message, kw_only=True):
    """Answer to both requests that change settings."""

    throttle_time_ms: Int32 = 0
    results: list[AlterConfigsResult]
