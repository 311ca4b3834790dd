"""Which keys a change of the shards moves: foretold when it is made, measured when it is done.

Only for a key that keeps its records together before and after: of others each record goes its
own way. Old records stay where they are, so a key that moved has its order in two places.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import msgspec

from streaming.lab.tail import tail_records
from streaming.shards.keys import shop
from streaming.shards.moved import moved_keys
from streaming.shards.places import places_of
from streaming.shards.plan import StreamPlan
from streaming.store.epochs import Epoch, MovedKeys
from streaming.verify import VerifyError
from streaming.verify.log import LogRecord

if TYPE_CHECKING:
    from streaming.lab.engine import Engine

NEWEST: Final = 20_000
"""Records that are looked at, before and after."""

_FEW: Final = 1000
"""With fewer of the present epoch, those before it count too."""

_ENOUGH: Final = 5000
_LATEST_S: Final = 15.0
_LOOK_S: Final = 0.5
_READ_S: Final = 3.0


class Moves:
    """Looks at a stream's newest records before and after its shards changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tasks: set[asyncio.Task[None]] = set()

    async def recent(self, stream: str) -> list[LogRecord]:
        """The newest records, if there are enough of them those of the present epoch alone.

        Empty when the log cannot be read soon: a change waits for it.
        """
        engine = self._engine
        try:
            async with asyncio.timeout(_READ_S):
                records = await tail_records(
                    engine.backend.connection, engine.topics, stream, NEWEST
                )
        except (VerifyError, TimeoutError):
            return []
        present = self._of_present(stream, records)
        return present if len(present) >= _FEW else records

    def _of_present(self, stream: str, records: Sequence[LogRecord]) -> list[LogRecord]:
        assert self._engine.store is not None  # noqa: S101 - there are records
        epochs = self._engine.store.epochs
        epoch = epochs.current(stream)
        if epoch is None:
            return list(records)
        starts = epoch.starts
        return [record for record in records if record.offset >= starts.get(record.shard, 0)]

    def foretell(
        self, old: StreamPlan, new: StreamPlan, recent: Sequence[LogRecord]
    ) -> MovedKeys | None:
        """What the change will move, by where the newest records are now; None: cannot be told."""
        if old.key != new.key or not shop(old.key).ordered or old.open_ids == new.open_ids:
            return None
        keys = [record.key for record in recent if record.key is not None]
        before = {record.key: record.shard for record in recent if record.key is not None}
        places = places_of(new)
        after = {key: places[key.decode("utf-8", "replace")][0] for key in before}
        share, count = moved_keys(before, after, Counter(keys))
        if not count:
            return None
        return MovedKeys(before, share.keys, share.records)

    def watch(self, epoch: Epoch) -> None:
        """Measure what moved once the new epoch has enough records."""
        if epoch.moved is not None:
            task = asyncio.create_task(self._measure(epoch, epoch.moved))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _measure(self, epoch: Epoch, moved: MovedKeys) -> None:
        engine, stream = self._engine, epoch.plan.stream
        waited = 0.0
        while waited < _LATEST_S and self._records(epoch) < _ENOUGH:
            await asyncio.sleep(_LOOK_S)
            waited += _LOOK_S
        if epoch.ended_ms is not None:
            return
        records = self._of_present(stream, await self.recent(stream))
        keys = [record.key for record in records if record.key is not None]
        after = {record.key: record.shard for record in records if record.key is not None}
        share, count = moved_keys(moved.before, after, Counter(keys))
        if not count:
            return
        epoch.moved = msgspec.structs.replace(
            moved, before={}, measured=share.keys, measured_records=share.records, compared=count
        )
        text = (
            f"{stream} epoch {epoch.plan.epoch}: {share.keys:.1%} of {count:,} keys moved "
            f"({moved.keys:.1%} foretold); their older records stay where they were"
        )
        engine.journal.add("info", "moved", text)

    def _records(self, epoch: Epoch) -> int:
        ends = self._engine.meter.ends()
        return sum(
            max(0, ends.get((epoch.plan.stream, id_), 0) - epoch.begin(id_))
            for id_ in epoch.plan.open_ids
        )

    def close(self) -> None:
        """Measure nothing more."""
        for task in self._tasks:
            task.cancel()
