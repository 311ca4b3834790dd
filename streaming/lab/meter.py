"""Rates, lag and shares per shard, measured from log positions and stored offsets.

Every number comes from two facts per shard, sampled together: where the log ends (asked of the
broker) and where the store stands. What was not measured is None.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Final

from streaming.lab.series import LagStatus, Series
from streaming.lab.snapshot import RatePoint
from streaming.lab.stream_snapshot import ShardState, ShardView, SkewView, StreamView
from streaming.lag.burrow import GroupStatus, Status, group_status
from streaming.shards import skew
from streaming.shards.shardmap import ShardMap
from streaming.store.ledger import Ledger, Shard

SHARE_WINDOW_S: Final = 10.0
HISTORY_S: Final = 300
HOT: Final = 2.0
WARM: Final = 1.4
"""A shard with this many times its even share of the records is hot, or warm."""

STALLED_S: Final = 10.0


class Meter:
    """Takes samples and makes stream views and the rates' history from them."""

    def __init__(self, shards: dict[str, int], idle_s: float) -> None:
        self._idle_s = idle_s
        self._series: dict[Shard, Series] = {}
        self.resize(shards)
        self._history: deque[RatePoint] = deque(maxlen=HISTORY_S)
        self._last_point = -math.inf
        self._silent_at = -math.inf
        self._marks: list[str] = []
        self.fresh = False
        """Whether the last sample could be taken."""

    def resize(self, shards: dict[str, int]) -> None:
        """Watch these numbers of shards from now on."""
        self._shards = shards
        for stream, count in shards.items():
            for number in range(count):
                self._series.setdefault((stream, number), Series())

    def sample(self, now: float, ends: dict[Shard, int] | None, ledger: Ledger) -> None:
        """Take one sample at monotonic time `now`; `ends` None means the broker did not answer."""
        self.fresh = ends is not None
        if not self.fresh:
            self._silent_at = now
        for shard, end in (ends or {}).items():
            series = self._series.setdefault(shard, Series())
            stored = ledger.shard(*shard).next_offset
            series.add(now, max(end, stored), stored)
            owner = ledger.owners.get(shard)
            if owner != series.owner:
                series.owner, series.owned_at = owner, now

    def ends(self) -> dict[Shard, int]:
        """Where the logs ended at the last sample."""
        return {shard: s.samples[-1][1] for shard, s in self._series.items() if s.samples}

    def idle(self, now: float) -> set[Shard]:
        """Shards with nothing to read and nothing new for a while.

        None while the broker does not answer: what came meanwhile is not known.
        """
        if not self.fresh:
            return set()
        return {
            shard
            for shard, series in self._series.items()
            if series.samples
            and series.samples[-1][1] == series.samples[-1][2]
            and now - series.moved_at >= self._idle_s
        }

    def mark(self, text: str) -> None:
        """Put a mark on the next point of the history."""
        self._marks.append(text)

    def point(self, now: float, now_ms: int) -> None:
        """Add a point to the history, once a second."""
        if now - self._last_point < 0.9:  # samples come twice a second, not on the dot
            return
        self._last_point = now
        rates = [series.rates(now) for series in self._series.values()]
        known = [rate for rate in rates if rate is not None]
        self._history.append(
            RatePoint(
                at_ms=now_ms,
                in_per_s=sum(r[0] for r in known) if known and self.fresh else None,
                out_per_s=sum(r[1] for r in known) if known and self.fresh else None,
                lag=self.lag() if self.fresh else None,
                mark="; ".join(self._marks),
            )
        )
        self._marks.clear()

    def stuck_owners(self, now: float, seconds: float, ledger: Ledger) -> set[str]:
        """Owners whose lagging shards have not moved in the store for so long.

        Only time in which the broker answered and the owner had the shard counts.
        """
        if now - self._silent_at < seconds:
            return set()
        lagging: set[str] = set()
        moving: set[str] = set()
        for shard, (_, owner) in list(ledger.owners.items()):
            series = self._series.get(shard)
            if series is None or not series.samples or shard in ledger.held:
                continue
            stored = series.samples[-1][2]
            if series.stuck(now, seconds) and now - series.owned_at >= seconds:
                lagging.add(owner)
            elif stored != series.before(now - seconds)[2]:
                moving.add(owner)
        return lagging - moving

    def history(self) -> tuple[RatePoint, ...]:
        """The last five minutes, one point a second."""
        return tuple(self._history)

    def lag(self) -> int | None:
        """Records in the logs that are not in the store, None before the first sample."""
        lags = [s.samples[-1][1] - s.samples[-1][2] for s in self._series.values() if s.samples]
        return sum(lags) if lags else None

    def lag_ms(self, now: float) -> float | None:
        """Age of the oldest record in any log that is not in the store."""
        ages = [a for s in self._series.values() if (a := s.lag_ms(now)) is not None]
        return max(ages, default=None)

    def stream(
        self,
        name: str,
        key: str,
        ledger: Ledger,
        watermark_ms: int | None,
        now: float,
        shard_map: ShardMap | None = None,
    ) -> StreamView:
        """One stream as it stands. With a shard map: its listed shards, and skew of open ones."""
        ids: Sequence[int] = range(self._shards[name])
        open_ids = ids
        if shard_map is not None:
            ids = [shard.id for shard in shard_map.listed]
            open_ids = [shard.id for shard in shard_map.open]
        arrived = {n: self._series[name, n].arrived(now, SHARE_WINDOW_S) for n in ids}
        total = sum(arrived.values())
        idle = self.idle(now)
        views = tuple(
            self._shard(
                (name, n), arrived[n] / total if total else None, len(open_ids), ledger, now,
                (name, n) in idle,
            )
            for n in ids
        )  # fmt: skip
        spread, loads = None, [arrived[n] for n in open_ids]
        if any(loads):
            spread = SkewView(skew.max_over_mean(loads), skew.gini(loads), skew.jain(loads))
        return StreamView(
            name=name,
            key=key,
            shards=views,
            skew=spread,
            in_per_s=_sum([v.in_per_s for v in views]),
            out_per_s=_sum([v.out_per_s for v in views]),
            lag=_sum_int([v.lag for v in views]),
            lag_ms=max((v.lag_ms for v in views if v.lag_ms is not None), default=None),
            watermark_at_ms=watermark_ms,
            status=_group([v.status for v in views]),
        )

    def _shard(
        self,
        shard: Shard,
        share: float | None,
        count: int,
        ledger: Ledger,
        now: float,
        idle: bool,
    ) -> ShardView:
        series, progress = self._series[shard], ledger.shard(*shard)
        rates = series.rates(now) if self.fresh else None
        _, end, stored = series.samples[-1] if series.samples else (0.0, None, None)
        waiting = None if end is None or stored is None else end - stored
        lag = waiting if self.fresh else None
        owner = ledger.owners.get(shard)
        return ShardView(
            id=shard[1],
            records=progress.records,
            bytes=progress.bytes,
            end_offset=end,
            stored_offset=progress.next_offset,
            share=share,
            in_per_s=rates[0] if rates else None,
            out_per_s=max(0.0, rates[1]) if rates else None,
            lag=lag,
            lag_ms=series.lag_ms(now) if self.fresh else None,
            iterator_age_ms=series.iterator_age_ms(now) if self.fresh else None,
            lag_per_s=series.lag_per_s(now) if self.fresh else None,
            status=series.status(now) if self.fresh else None,
            clear_s=_clear(lag, rates),
            trend=series.trend(now),
            heat=series.heat(now),
            owner=owner[1] if owner else None,
            state=self._state(series, waiting, share, count, owner is not None, now),
            watermark_at_ms=progress.watermark_ms,
            idle=idle,
        )

    def _state(
        self,
        series: Series,
        lag: int | None,
        share: float | None,
        count: int,
        owned: bool,
        now: float,
    ) -> ShardState:
        if lag is None:
            return "starting"
        if not owned:
            return "moving"
        if lag > 0 and series.stuck(now, STALLED_S):
            return "stalled"
        if share is not None and count > 1:
            if share * count >= HOT:
                return "hot"
            if share * count >= WARM:
                return "warm"
        return "ok"


def _group(statuses: Sequence[LagStatus | None]) -> GroupStatus | None:
    """The status of the group on a stream: the worst of its shards."""
    known: list[Status] = [s for s in statuses if s is not None and s != "NO COMMIT"]
    return group_status(known) if known else None


def _clear(lag: int | None, rates: tuple[float, float] | None) -> float | None:
    """Seconds to work off the lag at these rates."""
    if lag is None or rates is None:
        return None
    if lag == 0:
        return 0.0
    spare = rates[1] - rates[0]
    # A little lag at equal rates is the normal flow of handovers, not a queue that grows.
    if lag <= max(10.0, rates[1]):
        return lag / rates[1] if rates[1] > 0 else math.inf
    return lag / spare if spare > 0 else math.inf


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _sum_int(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
