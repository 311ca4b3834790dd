"""Messages of consumer groups (the classic protocol) and their committed offsets."""

from __future__ import annotations

from typing import Annotated

from msgspec import field

from streaming.broker.embedded.codec import (
    Bool,
    Bytes,
    Int16,
    Int32,
    Int64,
    Message,
    Since,
    String,
)
from streaming.broker.embedded.messages.cluster import OPERATIONS_UNKNOWN


class JoinProtocol(Message, kw_only=True):
    """A way to assign partitions that a member knows, with its subscription as bytes."""

    name: String
    metadata: Bytes


class JoinGroupRequest(Message, kw_only=True):
    """Versions 0-5."""

    group_id: String
    session_timeout_ms: Int32
    rebalance_timeout_ms: Annotated[Int32, Since(1)] = -1
    member_id: String
    group_instance_id: Annotated[String | None, Since(5)] = None
    protocol_type: String
    protocols: list[JoinProtocol]


class JoinedMember(Message, kw_only=True):
    """A member as the leader sees it."""

    member_id: String
    group_instance_id: Annotated[String | None, Since(5)] = None
    metadata: Bytes


class JoinGroupResponse(Message, kw_only=True):
    """Answer to JoinGroupRequest; only the leader gets the members."""

    throttle_time_ms: Annotated[Int32, Since(2)] = 0
    error_code: Int16 = 0
    generation_id: Int32 = -1
    protocol_name: String = ""
    leader: String = ""
    member_id: String = ""
    members: list[JoinedMember] = field(default_factory=list)


class SyncAssignment(Message, kw_only=True):
    """What the leader gives one member."""

    member_id: String
    assignment: Bytes


class SyncGroupRequest(Message, kw_only=True):
    """Versions 0-3."""

    group_id: String
    generation_id: Int32
    member_id: String
    group_instance_id: Annotated[String | None, Since(3)] = None
    assignments: list[SyncAssignment]


class SyncGroupResponse(Message, kw_only=True):
    """Answer to SyncGroupRequest."""

    throttle_time_ms: Annotated[Int32, Since(1)] = 0
    error_code: Int16 = 0
    assignment: Bytes = b""


class HeartbeatRequest(Message, kw_only=True):
    """Versions 0-3."""

    group_id: String
    generation_id: Int32
    member_id: String
    group_instance_id: Annotated[String | None, Since(3)] = None


class HeartbeatResponse(Message, kw_only=True):
    """Answer to HeartbeatRequest."""

    throttle_time_ms: Annotated[Int32, Since(1)] = 0
    error_code: Int16 = 0


class LeavingMember(Message, kw_only=True):
    """Who leaves."""

    member_id: String
    group_instance_id: String | None = None


class LeaveGroupRequest(Message, kw_only=True):
    """Versions 0-3; from 3 on several members at once."""

    group_id: String
    member_id: Annotated[String, Since(0, 2)] = ""
    members: Annotated[list[LeavingMember], Since(3)] = field(default_factory=list)


class LeftMember(Message, kw_only=True):
    """How a leave went."""

    member_id: String
    group_instance_id: String | None = None
    error_code: Int16 = 0


class LeaveGroupResponse(Message, kw_only=True):
    """Answer to LeaveGroupRequest."""

    throttle_time_ms: Annotated[Int32, Since(1)] = 0
    error_code: Int16 = 0
    members: Annotated[list[LeftMember], Since(3)] = field(default_factory=list)


class CommitPartition(Message, kw_only=True):
    """The next offset a group wants of a partition."""

    index: Int32
    offset: Int64
    leader_epoch: Annotated[Int32, Since(6)] = -1
    metadata: String | None = None


class CommitTopic(Message, kw_only=True):
    """Commits of one topic."""

    name: String
    partitions: list[CommitPartition]


