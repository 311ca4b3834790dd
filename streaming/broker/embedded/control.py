"""Orders from the process that started the server: JSON lines on its standard input.

Each order is answered with one JSON line on standard output that repeats its number `n`. Only
the parent holds the other ends of these pipes, so no client can plant a fault.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from streaming.broker.embedded.faults import Fault, Faults, Refuse
from streaming.broker.embedded.keys import ApiKey
from streaming.broker.embedded.orders import Answer, LiftFault, Order, PlantFault
from streaming.broker.embedded.refusals import REFUSABLE

_LONGEST_LINE: Final = 256 * 1024


class Control:
    """Takes the bytes of standard input as they come and says one line for each order."""

    def __init__(self, faults: Faults, say: Callable[[str], None]) -> None:
        self._faults = faults
        self._say = say
        self._rest = b""
        self._decoder = msgspec.json.Decoder(Order)

    def feed(self, data: bytes) -> None:
        """Carry out all orders that are whole."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_LINE:
            self._rest = b""
        for line in lines:
            if line.strip():
                self._say(msgspec.json.encode(self._obey(line)).decode())

    def _obey(self, line: bytes) -> Answer:
        try:
            order = self._decoder.decode(line)
        except msgspec.MsgspecError as error:
            return Answer(n=-1, error=f"this is no order: {error}")
        if isinstance(order, PlantFault):
            problem = self._why_not(order.fault)
            if problem is not None:
                return Answer(n=order.n, error=problem)
            return Answer(n=order.n, id=self._faults.plant(order.fault))
        if isinstance(order, LiftFault):
            self._faults.lift(order.id)
        return Answer(n=order.n, faults=self._faults.states())

    def _why_not(self, fault: Fault) -> str | None:
        """Why a fault cannot be shown, or None."""
        if self._faults.full:
            return "there are too many faults already; lift some"
        if not isinstance(fault.effect, Refuse):
            return None
        wrong = [ApiKey(key).name for key in fault.apis if key not in REFUSABLE]
        if fault.apis and not wrong:
            return None
        can = ", ".join(sorted(ApiKey(key).name for key in REFUSABLE))
        but = f"; not in {', '.join(wrong)}" if wrong else ""
        return f"an error can be planted only in named APIs of these: {can}{but}"
