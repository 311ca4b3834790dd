"""What may be asked of a running lab's broker: to misbehave for a while, and to stop that."""

from __future__ import annotations

import msgspec


class PlantFault(msgspec.Struct, frozen=True, tag=True):
    """Let the embedded broker misbehave for `seconds`; `fault` is a name of `MISCHIEF`.

    Planting one that is at work begins it anew.
    """

    fault: str
    seconds: float = 10.0


class LiftFaults(msgspec.Struct, frozen=True, tag=True):
    """End all faults planted in the embedded broker."""
