"""What may be asked of consumers: to stand still, read slowly, leave; and of their group."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

LEAST_PER_S: Final = 1.0
MOST_PER_S: Final = 1_000_000.0
"""Records a second that a slowed consumer may be told to read."""


class _ConsumerCommand(msgspec.Struct, frozen=True, tag=True):
    """Base of the commands about one consumer."""

    name: str


class PauseConsumer(_ConsumerCommand, frozen=True, tag=True):
    """Let a consumer read nothing (`on`), or go on.

    It stays a member and keeps its shards, whose lag grows. A consumer that is started again, after
    a kill or a crash, reads: a new process knows nothing of the pause.
    """

    on: bool = True


class SlowConsumer(_ConsumerCommand, frozen=True, tag=True):
    """Let a consumer read at most `per_s` records a second over all its shards; 0 is full speed.

    As with a pause, a consumer that is started again reads at full speed.
    """

    per_s: float


class RemoveConsumer(_ConsumerCommand, frozen=True, tag=True):
    """Let a consumer leave the group and end for good; the last one cannot be removed."""


class SetAssignor(msgspec.Struct, frozen=True, tag=True):
    """Let the group share its shards out in another way; one of `streaming.lab.assignors`.

    All members leave and come back: those of one way may not join a group that has another.
    """

    assignor: str


ConsumerCommand: TypeAlias = PauseConsumer | SlowConsumer | RemoveConsumer
