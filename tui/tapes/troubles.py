"""What `inject` can plant: incidents of the shop, faults of the broker, kills."""

from __future__ import annotations

from functools import cache
from typing import Final

from streaming.lab.commands import Command, Inject, KillBroker, KillConsumer
from streaming.lab.fault_commands import LiftFaults, PlantFault
from tui.tapes.problems import near

USUAL_S: Final = 10.0
KILL_CONSUMER: Final = "kill_consumer"
KILL_ENGINE: Final = "kill_engine"
KILLS: Final = {
    KILL_CONSUMER: "SIGKILL a consumer; the lab starts it again after the group moved on",
    "kill_broker": "SIGKILL the embedded broker; the lab restarts it on its data",
    KILL_ENGINE: "SIGKILL the engine with its store; it is started again and reads on from there",
    "broker_well": "end all faults planted in the broker",
}
FAULT: Final = "broker_"
"""Before the names of the broker's faults, which would else be those of other things."""


@cache
def troubles() -> dict[str, str]:
    """Return the name of everything that can be planted, and what it does."""
    from generators.incidents import KINDS
    from streaming.broker.mischief import MISCHIEF

    return {
        **{name: kind.text for name, kind in KINDS.items()},
        **{f"{FAULT}{name}": fault.text for name, fault in MISCHIEF.items()},
        **KILLS,
    }


def check_trouble(name: str, seconds: float | None, intensity: float) -> None:
    """Raise ValueError for what cannot be planted, or not for so long or so badly."""
    from generators.incidents import KINDS, checked_intensity
    from streaming.broker.mischief import LONGEST_S, SHORTEST_S

    if name not in troubles():
        raise ValueError(f"there is no trouble {name!r}{near(name, troubles())}")
    if name in KINDS:
        checked_intensity(name, intensity)
        if seconds == 0:
            raise ValueError("an incident lasts more than 0 s")
        return
    if intensity:
        raise ValueError(f"{name} has no intensity")
    if name in KILLS:
        if seconds is not None:
            raise ValueError(f"{name} is done at once; it has no time")
    elif seconds is not None and not SHORTEST_S <= seconds <= LONGEST_S:
        raise ValueError(f"a fault of the broker lasts {SHORTEST_S:g} to {LONGEST_S:g} s")


def trouble_command(
    name: str, seconds: float | None, intensity: float, consumer: str
) -> Command | None:
    """Return the command that plants it; None for a kill of the engine, which takes none."""
    from generators.incidents import KINDS

    if name in KINDS:
        return Inject(name, seconds or USUAL_S, intensity)
    match name:
        case "kill_consumer":
            return KillConsumer(consumer)
        case "kill_broker":
            return KillBroker()
        case "broker_well":
            return LiftFaults()
        case "kill_engine":
            return None
    return PlantFault(name.removeprefix(FAULT), seconds or USUAL_S)
