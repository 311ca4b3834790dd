"""A consumer group: the classic rebalance protocol as a state machine without input or output.

Rules from Kafka's protocol guide and its GroupCoordinator; KIP-394 (member id required), KIP-345
(static members). A generation begins when its join phase is complete, never before: until then
commits of the last one count, and heartbeats tell its members to join again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.member import (
    Clock,
    Joiner,
    Member,
    Timer,
    agree,
    new_member_id,
    select_protocol,
)
from streaming.broker.embedded.messages.groups import (
    JoinedMember,
    JoinGroupResponse,
    SyncGroupResponse,
)
from streaming.broker.embedded.roster import Roster
from streaming.broker.embedded.states import GroupState


class Group:
    """Members, their generation and who has which assignment. Times are seconds."""

    def __init__(self, name: str, clock: Clock, initial_delay: float) -> None:
        self.name = name
        self.state = GroupState.EMPTY
        self.generation = 0
        self.protocol_type = ""
        self.protocol = ""
        self.leader = ""
        self.members = Roster(clock, self._remove, self._complete_join_if_ready)
        self._clock = clock
        self._initial_delay = initial_delay
        self._phase: Timer | None = None  # the end of the join phase, or of the sync phase
        self._gathering = False  # the first members of a group wait for others

    @property
    def idle(self) -> bool:
        """Whether nobody is in it or about to be."""
        return not self.members and not self.members.awaits_pending

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
        others = [member for member in self.members if member.id != member_id]
        if not agree(joiner, others):
            raise ApiError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
        if not member_id:
            self._join_new(joiner, waiter, id_required=id_required)
        elif self.members.take_pending(member_id):
            self._add(member_id, joiner, waiter)
        else:
            self._rejoin(self.members.find(member_id, joiner.instance_id), joiner, waiter)

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
        if self.state is GroupState.STABLE:
            self._deliver(member)
        elif member_id == self.leader:
            self._enter(GroupState.STABLE)
            for other in self.members:
                other.assignment = assignments.get(other.id, b"")
                self._deliver(other)

    def heartbeat(self, member_id: str, instance_id: str | None, generation: int) -> None:
        """Note that a member lives. Raises ApiError, REBALANCE_IN_PROGRESS to make it rejoin."""
        self.members.touch(self._member(member_id, instance_id, generation))
        if self.state is GroupState.PREPARING:
            raise ApiError(ErrorCode.REBALANCE_IN_PROGRESS)

    def leave(self, member_id: str, instance_id: str | None) -> None:
        """Let a member go; an instance id alone will do for a static one. Raises ApiError."""
        if self.members.take_pending(member_id):
            # Kafka's GroupMetadataManager begins a join phase for it, as for a member that goes.
            if self.members:
                self._rebalance()
            return
        static = self.members.static(instance_id) if not member_id else None
        self._remove(static or self.members.find(member_id, instance_id))

    def check_commit(self, member_id: str, instance_id: str | None, generation: int) -> None:
        """Whether this member may commit now. Raises ApiError."""
        if generation < 0 and self.state is GroupState.EMPTY:
            return  # from outside: an admin tool, or a consumer that assigns itself
        self.members.touch(self._member(member_id, instance_id, generation))
        if self.state is GroupState.COMPLETING:
            raise ApiError(ErrorCode.REBALANCE_IN_PROGRESS)

    def hang_up(
        self, waiter: asyncio.Future[JoinGroupResponse] | asyncio.Future[SyncGroupResponse]
    ) -> None:
        """A member's connection broke while it waited: from now on its session runs out."""
        for member in self.members:
            if member.forget(waiter):
                self.members.touch(member)

    # --- joining ------------------------------------------------------------------------------

    def _join_new(
        self, joiner: Joiner, waiter: asyncio.Future[JoinGroupResponse], *, id_required: bool
    ) -> None:
        member_id = new_member_id(joiner.instance_id or joiner.client_id)
        static = self.members.static(joiner.instance_id)
        if static is not None:
            self._return_static(static, member_id, joiner, waiter)
        elif id_required and joiner.instance_id is None:
            self.members.expect(member_id, joiner.session_timeout)
            code = ErrorCode.MEMBER_ID_REQUIRED
            waiter.set_result(JoinGroupResponse(error_code=code, member_id=member_id))
        else:
            self._add(member_id, joiner, waiter)

    def _add(
        self, member_id: str, joiner: Joiner, waiter: asyncio.Future[JoinGroupResponse]
    ) -> None:
        self.protocol_type = joiner.protocol_type
        self.members.add(Member(member_id, joiner, join_waiter=waiter))
        self._rebalance()

    def _rejoin(
        self, member: Member, joiner: Joiner, waiter: asyncio.Future[JoinGroupResponse]
    ) -> None:
        same = member.info.same_protocols(joiner)
        # A repeat of a request whose answer was lost gets the same answer again; a leader that
        # joins again in a stable group wants a new assignment.
        settled = self.state is GroupState.COMPLETING or (
            self.state is GroupState.STABLE and member.id != self.leader
        )
        self._wait(member, joiner, waiter, ErrorCode.REBALANCE_IN_PROGRESS)
        if same and settled:
            member.answer_join(self._joined(member))
        else:
            self._rebalance()

    def _return_static(
        self,
        member: Member,
        new_id: str,
        joiner: Joiner,
        waiter: asyncio.Future[JoinGroupResponse],
    ) -> None:
        """A static member came back: its new id fences the old one, its assignment stays.

        As in Kafka, a new subscription changes nothing as long as the protocol is the same.
        """
        old_leader = self.leader
        if member.id == old_leader:
            self.leader = new_id
        self._wait(member, joiner, waiter, ErrorCode.FENCED_INSTANCE_ID)
        self.members.rename(member, new_id)
        if self.state is GroupState.STABLE and select_protocol(list(self.members)) == self.protocol:
            # Named by its old id, a leader takes itself for a follower and assigns nothing anew.
            answer = self._joined(member)
            answer.leader, answer.members = old_leader, []
            member.answer_join(answer)
        else:
            self._rebalance()

    def _wait(
        self,
        member: Member,
        joiner: Joiner,
        waiter: asyncio.Future[JoinGroupResponse],
        older: ErrorCode,
    ) -> None:
        """Let a known member wait for the end of the join phase; older requests get `older`."""
        member.refuse(older)
        member.info = joiner
        member.join_waiter = waiter
        self.members.touch(member)

    # --- phases -------------------------------------------------------------------------------

    def _rebalance(self) -> None:
        """Begin a join phase, or go on with the one that runs."""
        if self.state is not GroupState.PREPARING:
            first = self.state is GroupState.EMPTY and self._initial_delay > 0
            refusal = SyncGroupResponse(error_code=ErrorCode.REBALANCE_IN_PROGRESS)
            for member in self.members:
                member.answer_sync(refusal)
            self._enter(GroupState.PREPARING)
            self._gathering = first
            self._phase_ends(
                self._initial_delay if first else self._rebalance_timeout(), self._join_phase_over
            )
        self._complete_join_if_ready()

    def _complete_join_if_ready(self) -> None:
        if self.state is not GroupState.PREPARING or self._gathering:
            return
        if self.members.awaits_pending:
            return
        if all(member.join_waiter is not None for member in self.members):
            self._complete_join()

    def _join_phase_over(self) -> None:
        if self._gathering:
            self._gathering = False
            self._phase_ends(self._rebalance_timeout(), self._join_phase_over)
            self._complete_join_if_ready()
            return
        for member in self.members:
            if member.join_waiter is None and member.info.instance_id is None:
                self.members.drop(member, ErrorCode.UNKNOWN_MEMBER_ID)
        if self.members and not any(member.join_waiter for member in self.members):
            # Only static members are left and none is here: their sessions decide.
            self._phase_ends(self._rebalance_timeout(), self._join_phase_over)
            return
        self._complete_join()

    def _complete_join(self) -> None:
        self.generation += 1
        if not self.members:
            self._enter(GroupState.EMPTY)
            self.protocol = self.leader = ""
            return
        present = [member for member in self.members if member.join_waiter is not None]
        if self.leader not in (member.id for member in present):
            self.leader = present[0].id
        self.protocol = select_protocol(list(self.members))
        self._enter(GroupState.COMPLETING)
        self._phase_ends(self._rebalance_timeout(), self._sync_phase_over)
        for member in present:
            self.members.touch(member)
            member.answer_join(self._joined(member))

    def _sync_phase_over(self) -> None:
        for member in self.members:
            if member.sync_waiter is None:
                self.members.drop(member, ErrorCode.UNKNOWN_MEMBER_ID)
        self._rebalance()

    def _remove(self, member: Member) -> None:
        self.members.drop(member, ErrorCode.UNKNOWN_MEMBER_ID)
        self._rebalance()

    def _enter(self, state: GroupState) -> None:
        self.state = state
        if self._phase is not None:
            self._phase.cancel()
            self._phase = None

    def _phase_ends(self, delay: float, then: Callable[[], None]) -> None:
        self._phase = self._clock.call_later(delay, then)

    def _joined(self, member: Member) -> JoinGroupResponse:
        members = []
        if member.id == self.leader:
            members = [
                JoinedMember(
                    member_id=other.id,
                    group_instance_id=other.info.instance_id,
                    metadata=other.info.protocols[self.protocol],
                )
                for other in self.members
            ]
        return JoinGroupResponse(
            generation_id=self.generation,
            protocol_name=self.protocol,
            leader=self.leader,
            member_id=member.id,
            members=members,
        )

    def _deliver(self, member: Member) -> None:
        self.members.touch(member)
        member.answer_sync(SyncGroupResponse(assignment=member.assignment))

    def _member(self, member_id: str, instance_id: str | None, generation: int) -> Member:
        member = self.members.find(member_id, instance_id)
        if generation != self.generation:
            raise ApiError(ErrorCode.ILLEGAL_GENERATION)
        return member

    def _rebalance_timeout(self) -> float:
        return max((member.info.rebalance_timeout for member in self.members), default=0.0)
