"""Consumer groups: membership, commits, and what admin tools ask."""

from __future__ import annotations

import asyncio

from streaming.broker.embedded.broker import Broker, Call, PeerGoneError
from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.member import Joiner
from streaming.broker.embedded.messages import groups as m
from streaming.broker.embedded.messages import upkeep
from streaming.broker.embedded.offsets import Commit


async def join_group(
    broker: Broker, request: m.JoinGroupRequest, call: Call
) -> m.JoinGroupResponse:
    """Wait until the join phase is complete."""
    config = broker.config
    low, high = config.group_min_session_timeout_ms, config.group_max_session_timeout_ms
    waiter: asyncio.Future[m.JoinGroupResponse] = asyncio.get_running_loop().create_future()
    try:
        if not low <= request.session_timeout_ms <= high:
            raise ApiError(ErrorCode.INVALID_SESSION_TIMEOUT, f"not in {low} to {high} ms")
        group = broker.groups.group_to_join(request.group_id)
        # Version 0 has no rebalance timeout of its own.
        rebalance_ms = request.rebalance_timeout_ms
        if rebalance_ms <= 0:
            rebalance_ms = request.session_timeout_ms
        joiner = Joiner(
            client_id=call.client_id,
            host=call.peer.host,
            instance_id=request.group_instance_id,
            session_timeout=request.session_timeout_ms / 1000,
            rebalance_timeout=rebalance_ms / 1000,
            protocol_type=request.protocol_type,
            protocols={part.name: part.metadata for part in request.protocols},
        )
        group.join(request.member_id, joiner, waiter, id_required=call.version >= 4)
    except ApiError as error:
        return m.JoinGroupResponse(error_code=error.code, member_id=request.member_id)
    try:
        return await call.peer.wait(waiter)
    except PeerGoneError:
        group.hang_up(waiter)
        raise


async def sync_group(
    broker: Broker, request: m.SyncGroupRequest, call: Call
) -> m.SyncGroupResponse:
    """Wait for the leader's assignments."""
    waiter: asyncio.Future[m.SyncGroupResponse] = asyncio.get_running_loop().create_future()
    try:
        group = broker.groups.group(request.group_id)
        group.sync(
            request.member_id,
            request.group_instance_id,
            request.generation_id,
            {part.member_id: part.assignment for part in request.assignments},
            waiter,
        )
    except ApiError as error:
        return m.SyncGroupResponse(error_code=error.code)
    try:
        return await call.peer.wait(waiter)
    except PeerGoneError:
        group.hang_up(waiter)
        raise


async def heartbeat(broker: Broker, request: m.HeartbeatRequest, call: Call) -> m.HeartbeatResponse:
    """A member lives."""
    try:
        broker.groups.group(request.group_id).heartbeat(
            request.member_id, request.group_instance_id, request.generation_id
        )
    except ApiError as error:
        return m.HeartbeatResponse(error_code=error.code)
    return m.HeartbeatResponse()


async def leave_group(
    broker: Broker, request: m.LeaveGroupRequest, call: Call
) -> m.LeaveGroupResponse:
    """One member goes, or several (from version 3 on)."""
    if not request.group_id:
        return m.LeaveGroupResponse(error_code=ErrorCode.INVALID_GROUP_ID)
    if call.version < 3:
        code = _leave(broker, request.group_id, request.member_id, None)
        return m.LeaveGroupResponse(error_code=code)
    return m.LeaveGroupResponse(
        members=[
            m.LeftMember(
                member_id=part.member_id,
                group_instance_id=part.group_instance_id,
                error_code=_leave(broker, request.group_id, part.member_id, part.group_instance_id),
            )
            for part in request.members
        ]
    )


def _leave(broker: Broker, group: str, member_id: str, instance_id: str | None) -> ErrorCode:
    try:
        broker.groups.group(group).leave(member_id, instance_id)
    except ApiError as error:
        return error.code
    return ErrorCode.NONE


