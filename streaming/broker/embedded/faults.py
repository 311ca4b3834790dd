"""Faults the server is asked to show: which requests they strike, and what becomes of those.

Only the process that started the server can plant one (see `control`). A fault strikes between
the wire and the handlers, so logs and groups never hold anything a real server could not hold.
"""

from __future__ import annotations

import asyncio
import fnmatch
from collections import deque
from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec

from streaming.broker.embedded.keys import ApiKey
from streaming.broker.embedded.member import Clock, Timer

_MOST: Final = 50  # faults at work
_REMEMBERED: Final = 20  # finished faults whose counts can still be asked for

Ms = Annotated[int, msgspec.Meta(ge=0, le=86_400_000)]
Count = Annotated[int, msgspec.Meta(ge=1)]


class _Effect(msgspec.Struct, frozen=True, tag_field="kind", forbid_unknown_fields=True):
    """Base of what a fault does."""


class Latency(_Effect, frozen=True, tag="latency"):
    """The request is carried out, its answer is held for `ms` milliseconds."""

    ms: Ms


class Throttle(_Effect, frozen=True, tag="throttle"):
    """The answer says `throttle_time_ms`, and as long nothing more is read (KIP-219)."""

    ms: Ms


class Refuse(_Effect, frozen=True, tag="error"):
    """The answer says that error, for each matching partition where the API has partitions.

    `code` is any of the protocol guide's. The request is not carried out for what is refused,
    unless `carried_out`: then only its answer lies, as when a replica fails after the append.
    """

    code: Annotated[int, msgspec.Meta(ge=-1, le=32767)]
    carried_out: bool = False


class Drop(_Effect, frozen=True, tag="drop"):
    """The connection is closed instead of an answer, after or without doing what was asked."""

    carried_out: bool = True


class Tear(_Effect, frozen=True, tag="tear"):
    """The request is carried out, the connection closed after so many bytes of the answer.

    Bytes count from the start of the frame, its four bytes of length included.
    """

    after_bytes: Annotated[int, msgspec.Meta(ge=0)]


class Pause(_Effect, frozen=True, tag="pause"):
    """Neither begun nor answered until the fault is lifted, as by a server that is stopped."""


Effect = Latency | Throttle | Refuse | Drop | Tear | Pause


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens (`effect`) to which requests, and how often. Empty means: to all of them.

    `topics` and `partitions` match requests that name one of those; `client_ids` are patterns as
    of a shell. The fault strikes each `every`th matching request, ends after `times` strikes and
    at the latest `for_ms` milliseconds after it was planted.
    """

    effect: Effect
    apis: tuple[ApiKey, ...] = ()
    topics: tuple[str, ...] = ()
    partitions: tuple[int, ...] = ()
    client_ids: tuple[str, ...] = ()
    every: Count = 1
    times: Count | None = None
    for_ms: Count | None = None

    def names(self, topic: str, partition: int | None) -> bool:
        """Whether this partition (None: the topic as a whole) is among those it is for."""
        if self.topics and topic not in self.topics:
            return False
        return not self.partitions or partition is None or partition in self.partitions

    def matches(self, key: int, client_id: str, request: object) -> bool:
        """Whether a request is one of those it is for."""
        if self.apis and key not in self.apis:
            return False
        if self.client_ids and not any(
            fnmatch.fnmatchcase(client_id, pattern) for pattern in self.client_ids
        ):
            return False
        if not self.topics and not self.partitions:
            return True
        return any(self.names(*part) for part in named_partitions(request))


class FaultState(msgspec.Struct, frozen=True, kw_only=True):
    """A fault and how often it struck; `active` until it has ended or was lifted."""

    id: int
    fault: Fault
    struck: int
    active: bool


class Planted:
    """A fault at work. `held` are the requests it holds back."""

    def __init__(self, number: int, fault: Fault) -> None:
        self.id = number
        self.fault = fault
        self.seen = 0
        self.struck = 0
        self.ended = False
        self.held: set[asyncio.Future[None]] = set()
        self.timer: Timer | None = None

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it may."""
        return self.fault.times is not None and self.struck >= self.fault.times

    def strikes(self, key: int, client_id: str, request: object) -> bool:
        """Whether it strikes this request; counts."""
        if self.spent or not self.fault.matches(key, client_id, request):
            return False
        self.seen += 1
        if self.seen % self.fault.every:
            return False
        self.struck += 1
        return True

    def state(self, *, active: bool) -> FaultState:
        """What can be told of it."""
        return FaultState(id=self.id, fault=self.fault, struck=self.struck, active=active)


class Faults:
    """All faults at work. False when there are none: then a request costs one look at this."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._planted: dict[int, Planted] = {}
        self._ended: deque[FaultState] = deque(maxlen=_REMEMBERED)
        self.next_number = 1

    def __bool__(self) -> bool:
        return bool(self._planted)

    @property
    def full(self) -> bool:
        """Whether there are so many that another one is not taken."""
        return len(self._planted) >= _MOST

    def plant(self, fault: Fault) -> int:
        """Put a fault to work and return its number."""
        planted = Planted(self.next_number, fault)
        self.next_number += 1
        self._planted[planted.id] = planted
        if fault.for_ms is not None:
            planted.timer = self._clock.call_later(fault.for_ms / 1000, self._end, planted)
        return planted.id

    def lift(self, number: int | None = None) -> None:
        """End one fault, or all; requests held back go on. Unknown numbers are no error."""
        for planted in list(self._planted.values()):
            if number in (None, planted.id):
                self._end(planted)

    def states(self) -> list[FaultState]:
        """All at work and the last ones that ended, in the order they were planted."""
        at_work = [planted.state(active=True) for planted in self._planted.values()]
        return sorted([*self._ended, *at_work], key=lambda state: state.id)

    def striking(self, key: int, client_id: str, request: object) -> list[Planted]:
        """The faults that strike this request. A spent one ends, but for a pause: it holds on."""
        struck = [p for p in self._planted.values() if p.strikes(key, client_id, request)]
        for planted in struck:
            if planted.spent and not isinstance(planted.fault.effect, Pause):
                self._end(planted)
        return struck

    def pauses_since(self, number: int, key: int, client_id: str, request: object) -> list[Planted]:
        """The pauses planted as `number` or later that strike this request."""
        return [
            planted
            for planted in self._planted.values()
            if planted.id >= number
            and isinstance(planted.fault.effect, Pause)
            and planted.strikes(key, client_id, request)
        ]

    def _end(self, planted: Planted) -> None:
        if planted.ended:
            return
        planted.ended = True
        del self._planted[planted.id]
        if planted.timer is not None:
            planted.timer.cancel()
        self._ended.append(planted.state(active=False))
        for waiting in planted.held:
            if not waiting.done():
                waiting.set_result(None)


def named_partitions(request: Any) -> Iterator[tuple[str, int | None]]:
    """Topics and partitions a request names; the partition is None where it names only a topic."""
    for topic in getattr(request, "topics", None) or getattr(request, "names", None) or ():
        if isinstance(topic, str):
            yield topic, None
            continue
        parts = getattr(topic, "partitions", None)
        if parts is None:
            yield topic.name, None
            continue
        for part in parts:
            yield topic.name, part if isinstance(part, int) else part.index
