"""Aggregation: records of a shard travel together as one record of Kinesis, as the KPL packs them.

A pack is sent when the next record does not fit in, or when its first one has waited for
RecordMaxBufferedTime. `naive` packs as people do who know the format and not its condition: across
shards. Such a pack goes to the shard of its first record, and whoever reads by the KCL's rule drops
all of it (awslabs/kinesis-aggregation, `potential_data_loss.md`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from generators.wire import Emitted
from streaming.producer.put import Put
from streaming.shards.kpl import Aggregator, UserRecord
from streaming.shards.packed import MOST_TOGETHER, RANGE_HEADER, range_text
from streaming.shards.plan import StreamPlan
from streaming.shards.route import Route, explicit_headers
from streaming.shards.shardmap import ShardMap

_ALL: Final = -1
"""Where records of all shards are packed together."""


class Packed(NamedTuple):
    """A finished pack, the shard it goes to, and when its first record came."""

    shard: int
    put: Put
    began: float


class _Pack:
    """One pack that is being filled, for a shard."""

    def __init__(self, shard: int, now: float) -> None:
        self.shard = shard
        self.began = now
        self.records: list[Emitted] = []
        self._aggregator = Aggregator(max_records=MOST_TOGETHER)
        self.payload = 0
        self.waited_s = 0.0
        self._explicit: int | None = None

    def add(self, route: Route, record: Emitted, now: float) -> bool:
        """Whether the record still fits in."""
        user = UserRecord((route.key or b"").decode(), route.explicit, record.value)
        if not self._aggregator.add(user):
            return False
        if not self.records:
            self._explicit = route.explicit
        self.records.append(record)
        self.payload += len(record.value)
        self.waited_s -= now  # until it is sent
        return True

    def put(self, shard_map: ShardMap, now: float) -> Put:
        """The finished pack, with the range of the shard it goes to."""
        blob = self._aggregator.finish()
        self.waited_s += now * len(self.records)
        if blob.count == 1:  # it is sent as it is, by its own key
            headers = explicit_headers(self._explicit)
        else:
            shard = shard_map.shards[self.shard]
            headers = explicit_headers(blob.explicit_hash_key)
            headers.append((RANGE_HEADER, range_text(shard.low, shard.high)))
        return blob.partition_key.encode(), blob.data, headers, tuple(self.records)


class Packer:
    """The packs of one stream. `now` is in seconds of any clock."""

    def __init__(self, plan: StreamPlan) -> None:
        assert plan.shard_map is not None  # noqa: S101 - aggregation is of the kinesis view
        self._map = plan.shard_map
        self._together = plan.aggregate == "naive"
        self._buffer_s = plan.buffer_ms / 1000
        self._packs: dict[int, _Pack] = {}
        self.packs = 0
        self.records = 0
        self.payload = 0
        self.bytes = 0
        self.waited_s = 0.0

    def __len__(self) -> int:
        """Records in packs that are not sent."""
        return sum(len(pack.records) for pack in self._packs.values())

    def add(self, route: Route, record: Emitted, now: float) -> Packed | None:
        """Take a record; returns a pack that had no room for it."""
        place, done = (_ALL if self._together else route.shard), None
        pack = self._packs.get(place)
        if pack is not None and not pack.add(route, record, now):
            done, pack = self._finish(place, now), None
        if pack is None:
            pack = self._packs[place] = _Pack(route.shard, now)
            pack.add(route, record, now)
        return done

    def due(self, now: float, *, all_: bool = False) -> Iterator[Packed]:
        """The packs that have waited long enough, or all of them."""
        for place, pack in list(self._packs.items()):
            if all_ or now - pack.began >= self._buffer_s:
                yield self._finish(place, now)

    def take_back(self) -> list[Emitted]:
        """The records of all packs that are not sent, the oldest pack first."""
        packs = sorted(self._packs.values(), key=lambda pack: pack.began)
        self._packs.clear()
        return [record for pack in packs for record in pack.records]

    def _finish(self, place: int, now: float) -> Packed:
        pack = self._packs.pop(place)
        put = pack.put(self._map, now)
        self.packs += 1
        self.records += len(pack.records)
        self.payload += pack.payload
        self.bytes += len(put[1])
        self.waited_s += pack.waited_s
        return Packed(pack.shard, put, pack.began)
