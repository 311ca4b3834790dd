"""Faults planted in the embedded broker from a running lab."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

from streaming.broker.backend import Embedded
from streaming.broker.errors import BrokerError
from streaming.broker.mischief import LONGEST_S, MISCHIEF, SHORTEST_S
from streaming.broker.orders import AtWork, OrderError
from streaming.lab.commands import Reply
from streaming.lab.fault_commands import LiftFaults, PlantFault
from streaming.lab.snapshot import FaultView

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

NOT_OURS = "only the lab's own embedded broker can be made to misbehave"


async def misbehave(engine: Engine, command: PlantFault | LiftFaults) -> Reply:
    """Plant or lift, and say what was done or why not."""
    backend = engine.backend
    if not isinstance(backend, Embedded):
        return Reply(False, NOT_OURS)
    try:
        if isinstance(command, LiftFaults):
            return await _lift(backend)
        return await _plant(backend, command)
    except (BrokerError, OrderError) as error:
        return Reply(False, str(error))


async def _plant(backend: Embedded, command: PlantFault) -> Reply:
    known = MISCHIEF.get(command.fault)
    if known is None:
        return Reply(
            False, f"the broker knows no fault {command.fault!r}; known: {', '.join(MISCHIEF)}"
        )
    if not SHORTEST_S <= command.seconds <= LONGEST_S:
        return Reply(False, f"a fault of the broker lasts {SHORTEST_S:g} to {LONGEST_S:g} seconds")
    orders, before = backend.orders, backend.planted.get(command.fault)
    if before is not None:
        await orders.lift(before.number)
    fault = msgspec.structs.replace(known.fault, for_ms=round(command.seconds * 1000))
    number = await orders.plant(fault)
    until_at_ms = int((time.time() + command.seconds) * 1000)
    backend.planted[command.fault] = AtWork(number, until_at_ms)
    return Reply(True, f"the broker misbehaves for {command.seconds:g} s: {known.text}")


async def _lift(backend: Embedded) -> Reply:
    count = len(fault_views(backend))
    await backend.orders.lift()
    backend.planted.clear()
    return Reply(True, f"lifted the broker's faults ({count} at work)")


def fault_views(backend: object) -> tuple[FaultView, ...]:
    """The faults at work, in the order they were planted; none in a broker that is not ours."""
    if not isinstance(backend, Embedded):
        return ()
    now_ms = time.time() * 1000
    return tuple(
        FaultView(name, at_work.until_at_ms)
        for name, at_work in backend.planted.items()
        if at_work.until_at_ms > now_ms
    )
