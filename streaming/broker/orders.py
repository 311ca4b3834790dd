"""Orders to the embedded broker through the pipes it was started with: plant and lift faults."""

from __future__ import annotations

import asyncio
from typing import Final, NamedTuple

import msgspec

from streaming.broker.embedded.faults import Fault, FaultState
from streaming.broker.embedded.orders import Answer, LiftFault, ListFaults, Order, PlantFault

_ANSWER_S: Final = 5.0


class OrderError(Exception):
    """The broker did not take an order; the text says why."""


class AtWork(NamedTuple):
    """A planted fault's number, and the wall clock (ms) at which it ends by itself."""

    number: int
    until_at_ms: int


class Orders:
    """One broker process's control channel. Faults end with the process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._busy = asyncio.Lock()
        self._number = 0

    async def plant(self, fault: Fault) -> int:
        """Put a fault to work and return its number. Raises OrderError."""
        answer = await self._give(PlantFault(self._count(), fault))
        if answer.id is None:
            raise OrderError("The broker did not say which number the fault has.")
        return answer.id

    async def lift(self, number: int | None = None) -> list[FaultState]:
        """End one fault, or all, and return what there was. Raises OrderError."""
        return (await self._give(LiftFault(self._count(), number))).faults

    async def faults(self) -> list[FaultState]:
        """The faults at work, the last ones that ended, and how often they struck."""
        return (await self._give(ListFaults(self._count()))).faults

    def _count(self) -> int:
        self._number += 1
        return self._number

    async def _give(self, order: Order) -> Answer:
        async with self._busy:
            try:
                async with asyncio.timeout(_ANSWER_S):
                    answer = await self._exchange(order)
            except (OSError, ValueError, msgspec.MsgspecError) as error:
                raise OrderError(f"The embedded broker gives no answer: {error!r}.") from error
        if answer.error is not None:
            raise OrderError(f"The embedded broker refuses: {answer.error}.")
        return answer

    async def _exchange(self, order: Order) -> Answer:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise OSError("it was started without pipes")
        stdin.write(msgspec.json.encode(order) + b"\n")
        await stdin.drain()
        while True:
            line = await stdout.readline()
            if not line:
                raise OSError("it has ended")
            answer = msgspec.json.decode(line, type=Answer)
            # An order given up on may have left its answer in the pipe.
            if answer.n in (order.n, -1):
                return answer
