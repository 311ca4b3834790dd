"""What a consumer process is told."""

from __future__ import annotations

import msgspec

from streaming.broker.wire import Wire
from streaming.clock import LabClock
from streaming.lab.assignors import Assignor


class WorkerConfig(msgspec.Struct, frozen=True):
    """What a consumer process is told at its start. `topics` maps stream to topic."""

    name: str
    engine: str
    kafka: Wire
    group: str
    topics: dict[str, str]
    dead_letter_topic: str
    lateness_ms: int
    flush_ms: int
    session_timeout_ms: int
    assignor: Assignor
    store_clicks: bool
    clock: LabClock
    whole_batches: bool = True
