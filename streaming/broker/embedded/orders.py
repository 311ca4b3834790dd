"""Orders to the server and answers to them, as they go through its standard input and output."""

from __future__ import annotations

import msgspec

from streaming.broker.embedded.faults import Fault, FaultState


class _Order(msgspec.Struct, frozen=True, tag_field="op", forbid_unknown_fields=True):
    """Base of all orders; `n` is the number the answer repeats."""

    n: int


class PlantFault(_Order, frozen=True, tag="plant"):
    """Put a fault to work; the answer names it."""

    fault: Fault


class LiftFault(_Order, frozen=True, tag="lift"):
    """End a fault, or all of them."""

    id: int | None = None


class ListFaults(_Order, frozen=True, tag="faults"):
    """Tell which faults there are and how often they struck."""


Order = PlantFault | LiftFault | ListFaults


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to an order; `error` says why it was refused. `n` is -1 when it was not readable."""

    n: int
    error: str | None = None
    id: int | None = None
    faults: list[FaultState] = []
