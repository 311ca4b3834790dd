"""Carries out what is asked of one consumer (pause, slow down, leave) or of their group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from streaming.lab.assignors import ASSIGNORS, protocol_of
from streaming.lab.commands import Reply
from streaming.lab.consumer_commands import (
    LEAST_PER_S,
    MOST_PER_S,
    ConsumerCommand,
    PauseConsumer,
    RemoveConsumer,
    SlowConsumer,
)

if TYPE_CHECKING:
    from streaming.lab.engine import Engine


async def steer(engine: Engine, command: ConsumerCommand) -> Reply:
    """Do what was asked of a consumer and say what was done."""
    name = command.name
    names = [child.name for child in engine.crew.consumers()]
    if name not in names:
        return Reply(False, f"there is no consumer {name}; there are {', '.join(names) or 'none'}")
    match command:
        case RemoveConsumer():
            return await _remove(engine, name, names)
        case SlowConsumer(_, per_s) if per_s and not LEAST_PER_S <= per_s <= MOST_PER_S:
            return Reply(
                False,
                f"a consumer is slowed to {LEAST_PER_S:g} to {MOST_PER_S:,.0f} records/s; "
                "0 is full speed",
            )
        case PauseConsumer(_, on):
            text = f"{name} is paused: it keeps its shards and reads nothing"
            return await _pace(engine, name, text if on else f"{name} reads again", paused=on)
        case SlowConsumer(_, per_s):
            text = f"{name} reads at most {per_s:g} records/s"
            return await _pace(
                engine, name, text if per_s else f"{name} reads at full speed", per_s=per_s
            )


async def regroup(engine: Engine, assignor: str) -> Reply:
    """Let all members leave and come back with another way to share out, and say so."""
    wanted = next((known for known in ASSIGNORS if known == assignor), None)
    if wanted is None:
        return Reply(False, f"{assignor!r} is no assignor; there are {', '.join(ASSIGNORS)}")
    how = f"{wanted} ({protocol_of(wanted)})"
    if wanted == engine.crew.assignor:
        return Reply(True, f"the group shares out by {how} already")
    await engine.crew.regroup(wanted)
    return Reply(True, f"the group shares out by {how}: its members left, and come back")


async def _pace(
    engine: Engine, name: str, text: str, *, paused: bool | None = None, per_s: float | None = None
) -> Reply:
    live = engine.server.consumers.get(name)
    if live is None:
        return Reply(False, f"{name} is not running just now; try again when it is")
    changes: dict[str, bool | float] = {}
    if paused is not None:
        changes["paused"] = paused
    if per_s is not None:
        changes["per_s"] = per_s
    if not await live.follow(msgspec.structs.replace(live.pace, **changes)):
        return Reply(False, f"{name} has just ended")
    return Reply(True, text)


async def _remove(engine: Engine, name: str, names: list[str]) -> Reply:
    if len(names) == 1:
        return Reply(False, f"{name} is the last consumer: nobody would read; pause it instead")
    await engine.crew.supervisor.dismiss(name)
    return Reply(True, f"{name} has left the group and does not come back")
