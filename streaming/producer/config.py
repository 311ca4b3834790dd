"""What the generator process is told."""

from __future__ import annotations

import msgspec

from generators.schedule import Planned
from streaming.broker.wire import Wire
from streaming.clock import LabClock
from streaming.shards.plan import StreamPlan


class ProducerConfig(msgspec.Struct, frozen=True):
    """What the generator process is told at its start; `duration_s` 0 means without end.

    `rate` and `duration_s` are by the wall clock, the times of `incidents` event time after
    `origin_ms`, when the lab's traffic first began.
    """

    engine: str
    kafka: Wire
    topics: dict[str, str]
    plans: tuple[StreamPlan, ...]
    seed: int
    rate: float
    shape: str
    incarnation: int
    duration_s: float
    clock: LabClock
    origin_ms: int
    incidents: tuple[Planned, ...] = ()
