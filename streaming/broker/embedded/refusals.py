"""Answers that carry an error somebody planted, API by API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

import msgspec

from streaming.broker.embedded.codec import Message
from streaming.broker.embedded.faults import Fault, Refuse
from streaming.broker.embedded.handlers.produce import ProduceFailedError
from streaming.broker.embedded.keys import ApiKey
from streaming.broker.embedded.messages import admin, cluster, data, groups

Handle = Callable[[Any], Awaitable[Message | None]]

# APIs whose requests name partitions, with the classes of one topic's and one partition's result.
_BY_PARTITION: Final[dict[int, tuple[Any, Any]]] = {
    ApiKey.PRODUCE: (data.ProduceTopicResult, data.ProducePartitionResult),
    ApiKey.FETCH: (data.FetchTopicResult, data.FetchPartitionResult),
    ApiKey.LIST_OFFSETS: (data.ListOffsetsTopicResult, data.ListOffsetsPartitionResult),
    ApiKey.OFFSET_COMMIT: (groups.CommitTopicResult, groups.CommitPartitionResult),
    ApiKey.DELETE_RECORDS: (admin.DeleteRecordsTopicResult, admin.DeleteRecordsPartitionResult),
}
# APIs whose answer has one error code for the whole request.
_WHOLE: Final[dict[int, Callable[[int], Message]]] = {
    ApiKey.OFFSET_FETCH: lambda code: groups.OffsetFetchResponse(error_code=code, topics=[]),
    ApiKey.FIND_COORDINATOR: lambda code: cluster.FindCoordinatorResponse(error_code=code),
    ApiKey.JOIN_GROUP: lambda code: groups.JoinGroupResponse(error_code=code),
    ApiKey.HEARTBEAT: lambda code: groups.HeartbeatResponse(error_code=code),
    ApiKey.LEAVE_GROUP: lambda code: groups.LeaveGroupResponse(error_code=code),
    ApiKey.SYNC_GROUP: lambda code: groups.SyncGroupResponse(error_code=code),
    ApiKey.LIST_GROUPS: lambda code: groups.ListGroupsResponse(error_code=code, groups=[]),
    ApiKey.INIT_PRODUCER_ID: lambda code: data.InitProducerIdResponse(error_code=code),
}
REFUSABLE: Final = frozenset({*_BY_PARTITION, *_WHOLE, ApiKey.METADATA})


async def refuse(key: int, request: Any, fault: Fault, effect: Refuse, handle: Handle) -> Any:
    """The answer with `effect`'s error; `handle` is asked for what is not refused.

    Raises ProduceFailedError for a Produce without an answer (acks 0), as a real refusal does.
    """
    if key in _WHOLE:
        if effect.carried_out:
            await handle(request)
        return _WHOLE[key](effect.code)
    if key == ApiKey.METADATA:
        return _without_topics(await handle(request), fault, effect.code)
    response: Any = await handle(request if effect.carried_out else _rest(request, fault))
    if response is None:
        raise ProduceFailedError("a planted error")
    refused = {
        topic.name: {part.index for part in topic.partitions if fault.names(topic.name, part.index)}
        for topic in request.topics
    }
    return _with_refused(response, refused, effect.code, *_BY_PARTITION[key])


def _rest(request: Any, fault: Fault) -> Any:
    """The request without the partitions the fault is for."""
    topics = []
    for topic in request.topics:
        parts = [part for part in topic.partitions if not fault.names(topic.name, part.index)]
        if parts:
            topics.append(msgspec.structs.replace(topic, partitions=parts))
    return msgspec.structs.replace(request, topics=topics)


def _with_refused(
    response: Any, refused: dict[str, set[int]], code: int, topic_kind: Any, part_kind: Any
) -> Any:
    results = {topic.name: list(topic.partitions) for topic in response.topics}
    for name, indexes in refused.items():
        kept = [part for part in results.get(name, ()) if part.index not in indexes]
        kept += [part_kind(index=index, error_code=code) for index in sorted(indexes)]
        results[name] = kept
    response.topics = [topic_kind(name=name, partitions=parts) for name, parts in results.items()]
    return response


def _without_topics(response: Any, fault: Fault, code: int) -> Any:
    """Metadata in which the fault's topics have an error: whole topics, or their partitions."""
    for topic in response.topics:
        if not fault.names(topic.name, None):
            continue
        if not fault.partitions:
            topic.error_code, topic.partitions = code, []
        for part in topic.partitions:
            if part.index in fault.partitions:
                part.error_code, part.leader_id = code, -1
    return response
