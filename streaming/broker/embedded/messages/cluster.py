"""Messages about the cluster: ApiVersions, Metadata, FindCoordinator."""

from __future__ import annotations

from typing import Annotated

from msgspec import field

from streaming.broker.embedded.codec import Bool, Int8, Int16, Int32, Message, Since, String

# KIP-430: the bits of permitted operations were not asked for, or are not known here.
OPERATIONS_UNKNOWN = -(2**31)


class ApiVersionsRequest(Message, kw_only=True):
    """Versions 0-2: empty."""


class ApiRange(Message, kw_only=True):
    """The versions offered of one API."""

    api_key: Int16
    min_version: Int16
    max_version: Int16


class ApiVersionsResponse(Message, kw_only=True):
    """Answer to ApiVersionsRequest."""

    error_code: Int16 = 0
    apis: list[ApiRange]
    throttle_time_ms: Annotated[Int32, Since(1)] = 0


class MetadataRequest(Message, kw_only=True):
    """Versions 0-8. All topics: an empty list in version 0, null later."""

    topics: list[String] | None
    allow_auto_topic_creation: Annotated[Bool, Since(4)] = True
    include_cluster_operations: Annotated[Bool, Since(8)] = False
    include_topic_operations: Annotated[Bool, Since(8)] = False


class MetadataBroker(Message, kw_only=True):
    """One server."""

    node_id: Int32
    host: String
    port: Int32
    rack: Annotated[String | None, Since(1)] = None


class MetadataPartition(Message, kw_only=True):
    """Who leads a partition: always this server, its only replica."""

    error_code: Int16 = 0
    index: Int32
    leader_id: Int32
    leader_epoch: Annotated[Int32, Since(7)] = 0
    replicas: list[Int32]
    in_sync: list[Int32]
    offline: Annotated[list[Int32], Since(5)] = field(default_factory=list)


class MetadataTopic(Message, kw_only=True):
    """One topic."""

    error_code: Int16 = 0
    name: String
    is_internal: Annotated[Bool, Since(1)] = False
    partitions: list[MetadataPartition] = field(default_factory=list)
    operations: Annotated[Int32, Since(8)] = OPERATIONS_UNKNOWN


class MetadataResponse(Message, kw_only=True):
    """Answer to MetadataRequest."""

    throttle_time_ms: Annotated[Int32, Since(3)] = 0
    brokers: list[MetadataBroker]
    cluster_id: Annotated[String | None, Since(2)] = None
    controller_id: Annotated[Int32, Since(1)] = -1
    topics: list[MetadataTopic]
    operations: Annotated[Int32, Since(8)] = OPERATIONS_UNKNOWN


class FindCoordinatorRequest(Message, kw_only=True):
    """Versions 0-2. `key_type` 0 is a group, 1 a transaction."""

    key: String
    key_type: Annotated[Int8, Since(1)] = 0


class FindCoordinatorResponse(Message, kw_only=True):
    """Answer to FindCoordinatorRequest."""

    throttle_time_ms: Annotated[Int32, Since(1)] = 0
    error_code: Int16 = 0
    error_message: Annotated[String | None, Since(1)] = None
    node_id: Int32 = -1
    host: String = ""
    port: Int32 = -1
