"""What the generator process is told."""

from __future__ import annotations

import msgspec

from streaming.broker.connection import Wire


class ProducerConfig(msgspec.Struct, frozen=True):
    """What the generator process is told at its start; `duration_s` 0 means without end."""

    engine: str
    kafka: Wire
    topics: dict[str, str]
    key: str
    seed: int
    rate: float
    shape: str
    incarnation: int
    duration_s: float
