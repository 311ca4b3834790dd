"""The table of APIs: key, versions on offer, message classes, function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, NamedTuple

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.codec import Message
from streaming.broker.embedded.errors import ErrorCode
from streaming.broker.embedded.handlers import (
    cluster,
    configs,
    fetch,
    groups,
    overview,
    produce,
    topics,
)
from streaming.broker.embedded.keys import ApiKey
from streaming.broker.embedded.messages import admin, data, upkeep
from streaming.broker.embedded.messages import cluster as cluster_messages
from streaming.broker.embedded.messages import groups as group_messages
from streaming.broker.embedded.messages import overview as overview_messages


class Api(NamedTuple):
    """One API and the versions on offer; from `flexible` on they are written as in KIP-482.

    Versions below `first` need older record formats.
    """

    first: int
    last: int
    request: type[Message]
    handle: Callable[[Broker, Any, Call], Awaitable[Message | None]]
    flexible: int = 32767


async def api_versions(
    broker: Broker, request: cluster_messages.ApiVersionsRequest, call: Call
) -> cluster_messages.ApiVersionsResponse:
    """What this table offers."""
    return cluster_messages.ApiVersionsResponse(apis=ranges())


async def unknown_api_versions(
    broker: Broker, request: cluster_messages.ApiVersionsRequest, call: Call
) -> cluster_messages.ApiVersionsResponse:
    """For a version of the question that is not known: those that are known (KIP-511)."""
    return cluster_messages.ApiVersionsResponse(
        error_code=ErrorCode.UNSUPPORTED_VERSION, apis=ranges([ApiKey.API_VERSIONS])
    )


def ranges(keys: Iterable[int] | None = None) -> list[cluster_messages.ApiRange]:
    """The offered versions of some APIs, or of all."""
    return [
        cluster_messages.ApiRange(
            api_key=key, min_version=APIS[key].first, max_version=APIS[key].last
        )
        for key in sorted(APIS if keys is None else keys)
    ]


APIS: Final[dict[int, Api]] = {
    ApiKey.PRODUCE: Api(3, 8, data.ProduceRequest, produce.produce),
    ApiKey.FETCH: Api(4, 11, data.FetchRequest, fetch.fetch),
    ApiKey.LIST_OFFSETS: Api(1, 7, data.ListOffsetsRequest, fetch.list_offsets, flexible=6),
    ApiKey.METADATA: Api(0, 8, cluster_messages.MetadataRequest, cluster.metadata),
    ApiKey.OFFSET_COMMIT: Api(2, 7, group_messages.OffsetCommitRequest, groups.offset_commit),
    ApiKey.OFFSET_FETCH: Api(1, 5, group_messages.OffsetFetchRequest, groups.offset_fetch),
    ApiKey.FIND_COORDINATOR: Api(
        0, 2, cluster_messages.FindCoordinatorRequest, cluster.find_coordinator
    ),
    ApiKey.JOIN_GROUP: Api(0, 5, group_messages.JoinGroupRequest, groups.join_group),
    ApiKey.HEARTBEAT: Api(0, 3, group_messages.HeartbeatRequest, groups.heartbeat),
    ApiKey.LEAVE_GROUP: Api(0, 3, group_messages.LeaveGroupRequest, groups.leave_group),
    ApiKey.SYNC_GROUP: Api(0, 3, group_messages.SyncGroupRequest, groups.sync_group),
    ApiKey.DESCRIBE_GROUPS: Api(0, 4, group_messages.DescribeGroupsRequest, groups.describe_groups),
    ApiKey.LIST_GROUPS: Api(0, 5, group_messages.ListGroupsRequest, groups.list_groups, flexible=3),
    ApiKey.API_VERSIONS: Api(0, 2, cluster_messages.ApiVersionsRequest, api_versions),
    ApiKey.CREATE_TOPICS: Api(0, 4, admin.CreateTopicsRequest, topics.create_topics),
    ApiKey.DELETE_TOPICS: Api(0, 3, admin.DeleteTopicsRequest, topics.delete_topics),
    ApiKey.DELETE_RECORDS: Api(0, 1, admin.DeleteRecordsRequest, topics.delete_records),
    ApiKey.INIT_PRODUCER_ID: Api(0, 1, data.InitProducerIdRequest, produce.init_producer_id),
    ApiKey.DESCRIBE_CONFIGS: Api(0, 3, admin.DescribeConfigsRequest, configs.describe_configs),
    ApiKey.ALTER_CONFIGS: Api(0, 1, admin.AlterConfigsRequest, configs.alter_configs),
    ApiKey.DESCRIBE_LOG_DIRS: Api(0, 1, upkeep.DescribeLogDirsRequest, cluster.describe_log_dirs),
    ApiKey.CREATE_PARTITIONS: Api(0, 1, admin.CreatePartitionsRequest, topics.create_partitions),
    ApiKey.DELETE_GROUPS: Api(0, 1, group_messages.DeleteGroupsRequest, groups.delete_groups),
    ApiKey.INCREMENTAL_ALTER_CONFIGS: Api(
        0, 0, admin.IncrementalAlterConfigsRequest, configs.incremental_alter_configs
    ),
    ApiKey.OFFSET_DELETE: Api(0, 0, upkeep.OffsetDeleteRequest, groups.offset_delete),
    ApiKey.DESCRIBE_CLUSTER: Api(
        0, 2, overview_messages.DescribeClusterRequest, overview.describe_cluster, flexible=0
    ),
    ApiKey.DESCRIBE_PRODUCERS: Api(
        0, 0, overview_messages.DescribeProducersRequest, overview.describe_producers, flexible=0
    ),
}

# Not in the table: versions that are not known are answered in version 0.
UNKNOWN_API_VERSIONS: Final = Api(0, 0, cluster_messages.ApiVersionsRequest, unknown_api_versions)
