"""The table of APIs: key, versions on offer, message classes, function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.codec import Message
from streaming.broker.embedded.handlers import cluster, configs, fetch, groups, produce, topics
from streaming.broker.embedded.messages import admin, data
from streaming.broker.embedded.messages import cluster as cluster_messages
from streaming.broker.embedded.messages import groups as group_messages

API_VERSIONS_KEY: Final = 18


class Api(NamedTuple):
    """One API. Versions below `first` need older record formats, above `last` KIP-482."""

    first: int
    last: int
    request: type[Message]
    handle: Callable[[Broker, Any, Call], Awaitable[Message | None]]


async def api_versions(
    broker: Broker, request: cluster_messages.ApiVersionsRequest, call: Call
) -> cluster_messages.ApiVersionsResponse:
    """What this table offers."""
    return cluster_messages.ApiVersionsResponse(apis=ranges())


def ranges() -> list[cluster_messages.ApiRange]:
    """The offered versions of all APIs."""
    return [
        cluster_messages.ApiRange(api_key=key, min_version=api.first, max_version=api.last)
        for key, api in sorted(APIS.items())
    ]


APIS: Final[dict[int, Api]] = {
    0: Api(3, 8, data.ProduceRequest, produce.produce),
    1: Api(4, 11, data.FetchRequest, fetch.fetch),
    2: Api(1, 5, data.ListOffsetsRequest, fetch.list_offsets),
    3: Api(0, 8, cluster_messages.MetadataRequest, cluster.metadata),
    8: Api(2, 7, group_messages.OffsetCommitRequest, groups.offset_commit),
    9: Api(1, 5, group_messages.OffsetFetchRequest, groups.offset_fetch),
    10: Api(0, 2, cluster_messages.FindCoordinatorRequest, cluster.find_coordinator),
    11: Api(0, 5, group_messages.JoinGroupRequest, groups.join_group),
    12: Api(0, 3, group_messages.HeartbeatRequest, groups.heartbeat),
    13: Api(0, 3, group_messages.LeaveGroupRequest, groups.leave_group),
    14: Api(0, 3, group_messages.SyncGroupRequest, groups.sync_group),
    15: Api(0, 4, group_messages.DescribeGroupsRequest, groups.describe_groups),
    16: Api(0, 2, group_messages.ListGroupsRequest, groups.list_groups),
    API_VERSIONS_KEY: Api(0, 2, cluster_messages.ApiVersionsRequest, api_versions),
    19: Api(0, 4, admin.CreateTopicsRequest, topics.create_topics),
    20: Api(0, 3, admin.DeleteTopicsRequest, topics.delete_topics),
    21: Api(0, 1, admin.DeleteRecordsRequest, topics.delete_records),
    22: Api(0, 1, data.InitProducerIdRequest, produce.init_producer_id),
    32: Api(0, 2, admin.DescribeConfigsRequest, configs.describe_configs),
    33: Api(0, 1, admin.AlterConfigsRequest, configs.alter_configs),
    37: Api(0, 1, admin.CreatePartitionsRequest, topics.create_partitions),
    42: Api(0, 1, group_messages.DeleteGroupsRequest, groups.delete_groups),
    44: Api(0, 0, admin.IncrementalAlterConfigsRequest, configs.incremental_alter_configs),
}