class OffsetCommitRequest(Message, kw_only=True):
    """Versions 2-7. Generation -1 without a member: a commit from outside the group."""

    group_id: String
    generation_id: Int32
    member_id: String
    group_instance_id: Annotated[String | None, Since(7)] = None
    retention_time_ms: Annotated[Int64, Since(2, 4)] = -1
    topics: list[CommitTopic]


class CommitPartitionResult(Message, kw_only=True):
    """How a commit went."""

    index: Int32
    error_code: Int16 = 0


class CommitTopicResult(Message, kw_only=True):
    """Results of one topic."""

    name: String
    partitions: list[CommitPartitionResult]


class OffsetCommitResponse(Message, kw_only=True):
    """Answer to OffsetCommitRequest."""

    throttle_time_ms: Annotated[Int32, Since(3)] = 0
    topics: list[CommitTopicResult]


class OffsetFetchTopic(Message, kw_only=True):
    """Partitions whose commits are wanted."""

    name: String
    partitions: list[Int32]


class OffsetFetchRequest(Message, kw_only=True):
    """Versions 1-5; null topics (from 2 on) mean all of the group's commits."""

    group_id: String
    topics: list[OffsetFetchTopic] | None = None


class CommittedPartition(Message, kw_only=True):
    """A committed offset; -1 when there is none."""

    index: Int32
    offset: Int64 = -1
    leader_epoch: Annotated[Int32, Since(5)] = -1
    metadata: String | None = ""
    error_code: Int16 = 0


class CommittedTopic(Message, kw_only=True):
    """Committed offsets of one topic."""

    name: String
    partitions: list[CommittedPartition]


class OffsetFetchResponse(Message, kw_only=True):
    """Answer to OffsetFetchRequest."""

    throttle_time_ms: Annotated[Int32, Since(3)] = 0
    topics: list[CommittedTopic]
    error_code: Annotated[Int16, Since(2)] = 0


class DescribeGroupsRequest(Message, kw_only=True):
    """Versions 0-4."""

    groups: list[String]
    include_operations: Annotated[Bool, Since(3)] = False


class DescribedMember(Message, kw_only=True):
    """A member of a described group."""

    member_id: String
    group_instance_id: Annotated[String | None, Since(4)] = None
    client_id: String
    client_host: String
    metadata: Bytes
    assignment: Bytes


class DescribedGroup(Message, kw_only=True):
    """State of one group; "Dead" when there is none of that name."""

    error_code: Int16 = 0
    group_id: String
    state: String = ""
    protocol_type: String = ""
    protocol: String = ""
    members: list[DescribedMember] = field(default_factory=list)
    operations: Annotated[Int32, Since(3)] = OPERATIONS_UNKNOWN


class DescribeGroupsResponse(Message, kw_only=True):
    """Answer to DescribeGroupsRequest."""

    throttle_time_ms: Annotated[Int32, Since(1)] = 0
    groups: list[DescribedGroup]


class ListGroupsRequest(Message, kw_only=True):
    """Versions 0-5; no filter lets all groups pass."""

    states: Annotated[list[String], Since(4)] = field(default_factory=list)
    types: Annotated[list[String], Since(5)] = field(default_factory=list)


class ListedGroup(Message, kw_only=True):
    """A group's name and kind; `type` is the rebalance protocol its members speak."""

    group_id: String
    protocol_type: String
    state: Annotated[String, Since(4)] = ""
    type: Annotated[String, Since(5)] = ""


class ListGroupsResponse(Message, kw_only=True):
    """Answer to ListGroupsRequest."""

    throttle_time_ms: Annotated[Int32, Since(1)] = 0
    error_code: Int16 = 0
    groups: list[ListedGroup]


class DeleteGroupsRequest(Message, kw_only=True):
    """Versions 0-1."""

    groups: list[String]


class DeletedGroup(Message, kw_only=True):
    """How a deletion went."""

    group_id: String
    error_code: Int16 = 0


class DeleteGroupsResponse(Message, kw_only=True):
    """Answer to DeleteGroupsRequest."""

    throttle_time_ms: Int32 = 0
    results: list[DeletedGroup]
