"""What can be done to the consumers of the group, as commands; where it cannot be done, why."""

from __future__ import annotations

from typing import Final

from streaming.lab.assignors import ASSIGNORS, Assignor, protocol_of
from streaming.lab.commands import AddConsumer, KillConsumer
from streaming.lab.consumer_commands import (
    PauseConsumer,
    RemoveConsumer,
    SetAssignor,
    SlowConsumer,
)
from streaming.lab.snapshot import ConsumerView
from tui.deeds import NAME_LIMIT, Deed
from tui.safe import safe

SLOW_PER_S: Final = (500.0, 100.0, 10.0)
"""Records a second that screen and palette offer, one after the other; then full speed again."""


def add() -> Deed:
    """One more process."""
    return Deed("Add consumer", "One more process in the group", (AddConsumer(),))


def kill(consumer: ConsumerView) -> Deed:
    """SIGKILL."""
    deed = Deed(
        f"Kill consumer {_name(consumer)}",
        "SIGKILL its process; the lab starts it again after the group moved on",
        (KillConsumer(consumer.name),),
    )
    return _needs_process(deed, consumer)


def pause(consumer: ConsumerView) -> Deed:
    """Stand still, or go on."""
    if consumer.state == "paused":
        text = "It reads again, from where the store stands"
        command = PauseConsumer(consumer.name, False)
        return Deed(f"Resume consumer {_name(consumer)}", text, (command,))
    text = "It stays a member and reads nothing: its shards' lag grows"
    deed = Deed(f"Pause consumer {_name(consumer)}", text, (PauseConsumer(consumer.name),))
    return _needs_process(deed, consumer)


def slower(consumer: ConsumerView) -> Deed:
    """The next slower pace, after the slowest one full speed."""
    now = consumer.limit_per_s
    return slow(consumer, next((p for p in SLOW_PER_S if now is None or p < now), 0.0))


def slow(consumer: ConsumerView, per_s: float) -> Deed:
    """At most so many records a second, or 0 for full speed."""
    title = f"Slow consumer {_name(consumer)} to {per_s:g} records/s"
    if not per_s:
        title = f"Consumer {_name(consumer)} at full speed"
    text = "Over all its shards; it stays a member" if per_s else "As fast as it can"
    return _needs_process(Deed(title, text, (SlowConsumer(consumer.name, per_s),)), consumer)


def remove(consumer: ConsumerView, count: int) -> Deed:
    """Leave for good, unless it is the last of `count`."""
    text = "It leaves the group, and the lab does not start it again"
    deed = Deed(f"Remove consumer {_name(consumer)}", text, (RemoveConsumer(consumer.name),))
    if count < 2:
        return deed._replace(commands=(), why="it is the last one: nobody would read")
    return deed


def regroup(assignor: str) -> Deed:
    """The group's other protocol: cooperative for an eager one, round robin for the other."""
    return share_out("roundrobin" if assignor == "cooperative-sticky" else "cooperative-sticky")


def share_out(assignor: Assignor) -> Deed:
    """Another way to share the shards out."""
    protocol = protocol_of(assignor)
    text = (
        "Rebalances let go of all shards first"
        if protocol == "eager"
        else "Rebalances let go of what changes hands, and the rest is read on"
    )
    return Deed(
        f"Share out by {assignor} ({protocol})",
        f"{text}; all members leave and come back",
        (SetAssignor(assignor),),
    )


def other_ways(now: str) -> list[Deed]:
    """The ways to share out that the group does not go by."""
    return [share_out(assignor) for assignor in ASSIGNORS if assignor != now]


def _needs_process(deed: Deed, consumer: ConsumerView) -> Deed:
    if consumer.pid is None:
        return deed._replace(commands=(), why="its process is not running just now")
    return deed


def _name(consumer: ConsumerView) -> str:
    return safe(consumer.name, NAME_LIMIT)
