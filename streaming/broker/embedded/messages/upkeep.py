"""Messages of tools that look after groups and disks: OffsetDelete, DescribeLogDirs."""

from __future__ import annotations

from msgspec import field

from streaming.broker.embedded.codec import Bool, Int16, Int32, Int64, Message, String


class OffsetDeletePartition(Message, kw_only=True):
    """A partition."""

    index: Int32


class OffsetDeleteTopic(Message, kw_only=True):
    """Partitions of one topic whose commits go."""

    name: String
    partitions: list[OffsetDeletePartition]


class OffsetDeleteRequest(Message, kw_only=True):
    """Version 0 (KIP-496)."""

    group_id: String
    topics: list[OffsetDeleteTopic]


class OffsetDeletePartitionResult(Message, kw_only=True):
    """How it went."""

    index: Int32
    error_code: Int16 = 0


class OffsetDeleteTopicResult(Message, kw_only=True):
    """Results of one topic."""

    name: String
    partitions: list[OffsetDeletePartitionResult]


class OffsetDeleteResponse(Message, kw_only=True):
    """Answer to OffsetDeleteRequest; without topics when the whole request is refused."""

    error_code: Int16 = 0
    throttle_time_ms: Int32 = 0
    topics: list[OffsetDeleteTopicResult] = field(default_factory=list)


class LogDirTopic(Message, kw_only=True):
    """Partitions of one topic that are asked for."""

    name: String
    partitions: list[Int32]


class DescribeLogDirsRequest(Message, kw_only=True):
    """Versions 0-1; null topics ask for all."""

    topics: list[LogDirTopic] | None = None


class LogDirPartition(Message, kw_only=True):
    """Bytes of a partition's log on disk."""

    index: Int32
    size: Int64
    offset_lag: Int64 = 0
    is_future: Bool = False


class LogDirTopicResult(Message, kw_only=True):
    """Partitions of one topic."""

    name: String
    partitions: list[LogDirPartition]


class LogDir(Message, kw_only=True):
    """One data folder and what is in it."""

    error_code: Int16 = 0
    path: String
    topics: list[LogDirTopicResult]


class DescribeLogDirsResponse(Message, kw_only=True):
    """Answer to DescribeLogDirsRequest."""

    throttle_time_ms: Int32 = 0
    results: list[LogDir]
