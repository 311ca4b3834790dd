"""A member's side of the classic group protocol, one request at a time."""

import struct

from streaming.broker.embedded.messages import groups
from tests.broker.support import until

REBALANCE_IN_PROGRESS = 27


def subscription(*topics):
    """What a consumer of topics says of itself (ConsumerProtocolSubscription version 0).

    Kafka's coordinator reads it, and never completes a join phase when it cannot.
    """
    names = b"".join(struct.pack(">h", len(name)) + name.encode() for name in topics)
    return struct.pack(">hi", 0, len(topics)) + names + struct.pack(">i", -1)


class WireMember:
    """A member on a connection of its own, for a JoinGroup may have to wait for others."""

    def __init__(self, wire, group, *, instance=None, session_ms=10_000, rebalance_ms=20_000):
        self.wire = wire
        self.group = group
        self.instance = instance
        self.session_ms = session_ms
        self.rebalance_ms = rebalance_ms
        self.protocols = {"range": subscription("t")}
        self.protocol_type = "consumer"
        self.id = ""
        self.generation = -1
        self.leader = ""

    @property
    def leads(self):
        return self.leader == self.id

    def join_request(self):
        return groups.JoinGroupRequest(
            group_id=self.group,
            session_timeout_ms=self.session_ms,
            rebalance_timeout_ms=self.rebalance_ms,
            member_id=self.id,
            group_instance_id=self.instance,
            protocol_type=self.protocol_type,
            protocols=[
                groups.JoinProtocol(name=name, metadata=metadata)
                for name, metadata in self.protocols.items()
            ],
        )

    async def ask_for_id(self, version=5):
        """Be given an id (KIP-394); a static member needs none."""
        if self.instance is not None or version < 4:
            return
        answer = await self.wire.call(11, version, self.join_request(), groups.JoinGroupResponse)
        assert answer.error_code == 79, answer
        self.id = answer.member_id

    async def ask_to_join(self, version=5):
        """Send JoinGroup and do not wait for the answer."""
        if not self.id:
            await self.ask_for_id(version)
        await self.wire.send(11, version, self.join_request())

    async def told_to_rejoin(self):
        return await self.beat() == REBALANCE_IN_PROGRESS

    async def joined(self, version=5):
        """The answer to JoinGroup."""
        answer = await self.wire.receive(version, groups.JoinGroupResponse)
        if answer.error_code == 0:
            self.id, self.generation = answer.member_id, answer.generation_id
            self.leader = answer.leader
        return answer

    async def join(self, version=5):
        await self.ask_to_join(version)
        return await self.joined(version)

    async def ask_to_sync(self, assignments=None):
        request = groups.SyncGroupRequest(
            group_id=self.group,
            generation_id=self.generation,
            member_id=self.id,
            group_instance_id=self.instance,
            assignments=[
                groups.SyncAssignment(member_id=member, assignment=assignment)
                for member, assignment in (assignments or {}).items()
            ],
        )
        await self.wire.send(14, 3, request)

    async def synced(self):
        return await self.wire.receive(3, groups.SyncGroupResponse)

    async def sync(self, assignments=None):
        await self.ask_to_sync(assignments)
        return await self.synced()

    async def beat(self):
        """The error code of a heartbeat."""
        request = groups.HeartbeatRequest(
            group_id=self.group,
            generation_id=self.generation,
            member_id=self.id,
            group_instance_id=self.instance,
        )
        answer = await self.wire.call(12, 3, request, groups.HeartbeatResponse)
        return answer.error_code

    async def leave(self):
        """The error code of a leave."""
        request = groups.LeaveGroupRequest(group_id=self.group, member_id=self.id)
        answer = await self.wire.call(13, 2, request, groups.LeaveGroupResponse)
        return answer.error_code

    async def commit(self, topic, offset, partition=0, **fields):
        """The error code of a commit by this member."""
        return await commit(
            self.wire,
            self.group,
            topic,
            offset,
            partition,
            generation=self.generation,
            member_id=self.id,
            instance=self.instance,
            **fields,
        )


async def commit(
    wire,
    group,
    topic,
    offset,
    partition=0,
    *,
    generation=-1,
    member_id="",
    instance=None,
    metadata="",
    version=7,
):
    """The error code of a commit, by default from outside of the group."""
    part = groups.CommitPartition(index=partition, offset=offset, metadata=metadata)
    request = groups.OffsetCommitRequest(
        group_id=group,
        generation_id=generation,
        member_id=member_id,
        group_instance_id=instance,
        topics=[groups.CommitTopic(name=topic, partitions=[part])],
    )
    answer = await wire.call(8, version, request, groups.OffsetCommitResponse)
    return answer.topics[0].partitions[0].error_code


async def committed(wire, group, topic, partition=0, version=5):
    """What a group committed of a partition."""
    asked = groups.OffsetFetchTopic(name=topic, partitions=[partition])
    request = groups.OffsetFetchRequest(group_id=group, topics=[asked])
    answer = await wire.call(9, version, request, groups.OffsetFetchResponse)
    assert answer.error_code == 0, answer
    return answer.topics[0].partitions[0]


async def settle(*members):
    """Bring all into one new generation, in which each gets its `share`.

    Newcomers ask first, all of them with an id, so that none is left out; those who were there
    join again when they are told to, as clients do.
    """
    newcomers = [member for member in members if not member.id]
    for member in newcomers:
        await member.ask_for_id()
    for member in newcomers:
        await member.ask_to_join()
    for member in members:
        if member not in newcomers:
            await until(member.told_to_rejoin)
            await member.ask_to_join()
    for member in members:
        answer = await member.joined()
        assert answer.error_code == 0, answer
    for member in members:
        await member.ask_to_sync({other.id: share(other.id) for other in members})
    for member in members:
        answer = await member.synced()
        assert (answer.error_code, answer.assignment) == (0, share(member.id)), answer


def share(member_id):
    """The assignment `settle` gives a member."""
    return b"share of " + member_id.encode()


async def reaches(wire, group, name):
    """Wait until the group is in this state."""

    async def there():
        return (await wire.describe_group(group)).state == name

    await until(there)
