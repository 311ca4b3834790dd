"""Messages of tools that look at the cluster as a whole: DescribeCluster, DescribeProducers."""

from __future__ import annotations

from typing import Annotated

from msgspec import field

from streaming.broker.embedded.codec import Bool, Int8, Int16, Int32, Int64, Message, Since, String
from streaming.broker.embedded.messages.cluster import OPERATIONS_UNKNOWN


class DescribeClusterRequest(Message, kw_only=True):
    """Versions 0-2, all flexible (KIP-700). `endpoint_type` 1 asks for brokers (KIP-919)."""

    include_operations: Bool = False
    endpoint_type: Annotated[Int8, Since(1)] = 1
    include_fenced: Annotated[Bool, Since(2)] = False


class ClusterBroker(Message, kw_only=True):
    """One server."""

    node_id: Int32
    host: String
    port: Int32
    rack: String | None = None
    is_fenced: Annotated[Bool, Since(2)] = False


class DescribeClusterResponse(Message, kw_only=True):
    """Answer to DescribeClusterRequest."""

    throttle_time_ms: Int32 = 0
    error_code: Int16 = 0
    error_message: String | None = None
    endpoint_type: Annotated[Int8, Since(1)] = 1
    cluster_id: String = ""
    controller_id: Int32 = -1
    brokers: list[ClusterBroker] = field(default_factory=list)
    operations: Int32 = OPERATIONS_UNKNOWN


class DescribeProducersTopic(Message, kw_only=True):
    """Partitions of one topic."""

    name: String
    partitions: list[Int32]


class DescribeProducersRequest(Message, kw_only=True):
    """Version 0, flexible (KIP-664)."""

    topics: list[DescribeProducersTopic]


class ActiveProducer(Message, kw_only=True):
    """A producer the partition remembers. Without transactions the last two are -1."""

    producer_id: Int64
    producer_epoch: Int32
    last_sequence: Int32
    last_timestamp: Int64
    coordinator_epoch: Int32 = -1
    transaction_start_offset: Int64 = -1


class DescribeProducersPartition(Message, kw_only=True):
    """The producers of one partition."""

    index: Int32
    error_code: Int16 = 0
    error_message: String | None = None
    producers: list[ActiveProducer] = field(default_factory=list)


class DescribeProducersTopicResult(Message, kw_only=True):
    """Results of one topic."""

    name: String
    partitions: list[DescribeProducersPartition]


class DescribeProducersResponse(Message, kw_only=True):
    """Answer to DescribeProducersRequest."""

    throttle_time_ms: Int32 = 0
    topics: list[DescribeProducersTopicResult]