async def offset_commit(
    broker: Broker, request: m.OffsetCommitRequest, call: Call
) -> m.OffsetCommitResponse:
    """Keep commits; those of unknown partitions are refused one by one, the rest is kept."""
    commits: list[Commit] = []
    codes: dict[tuple[str, int], ErrorCode] = {}
    for topic in request.topics:
        for part in topic.partitions:
            code = broker.groups.check_metadata(part.metadata)
            try:
                broker.topics.partition(topic.name, part.index)
            except ApiError as error:
                code = error.code
            codes[topic.name, part.index] = code
            if code is ErrorCode.NONE:
                text = part.metadata or ""
                commits.append(Commit(topic.name, part.index, part.offset, part.leader_epoch, text))
    try:
        broker.groups.commit(
            request.group_id,
            request.member_id,
            request.group_instance_id,
            request.generation_id,
            commits,
        )
    except ApiError as error:
        broker.report(error)
        codes = {key: code or error.code for key, code in codes.items()}
    return m.OffsetCommitResponse(
        topics=[
            m.CommitTopicResult(
                name=topic.name,
                partitions=[
                    m.CommitPartitionResult(
                        index=part.index, error_code=codes[topic.name, part.index]
                    )
                    for part in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )


async def offset_fetch(
    broker: Broker, request: m.OffsetFetchRequest, call: Call
) -> m.OffsetFetchResponse:
    """The commits asked for, or all of a group's."""
    store = broker.offsets
    topics: dict[str, list[m.CommittedPartition]] = {}
    if request.topics is None:
        for commit in store.of_group(request.group_id):
            topics.setdefault(commit.topic, []).append(_committed(commit.partition, commit))
    else:
        for topic in request.topics:
            topics.setdefault(topic.name, []).extend(
                _committed(index, store.get(request.group_id, topic.name, index))
                for index in topic.partitions
            )
    return m.OffsetFetchResponse(
        topics=[m.CommittedTopic(name=name, partitions=parts) for name, parts in topics.items()]
    )


def _committed(index: int, commit: Commit | None) -> m.CommittedPartition:
    if commit is None:
        return m.CommittedPartition(index=index)
    return m.CommittedPartition(
        index=index,
        offset=commit.offset,
        leader_epoch=commit.leader_epoch,
        metadata=commit.metadata,
    )


async def describe_groups(
    broker: Broker, request: m.DescribeGroupsRequest, call: Call
) -> m.DescribeGroupsResponse:
    """States and members."""
    return m.DescribeGroupsResponse(
        groups=[broker.groups.described(name) for name in request.groups]
    )


async def list_groups(
    broker: Broker, request: m.ListGroupsRequest, call: Call
) -> m.ListGroupsResponse:
    """All groups that pass the filters, which do not mind upper and lower case."""
    states = {name.lower() for name in request.states}
    types = {name.lower() for name in request.types}
    return m.ListGroupsResponse(
        groups=[
            group
            for group in broker.groups.listed()
            if (not states or group.state.lower() in states)
            and (not types or group.type.lower() in types)
        ]
    )


async def delete_groups(
    broker: Broker, request: m.DeleteGroupsRequest, call: Call
) -> m.DeleteGroupsResponse:
    """Forget empty groups."""
    results = []
    for name in request.groups:
        code = ErrorCode.NONE
        try:
            broker.groups.delete(name)
        except ApiError as error:
            code = error.code
        results.append(m.DeletedGroup(group_id=name, error_code=code))
    return m.DeleteGroupsResponse(results=results)


async def offset_delete(
    broker: Broker, request: upkeep.OffsetDeleteRequest, call: Call
) -> upkeep.OffsetDeleteResponse:
    """Forget single commits (KIP-496)."""
    wanted = {
        topic.name: [part.index for part in topic.partitions]
        for topic in request.topics
        if topic.name in broker.topics
    }
    try:
        codes = broker.groups.delete_offsets(request.group_id, wanted)
    except ApiError as error:
        broker.report(error)
        return upkeep.OffsetDeleteResponse(error_code=error.code)
    return upkeep.OffsetDeleteResponse(
        topics=[
            upkeep.OffsetDeleteTopicResult(
                name=topic.name,
                partitions=[
                    upkeep.OffsetDeletePartitionResult(
                        index=part.index,
                        error_code=codes.get(topic.name, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION),
                    )
                    for part in topic.partitions
                ],
            )
            for topic in request.topics
        ]
    )
