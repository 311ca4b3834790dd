"""All groups of the server: who is asked for, what of them is described, what they committed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streaming.broker.embedded.errors import ApiError, ErrorCode
from streaming.broker.embedded.group import Group
from streaming.broker.embedded.member import Clock
from streaming.broker.embedded.messages.groups import (
    DescribedGroup,
    DescribedMember,
    ListedGroup,
)
from streaming.broker.embedded.offsets import Commit, OffsetStore
from streaming.broker.embedded.states import GroupState
from streaming.broker.embedded.subscription import uses

_CLASSIC: Final = "classic"  # as opposed to the protocol of KIP-848
_LONGEST_METADATA: Final = 4096  # offset.metadata.max.bytes of Kafka


class Coordinator:
    """Keeps groups in memory and their commits in the store.

    After a restart members are unknown and join again; only commits outlive the process.
    """

    def __init__(self, clock: Clock, store: OffsetStore, initial_delay: float) -> None:
        self.store = store
        self._clock = clock
        self._initial_delay = initial_delay
        self._groups: dict[str, Group] = {}

    def group_to_join(self, name: str) -> Group:
        """The group, made when it is not there. Raises ApiError INVALID_GROUP_ID."""
        if not name:
            raise ApiError(ErrorCode.INVALID_GROUP_ID, "a group needs a name")
        self._sweep(name)
        return self._groups.setdefault(name, Group(name, self._clock, self._initial_delay))

    def group(self, name: str) -> Group:
        """The group. Raises ApiError UNKNOWN_MEMBER_ID: nobody can be in a group we do not know."""
        if not name:
            raise ApiError(ErrorCode.INVALID_GROUP_ID, "a group needs a name")
        group = self._groups.get(name)
        if group is None:
            raise ApiError(ErrorCode.UNKNOWN_MEMBER_ID, f"no group {name!r}")
        return group

    def commit(
        self,
        name: str,
        member_id: str,
        instance_id: str | None,
        generation: int,
        commits: list[Commit],
    ) -> None:
        """Keep commits of a member, or of anybody when the group has none. Raises ApiError."""
        group = self._groups.get(name)
        if group is not None:
            group.check_commit(member_id, instance_id, generation)
        elif generation >= 0:
            raise ApiError(ErrorCode.ILLEGAL_GENERATION, f"group {name!r} has no members")
        self.store.commit(name, commits)

    @staticmethod
    def check_metadata(metadata: str | None) -> ErrorCode:
        """Whether the text beside a commit is short enough to be kept."""
        if metadata is not None and len(metadata) > _LONGEST_METADATA:
            return ErrorCode.OFFSET_METADATA_TOO_LARGE
        return ErrorCode.NONE

    def delete(self, name: str) -> None:
        """Forget an empty group and its commits. Raises ApiError."""
        group = self._groups.get(name)
        if group is not None and not group.idle:
            raise ApiError(ErrorCode.NON_EMPTY_GROUP, f"group {name!r} has members")
        if group is None and name not in self.store.groups():
            raise ApiError(ErrorCode.GROUP_ID_NOT_FOUND, f"no group {name!r}")
        self.store.forget_group(name)
        self._groups.pop(name, None)

    def delete_offsets(self, name: str, wanted: Mapping[str, list[int]]) -> dict[str, ErrorCode]:
        """Forget commits of topics nobody in the group is subscribed to; how it went by topic.

        Raises ApiError.
        """
        group = self._groups.get(name)
        if group is None and name not in self.store.groups():
            raise ApiError(ErrorCode.GROUP_ID_NOT_FOUND, f"no group {name!r}")
        in_use = {topic for topic in wanted if group is not None and uses(group, topic)}
        commits = [
            commit
            for commit in self.store.of_group(name)
            if commit.topic not in in_use and commit.partition in wanted.get(commit.topic, ())
        ]
        self.store.forget(name, commits)
        return {
            topic: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC if topic in in_use else ErrorCode.NONE
            for topic in wanted
        }

    def listed(self) -> list[ListedGroup]:
        """All groups, also those that are only commits by now."""
        names = dict.fromkeys([*self._groups, *self.store.groups()])
        result = []
        for name in names:
            group = self._groups.get(name)
            result.append(
                ListedGroup(
                    group_id=name,
                    protocol_type=group.protocol_type if group is not None else "",
                    state=group.state if group is not None else GroupState.EMPTY,
                    type=_CLASSIC,
                )
            )
        return result

    def described(self, name: str) -> DescribedGroup:
        """One group as DescribeGroups shows it."""
        group = self._groups.get(name)
        if group is None:
            known = name in self.store.groups()
            return DescribedGroup(
                group_id=name, state=GroupState.EMPTY if known else GroupState.DEAD
            )
        stable = group.state is GroupState.STABLE
        return DescribedGroup(
            group_id=name,
            state=group.state,
            protocol_type=group.protocol_type,
            protocol=group.protocol if stable else "",
            members=[
                DescribedMember(
                    member_id=member.id,
                    group_instance_id=member.info.instance_id,
                    client_id=member.info.client_id,
                    client_host=f"/{member.info.host}",
                    metadata=member.info.protocols.get(group.protocol, b"") if stable else b"",
                    assignment=member.assignment if stable else b"",
                )
                for member in group.members
            ],
        )

    def _sweep(self, keep: str) -> None:
        """Drop groups nobody is in; their commits are in the store."""
        for name in [n for n, group in self._groups.items() if group.idle and n != keep]:
            del self._groups[name]
