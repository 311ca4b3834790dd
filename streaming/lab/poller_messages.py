"""What the engine and other applications that poll the shards say to each other."""

from __future__ import annotations

from streaming.lab.messages import Message, ReadRule, ShardId


class HelloPoller(Message, frozen=True, tag=True, gc=False):
    """First message of such a process."""

    name: str
    pid: int


class Polled(Message, frozen=True, tag=True, gc=False):
    """What it has read since it started, and how old the newest record of each shard is.

    `reads` brought records; `age_ms` is of the shard furthest behind, None before the first.
    """

    reads: int
    bytes: int
    age_ms: float | None


class Polling(Message, frozen=True, tag=True, gc=False):
    """Which shards another application polls, and by which rules."""

    shards: tuple[ShardId, ...]
    rules: tuple[ReadRule, ...]
