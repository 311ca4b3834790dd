"""The group's members with what their shards say of them together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from streaming.lab.series import LagStatus
from streaming.lab.snapshot import ConsumerView, LabSnapshot
from streaming.lab.stream_snapshot import ShardView
from tui.views.columns import BURROW_STYLES

T = TypeVar("T")


@dataclass(frozen=True)
class Member:
    """A consumer and the listed shards it owns, each under its name ("clicks/3").

    `lag` is the sum over its shards, `lag_ms` and `clear_s` are those of the shard that is furthest
    behind, `status` is the worst. None: it has no shards, or of one of them it is not known.
    """

    view: ConsumerView
    shards: tuple[tuple[str, ShardView], ...]

    @property
    def lag(self) -> int | None:
        """Records of its shards that are not stored."""
        lags = _known([shard.lag for _, shard in self.shards])
        return None if lags is None else sum(lags)

    @property
    def lag_ms(self) -> float | None:
        """Age of the oldest record of its shards that is not stored."""
        return max(_known([shard.lag_ms for _, shard in self.shards]) or (), default=None)

    @property
    def clear_s(self) -> float | None:
        """Seconds until its last shard has no lag, infinity when that is never."""
        return max(_known([shard.clear_s for _, shard in self.shards]) or (), default=None)

    @property
    def status(self) -> LagStatus | None:
        """The worst of its shards, by Burrow's rules."""
        order = list(BURROW_STYLES)
        known = [s.status for _, s in self.shards if s.status in order]
        return max(known, key=lambda status: order.index(str(status)), default=None)


def _known(values: Sequence[T | None]) -> list[T] | None:
    """The values, None when one of them is not known or there are none."""
    known = [value for value in values if value is not None]
    return known if known and len(known) == len(values) else None


def members(snapshot: LabSnapshot) -> tuple[Member, ...]:
    """All consumers of a snapshot, those without shards too."""
    shards = {f"{stream.name}/{s.id}": s for stream in snapshot.streams for s in stream.shards}
    return tuple(
        Member(view, tuple((name, shards[name]) for name in view.shards if name in shards))
        for view in snapshot.consumers
    )
