"""What the embedded broker can be asked to do wrong for a while, by names that people remember."""

from __future__ import annotations

from typing import Final, NamedTuple

from streaming.broker.embedded.faults import (
    Drop,
    Fault,
    Latency,
    Pause,
    Refuse,
    Tear,
    Throttle,
)
from streaming.broker.embedded.keys import ApiKey

NOT_LEADER: Final = 6
"""NOT_LEADER_OR_FOLLOWER of the protocol guide: a client asks again after a look at the cluster."""

SHORTEST_S: Final = 0.5
LONGEST_S: Final = 300.0
"""Longer, and producers would give up what the broker never answered."""


class Mischief(NamedTuple):
    """A fault and what it does, in one line."""

    text: str
    fault: Fault


MISCHIEF: Final[dict[str, Mischief]] = {
    "slow": Mischief(
        "every write and read is answered 300 ms late",
        Fault(effect=Latency(ms=300), apis=(ApiKey.PRODUCE, ApiKey.FETCH)),
    ),
    "throttle": Mischief(
        "each tenth write is throttled for a second, as by a quota",
        Fault(effect=Throttle(ms=1_000), apis=(ApiKey.PRODUCE,), every=10),
    ),
    "refuse": Mischief(
        "each third write is refused (not the leader); the producer asks again",
        Fault(effect=Refuse(code=NOT_LEADER), apis=(ApiKey.PRODUCE,), every=3),
    ),
    "lost_answers": Mischief(
        "each tenth write is done, its answer lost: sent again, it must not count twice",
        Fault(effect=Drop(carried_out=True), apis=(ApiKey.PRODUCE,), every=10),
    ),
    "torn_answers": Mischief(
        "each tenth read breaks off in the middle of its answer",
        Fault(effect=Tear(after_bytes=64), apis=(ApiKey.FETCH,), every=10),
    ),
    "pause": Mischief(
        "nothing is begun or answered, as by a server that is stopped",
        Fault(effect=Pause()),
    ),
}
"""Name to what happens; each lasts as long as it is asked for, and ends with the broker."""
