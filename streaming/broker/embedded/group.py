"""A consumer group: the classic rebalance protocol as a state machine without input or output.

Rules from Kafka's protocol guide and its GroupCoordinator; KIP-394 (member id required), KIP-345
(static members). A generation begins when its join phase is complete, never before: until then
commits of the last one count, and heartbeats tell its members to join again.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum

from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.member import (
    Clock,
    Joiner,
    Member,
    Timer,
    new_member_id,
    select_protocol,
)
from streaming.broker.embedded.messages.groups import (
    JoinedMember,
    JoinGroupResponse,
    SyncGroupResponse,
)


class GroupState(StrEnum):
    """States under the names DescribeGroups shows."""

    EMPTY = "Empty"
    PREPARING = "PreparingRebalance"
    COMPLETING = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


class Group:
    """Members, their generation and who has which assignment. Times are seconds."""

    def __init__(self, name: str, clock: Clock, initial_delay: float) -> None:
        self.name = name
        self.state = GroupState.EMPTY
        self.generation = 0
        self.protocol_type = ""
        self.protocol = ""
        self.leader = ""
        self.members: dict[str, Member] = {}
        self._clock = clock
        self._initial_delay = initial_delay
        self._instances: dict[str, str] = {}  # static members: instance id to member id
        self._pending: dict[str, Timer] = {}  # ids given out (KIP-394) and not yet used
        self._phase: Timer | None = None  # the end of the join phase, or of the sync phase
        self._gathering = False  # the first members of a group wait for others

    @property
    def idle(self) -> bool:
        """Whether nobody is in it or about to be."""
        return not self.members and not self._pending

    # --- what members ask ---------------------------------------------------------------------

    def join(
        self,
        member_id: str,
        joiner: Joiner,
        waiter: asyncio.Future[JoinGroupResponse],
        *,
        id_required: bool,
    ) -> None:
        """Take a member in, or in again; `waiter` gets the answer. Raises ApiError."""
        self._check_protocols(member_id, joiner)
        if not member_id:
            self._join_new(joiner, waiter, id_required=id_required)
        elif member_id in self._pending:
            self._pending.pop(member_id).cancel()
            self._add(member_id, joiner, waiter)
        else:
            self._rejoin(self._member(member_id, joiner.instance_id), joiner, waiter)

    def sync(
        self,
        member_id: str,
        instance_id: str | None,
        generation: int,
        assignments: dict[str, bytes],
        waiter: asyncio.Future[SyncGroupResponse],
    ) -> None:
        """Hand in the leader's assignments or wait for them. Raises ApiError."""
        member = self._member(member_id, instance_id, generation)
        if self.state is GroupState.PREPARING:
            raise ApiError(ErrorCode.REBALANCE_IN_PROGRESS)
        member.refuse(ErrorCode.REBALANCE_IN_PROGRESS)  # an older request of the same member
        member.sync_waiter = waiter
        if self.state is GroupState.COMPLETING:
            if member_id != self.leader:
                return
            for other in self.members.values():
                other.assignment = assignments.get(other.id, b"")
            self._enter(GroupState.STABLE)
            for other in self.members.values():
                self._deliver(other)
        else:
            self._deliver(member)

    def heartbeat(self, member_id: str, instance_id: str | None, generation: int) -> None:
        """Note that a member lives. Raises ApiError, REBALANCE_IN_PROGRESS to make it rejoin."""
        member = self._member(member_id, instance_id, generation)
        self._touch(member)
        if self.state is GroupState.PREPARING:
            raise ApiError(ErrorCode.REBALANCE_IN_PROGRESS)

    def leave(self, member_id: str, instance_id: str | None) -> None:
        """Let a member go; an instance id alone will do for a static one. Raises ApiError."""
        if member_id in self._pending:
            self._pending.pop(member_id).cancel()
            self._complete_join_if_ready()
            return
        if not member_id and instance_id is not None:
            member_id = self._instances.get(instance_id, "")
        self._remove(self._member(member_id, instance_id))

    def check_commit(self, member_id: str, instance_id: str | None, generation: int) -> None:
        """Whether this member may commit now. Raises ApiError."""
        if generation < 0 and not member_id and not self.members:
            return
        member = self._member(member_id, instance_id, generation)
        self._touch(member)
        if self.state is GroupState.COMPLETING:
            raise ApiError(ErrorCode.REBALANCE_IN_PROGRESS)

    def hang_up(
        self, waiter: asyncio.Future[JoinGroupResponse] | asyncio.Future[SyncGroupResponse]
    ) -> None:
        """A member's connection broke while it waited: from now on its session runs out."""
        for member in self.members.values():
            if member.forget(waiter):
                self._touch(member)
                return

    # --- joining ------------------------------------------------------------------------------

    def _check_protocols(self, member_id: str, joiner: Joiner) -> None:
        others = [m for m in self.members.values() if m.id != member_id]
        fits = bool(joiner.protocols and joiner.protocol_type)
        if others:
            common = set(joiner.protocols).intersection(*(m.info.protocols for m in others))
            fits = fits and bool(common) and joiner.protocol_type == self.protocol_type
        if not fits:
            raise ApiError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)

    def _join_new(
        self, joiner: Joiner, waiter: asyncio.Future[JoinGroupResponse], *, id_required: bool
    ) -> None:
        member_id = new_member_id(joiner.instance_id or joiner.client_id)
        if joiner.instance_id is not None:
            known = self._instances.get(joiner.instance_id)
            if known is not None:
                self._replace_static(self.members[known], member_id, joiner, waiter)
                return
        elif id_required:
            expire = self._clock.call_later(
                joiner.session_timeout, self._pending_expired, member_id
            )
            self._pending[member_id] = expire
            waiter.set_result(
                JoinGroupResponse(error_code=ErrorCode.MEMBER_ID_REQUIRED, member_id=member_id)
            )
            return
        self._add(member_id, joiner, waiter)

    def _add(
        self, member_id: str, joiner: Joiner, waiter: asyncio.Future[JoinGroupResponse]
    ) -> None:
        member = Member(member_id, joiner, join_waiter=waiter)
        self.members[member_id] = member
        self.protocol_type = joiner.protocol_type
        if joiner.instance_id is not None:
            self._instances[joiner.instance_id] = member_id
        self._touch(member)
        self._rebalance()

    def _rejoin(
        self, member: Member, joiner: Joiner, waiter: asyncio.Future[JoinGroupResponse]
    ) -> None:
        same = dict(member.info.protocols) == dict(joiner.protocols)
        member.info = joiner
        # A repeat of a request whose answer was lost gets the same answer again.
        settled = self.state is GroupState.COMPLETING or (
            self.state is GroupState.STABLE and member.id != self.leader
        )
        member.refuse(ErrorCode.REBALANCE_IN_PROGRESS)
        member.join_waiter = waiter
        self._touch(member)
        if same and settled:
            member.answer_join(self._joined(member))
        else:
            self._rebalance()

    def _replace_static(
        self,
        member: Member,
        new_id: str,
        joiner: Joiner,
        waiter: asyncio.Future[JoinGroupResponse],
    ) -> None:
        """A static member came back: its new id fences the old one, its assignment stays."""
        same = dict(member.info.protocols) == dict(joiner.protocols)
        member.refuse(ErrorCode.FENCED_INSTANCE_ID)
        old_leader = self.leader
        if old_leader == member.id:
            self.leader = new_id
        self.members = {
            (new_id if key == member.id else key): value for key, value in self.members.items()
        }
        member.id, member.info, member.join_waiter = new_id, joiner, waiter
        if joiner.instance_id is not None:
            self._instances[joiner.instance_id] = new_id
        self._touch(member)
        if same and self.state is GroupState.STABLE:
            # Named by its old id, a leader takes itself for a follower and assigns nothing anew.
            answer = self._joined(member)
            answer.leader, answer.members = old_leader, []
            member.answer_join(answer)
        else:
            self._rebalance()

    # --- phases -------------------------------------------------------------------------------

    def _rebalance(self) -> None:
        """Begin a join phase, or go on with the one that runs."""
        if self.state is not GroupState.PREPARING:
            first = self.state is GroupState.EMPTY and self._initial_delay > 0
            for member in self.members.values():
                member.answer_sync(SyncGroupResponse(error_code=ErrorCode.REBALANCE_IN_PROGRESS))
            self._enter(GroupState.PREPARING)
            self._gathering = first
            delay = self._initial_delay if first else self._rebalance_timeout()
            self._phase = self._clock.call_later(delay, self._join_phase_over)
        self._complete_join_if_ready()

    def _complete_join_if_ready(self) -> None:
        if self.state is not GroupState.PREPARING or self._gathering or self._pending:
            return
        if all(member.join_waiter is not None for member in self.members.values()):
            self._complete_join()

    def _join_phase_over(self) -> None:
        if self._gathering:
            self._gathering = False
            self._phase = self._clock.call_later(self._rebalance_timeout(), self._join_phase_over)
            self._complete_join_if_ready()
            return
        for member in list(self.members.values()):
            if member.join_waiter is None and member.info.instance_id is None:
                self._drop(member)
        if self.members and not any(m.join_waiter for m in self.members.values()):
            # Only static members are left and none is here: their sessions decide.
            self._phase = self._clock.call_later(self._rebalance_timeout(), self._join_phase_over)
            return
        self._complete_join()

    def _complete_join(self) -> None:
        self.generation += 1
        if not self.members:
            self._enter(GroupState.EMPTY)
            self.protocol = self.leader = ""
            return
        present = [member for member in self.members.values() if member.join_waiter is not None]
        if self.leader not in (member.id for member in present):
            self.leader = present[0].id
        self.protocol = select_protocol(list(self.members.values()))
        self._enter(GroupState.COMPLETING)
        self._phase = self._clock.call_later(self._rebalance_timeout(), self._sync_phase_over)
        for member in present:
            self._touch(member)
            member.answer_join(self._joined(member))

    def _sync_phase_over(self) -> None:
        for member in list(self.members.values()):
            if member.sync_waiter is None:
                self._drop(member)
        self._rebalance()

    def _enter(self, state: GroupState) -> None:
        self.state = state
        if self._phase is not None:
            self._phase.cancel()
            self._phase = None

    def _joined(self, member: Member) -> JoinGroupResponse:
        members = []
        if member.id == self.leader:
            members = [
                JoinedMember(
                    member_id=other.id,
                    group_instance_id=other.info.instance_id,
                    metadata=other.info.protocols[self.protocol],
                )
                for other in self.members.values()
            ]
        return JoinGroupResponse(
            generation_id=self.generation,
            protocol_name=self.protocol,
            leader=self.leader,
            member_id=member.id,
            members=members,
        )

    def _deliver(self, member: Member) -> None:
        self._touch(member)
        member.answer_sync(SyncGroupResponse(assignment=member.assignment))

    # --- members ------------------------------------------------------------------------------

    def _member(
        self, member_id: str, instance_id: str | None, generation: int | None = None
    ) -> Member:
        """The member, if it is who it says it is. Raises ApiError."""
        if instance_id is not None:
            known = self._instances.get(instance_id)
            if known is not None and known != member_id:
                raise ApiError(ErrorCode.FENCED_INSTANCE_ID)
        member = self.members.get(member_id)
        if member is None:
            raise ApiError(ErrorCode.UNKNOWN_MEMBER_ID)
        if generation is not None and generation != self.generation:
            raise ApiError(ErrorCode.ILLEGAL_GENERATION)
        return member

    def _touch(self, member: Member) -> None:
        """A sign of life. One timer a member: when it fires too early it is set again."""
        member.deadline = self._clock.time() + member.info.session_timeout
        if member.timer is None:
            self._watch(member)

    def _watch(self, member: Member) -> None:
        left = max(member.deadline - self._clock.time(), 0.001)
        member.timer = self._clock.call_later(left, self._session_over, member)

    def _session_over(self, member: Member) -> None:
        member.timer = None
        if self.members.get(member.id) is not member:
            return
        if member.waiting:  # it waits for us
            self._touch(member)
        elif member.deadline > self._clock.time():
            self._watch(member)
        else:
            self._remove(member)

    def _pending_expired(self, member_id: str) -> None:
        if self._pending.pop(member_id, None) is not None:
            self._complete_join_if_ready()

    def _remove(self, member: Member) -> None:
        self._drop(member)
        self._rebalance()

    def _drop(self, member: Member) -> None:
        del self.members[member.id]
        if member.timer is not None:
            member.timer.cancel()
        if member.info.instance_id is not None:
            self._instances.pop(member.info.instance_id, None)
        member.refuse(ErrorCode.UNKNOWN_MEMBER_ID)

    def _rebalance_timeout(self) -> float:
        return max((m.info.rebalance_timeout for m in self.members.values()), default=0.0)
