"""Who is in a group, under which names, and whose session runs out when."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.member import Clock, Member, Timer


class Roster:
    """Members in the order they came, by member id and (static ones, KIP-345) by instance id.

    `on_silent` is called with a member whose session ran out; `on_pending_gone` when an id that
    was given out (KIP-394) was not used in time.
    """

    def __init__(
        self,
        clock: Clock,
        on_silent: Callable[[Member], None],
        on_pending_gone: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._on_silent = on_silent
        self._on_pending_gone = on_pending_gone
        self._members: dict[str, Member] = {}
        self._instances: dict[str, str] = {}
        self._pending: dict[str, Timer] = {}

    def __iter__(self) -> Iterator[Member]:
        return iter(list(self._members.values()))

    def __len__(self) -> int:
        return len(self._members)

    @property
    def awaits_pending(self) -> bool:
        """Whether somebody was given an id and has not joined with it yet."""
        return bool(self._pending)

    def expect(self, member_id: str, timeout: float) -> None:
        """An id was given out; whoever got it has `timeout` seconds to join."""
        self._pending[member_id] = self._clock.call_later(timeout, self._pending_expired, member_id)

    def take_pending(self, member_id: str) -> bool:
        """Whether the id was given out and not used; it is used now."""
        timer = self._pending.pop(member_id, None)
        if timer is not None:
            timer.cancel()
        return timer is not None

    def add(self, member: Member) -> None:
        """Take a member in and start its session."""
        self._members[member.id] = member
        if member.info.instance_id is not None:
            self._instances[member.info.instance_id] = member.id
        self.touch(member)

    def rename(self, member: Member, new_id: str) -> None:
        """Give a static member its new id, in the same place of the order."""
        self._members = {
            new_id if known is member else key: known for key, known in self._members.items()
        }
        member.id = new_id
        if member.info.instance_id is not None:
            self._instances[member.info.instance_id] = new_id

    def drop(self, member: Member, code: ErrorCode) -> None:
        """Let a member go; what it waits for is answered with `code`."""
        del self._members[member.id]
        if member.timer is not None:
            member.timer.cancel()
        if member.info.instance_id is not None:
            self._instances.pop(member.info.instance_id, None)
        member.refuse(code)

    def static(self, instance_id: str | None) -> Member | None:
        """The member of that instance id, if there is one."""
        known = self._instances.get(instance_id) if instance_id is not None else None
        return self._members[known] if known is not None else None

    def find(self, member_id: str, instance_id: str | None) -> Member:
        """The member, if it is who it says it is. Raises ApiError."""
        namesake = self.static(instance_id)
        if namesake is not None and namesake.id != member_id:
            raise ApiError(ErrorCode.FENCED_INSTANCE_ID)
        member = self._members.get(member_id)
        if member is None or (instance_id is not None and namesake is None):
            raise ApiError(ErrorCode.UNKNOWN_MEMBER_ID)
        return member

    def touch(self, member: Member) -> None:
        """A sign of life. One timer a member: when it fires too early it is set again."""
        member.deadline = self._clock.time() + member.info.session_timeout
        if member.timer is None:
            self._watch(member)

    def _watch(self, member: Member) -> None:
        left = max(member.deadline - self._clock.time(), 0.001)
        member.timer = self._clock.call_later(left, self._session_over, member)

    def _session_over(self, member: Member) -> None:
        member.timer = None
        if self._members.get(member.id) is not member:
            return
        if member.waiting:  # it waits for us, and cannot send heartbeats meanwhile
            self.touch(member)
        elif member.deadline > self._clock.time():
            self._watch(member)
        else:
            self._on_silent(member)

    def _pending_expired(self, member_id: str) -> None:
        if self._pending.pop(member_id, None) is not None:
            self._on_pending_gone()
