"""A member of a consumer group and the clock its group lives by."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from streaming.broker.embedded.errors import ErrorCode
from streaming.broker.embedded.messages.groups import JoinGroupResponse, SyncGroupResponse


class Timer(Protocol):
    """A call that may be taken back."""

    def cancel(self) -> None:
        """Take it back; harmless when it was made already."""


class Clock(Protocol):
    """Time in seconds and calls in the future. An asyncio event loop is one."""

    def time(self) -> float:
        """Seconds that never go back."""

    def call_later(self, delay: float, callback: Callable[..., Any], *args: Any) -> Timer:
        """Call after `delay` seconds."""


@dataclass(frozen=True, kw_only=True)
class Joiner:
    """Who asks to join, as JoinGroup tells it. Times are seconds."""

    client_id: str
    host: str
    instance_id: str | None
    session_timeout: float
    rebalance_timeout: float
    protocol_type: str
    protocols: Mapping[str, bytes]  # in the member's order of preference

    def same_protocols(self, other: Joiner) -> bool:
        """Whether preferences and subscriptions are unchanged."""
        return list(self.protocols.items()) == list(other.protocols.items())


@dataclass(eq=False)
class Member:
    """A member. `deadline` is the clock's time at which it is held dead."""

    id: str
    info: Joiner
    assignment: bytes = b""
    join_waiter: asyncio.Future[JoinGroupResponse] | None = None
    sync_waiter: asyncio.Future[SyncGroupResponse] | None = None
    deadline: float = 0.0
    timer: Timer | None = field(default=None, repr=False)

    @property
    def waiting(self) -> bool:
        """Whether it waits for an answer of ours, and so cannot send heartbeats."""
        return self.join_waiter is not None or self.sync_waiter is not None

    def answer_join(self, response: JoinGroupResponse) -> None:
        """Answer the JoinGroup that waits, if one does."""
        waiter, self.join_waiter = self.join_waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def answer_sync(self, response: SyncGroupResponse) -> None:
        """Answer the SyncGroup that waits, if one does."""
        waiter, self.sync_waiter = self.sync_waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def refuse(self, code: ErrorCode) -> None:
        """Answer whatever waits with an error."""
        self.answer_join(JoinGroupResponse(error_code=code, member_id=self.id))
        self.answer_sync(SyncGroupResponse(error_code=code))

    def forget(self, waiter: asyncio.Future[Any]) -> bool:
        """Drop a waiter whose connection is gone; True when it was this member's."""
        if self.join_waiter is waiter:
            self.join_waiter = None
            return True
        if self.sync_waiter is waiter:
            self.sync_waiter = None
            return True
        return False


def new_member_id(prefix: str) -> str:
    """A member id no other member has."""
    return f"{prefix or 'member'}-{uuid.uuid4()}"


def agree(joiner: Joiner, others: list[Member]) -> bool:
    """Whether all are of one type and there is a way to assign that all of them know."""
    common = set(joiner.protocols)
    for other in others:
        common &= set(other.info.protocols)
        if other.info.protocol_type != joiner.protocol_type:
            return False
    return bool(common and joiner.protocol_type)


def select_protocol(members: list[Member]) -> str:
    """The assignment protocol most members prefer among those all of them know."""
    common = set(members[0].info.protocols)
    for member in members:
        common &= set(member.info.protocols)
    votes: dict[str, int] = {}
    for member in members:
        choice = next(name for name in member.info.protocols if name in common)
        votes[choice] = votes.get(choice, 0) + 1
    return max(votes, key=lambda name: votes[name])
