"""A lab in trouble: incidents and faults at work, and a broker that is not the lab's own."""

from __future__ import annotations

import msgspec

from streaming.lab.snapshot import (
    KILL_BROKER,
    PLANT_FAULTS,
    CapabilityView,
    FaultView,
    LabSnapshot,
)
from tests.screens.fake_alarms import NOW_MS
from tests.screens.fakes import snapshot


def troubled(seq: int = 1) -> LabSnapshot:
    """Two incidents, the end of one unknown, and two faults."""
    view = snapshot(seq)
    return msgspec.structs.replace(
        view,
        traffic=msgspec.structs.replace(
            view.traffic,
            shape="ramp",
            incidents=("hot_key", "slow_drift"),
            incident_ends=(NOW_MS + 12_400,),
        ),
        broker=msgspec.structs.replace(
            view.broker,
            faults=(FaultView("slow", NOW_MS + 65_000), FaultView("pause", NOW_MS - 1)),
        ),
        consumers=tuple(
            msgspec.structs.replace(c, state="dead" if c.name == "c-1" else "running")
            for c in view.consumers
        ),
    )


def foreign(why: str = "it is [b]not[/b] the lab's", seq: int = 1) -> LabSnapshot:
    """A cluster of others, which nothing can be done to."""
    view = snapshot(seq)
    capabilities = tuple(
        CapabilityView(name, "misbehave", why) for name in (KILL_BROKER, PLANT_FAULTS)
    )
    broker = msgspec.structs.replace(view.broker, kind="external", capabilities=capabilities)
    return msgspec.structs.replace(view, broker=broker)


def hostile_chaos(payload: str, seq: int = 1) -> LabSnapshot:
    """One text wherever the screen shows a word from outside."""
    view = foreign(payload, seq)
    return msgspec.structs.replace(
        view,
        traffic=msgspec.structs.replace(
            view.traffic, shape=payload, incidents=(payload,), incident_ends=(10**18,)
        ),
        broker=msgspec.structs.replace(view.broker, faults=(FaultView(payload, -(10**18)),)),
        consumers=tuple(
            msgspec.structs.replace(c, name=f"{payload}{n}") for n, c in enumerate(view.consumers)
        ),
    )
