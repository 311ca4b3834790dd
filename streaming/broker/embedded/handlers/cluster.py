"""Metadata and FindCoordinator: where everything is, namely here."""

from __future__ import annotations

from typing import Final

from streaming.broker.embedded.broker import Broker, Call
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.messages.cluster import (
    FindCoordinatorRequest,
    FindCoordinatorResponse,
    MetadataBroker,
    MetadataPartition,
    MetadataRequest,
    MetadataResponse,
    MetadataTopic,
)
from streaming.broker.embedded.messages.upkeep import (
    DescribeLogDirsRequest,
    DescribeLogDirsResponse,
    LogDir,
    LogDirPartition,
    LogDirTopicResult,
)
from streaming.broker.embedded.topics import Topic

_GROUP: Final = 0
_TRANSACTION: Final = 1


async def metadata(broker: Broker, request: MetadataRequest, call: Call) -> MetadataResponse:
    """Describe this server and topics; unknown ones are made when that is switched on."""
    if request.topics is None or (call.version == 0 and not request.topics):
        topics = [_described(broker, topic) for topic in broker.topics]
    else:
        create = broker.config.auto_create and request.allow_auto_topic_creation
        topics = [_named(broker, name, create=create) for name in dict.fromkeys(request.topics)]
    node = broker.config.node_id
    return MetadataResponse(
        brokers=[MetadataBroker(node_id=node, host=broker.host, port=broker.port)],
        cluster_id=broker.cluster_id,
        controller_id=node,
        topics=topics,
    )


def _named(broker: Broker, name: str, *, create: bool) -> MetadataTopic:
    try:
        try:
            topic = broker.topics.find(name)
        except ApiError:
            if not create:
                raise
            broker.topics.create(name, broker.config.default_partitions, {})
            topic = broker.topics.find(name)
    except ApiError as error:
        return MetadataTopic(name=name, error_code=error.code)
    return _described(broker, topic)


def _described(broker: Broker, topic: Topic) -> MetadataTopic:
    node = broker.config.node_id
    return MetadataTopic(
        name=topic.name,
        partitions=[
            MetadataPartition(
                index=partition.index, leader_id=node, replicas=[node], in_sync=[node]
            )
            for partition in topic.partitions
        ],
    )


async def describe_log_dirs(
    broker: Broker, request: DescribeLogDirsRequest, call: Call
) -> DescribeLogDirsResponse:
    """How many bytes each partition takes in the data folder; unknown ones are left out."""
    wanted = None
    if request.topics is not None:
        wanted = {topic.name: set(topic.partitions) for topic in request.topics}
    topics = []
    for topic in broker.topics:
        parts = [
            LogDirPartition(index=partition.index, size=partition.log.size)
            for partition in topic.partitions
            if wanted is None or partition.index in wanted.get(topic.name, ())
        ]
        if parts:
            topics.append(LogDirTopicResult(name=topic.name, partitions=parts))
    return DescribeLogDirsResponse(results=[LogDir(path=str(broker.config.data), topics=topics)])


async def find_coordinator(
    broker: Broker, request: FindCoordinatorRequest, call: Call
) -> FindCoordinatorResponse:
    """Name this server, for every group."""
    if request.key_type not in (_GROUP, _TRANSACTION):
        return FindCoordinatorResponse(
            error_code=ErrorCode.INVALID_REQUEST,
            error_message=f"coordinators of kind {request.key_type} are unknown",
        )
    if request.key_type == _TRANSACTION:
        # See init_producer_id: the code that makes no client try again.
        return FindCoordinatorResponse(
            error_code=ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
            error_message="the embedded broker has no transactions",
        )
    return FindCoordinatorResponse(
        node_id=broker.config.node_id, host=broker.host, port=broker.port
    )
