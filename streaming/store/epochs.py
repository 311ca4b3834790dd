"""The epochs of each stream: which plan held from which offset of each shard on.

Kept in memory beside the store and written with it. A record's epoch follows from its offset.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import msgspec

from streaming.shards.plan import StreamPlan
from streaming.shards.whatif import Row
from streaming.store.ledger import Progress

FIRST = 1


class Measured(msgspec.Struct, frozen=True):
    """What an epoch did, for the comparison with the next: records of each shard of `ids`.

    `seconds` is how long it lasted; `throttled` counts refusals; `hottest_load` is the busiest
    shard's part of its limit (1.0 is the limit), None without limits.
    """

    records: int
    seconds: float
    ids: tuple[int, ...]
    counts: tuple[int, ...]
    throttled: int
    distinct_keys: float | None
    hottest_load: float | None = None


class MovedKeys(msgspec.Struct, frozen=True):
    """What a change of the shards moves: shares (0 to 1) of the keys and of their records.

    `keys` and `records` are foretold from `before`, the shard of each key; `measured` ones are of
    `compared` keys seen again (None, 0: not yet).
    """

    before: dict[bytes, int]
    keys: float
    records: float
    measured: float | None = None
    measured_records: float | None = None
    compared: int = 0


class Epoch(msgspec.Struct):
    """One plan and where it began. `starts` lacks the shards that began empty.

    `predicted` is what was expected of the plan before it held: the row of a what-if.
    """

    plan: StreamPlan
    began_ms: int
    why: str
    starts: dict[int, int]
    ended_ms: int | None = None
    inversions: int = 0
    predicted: Row | None = None
    measured: Measured | None = None
    moved: MovedKeys | None = None
    """Not stored: the journal has it in words."""
    stored: dict[int, tuple[int, int]] = {}
    """Bytes and offset of each shard in the store when the epoch began; of this engine's only."""

    def begin(self, shard: int) -> int:
        """The first offset of this epoch in a shard."""
        return self.starts.get(shard, 0)

    def mean_bytes(self, shard: int, progress: Progress) -> float:
        """The mean size of the log's records of a shard since the epoch began, 0 before any."""
        size, offset = self.stored.get(shard, (0, 0))
        count = progress.next_offset - offset
        return (progress.bytes - size) / count if count > 0 else 0.0


class Epochs:
    """All epochs of all streams, oldest first."""

    def __init__(self) -> None:
        self.by_stream: dict[str, list[Epoch]] = {}
        self._changed: set[tuple[str, int]] = set()

    def of(self, stream: str) -> Sequence[Epoch]:
        """All epochs of a stream, oldest first."""
        return self.by_stream.get(stream, ())

    def current(self, stream: str) -> Epoch | None:
        """The epoch that holds, None before the first."""
        epochs = self.of(stream)
        return epochs[-1] if epochs else None

    def at(self, stream: str, shard: int, offset: int) -> int:
        """The epoch of a record. Records that are older than every epoch count for the first."""
        epoch = self.find(stream, shard, offset)
        return FIRST if epoch is None else epoch.plan.epoch

    def find(self, stream: str, shard: int, offset: int) -> Epoch | None:
        """The epoch of a record with its plan, None of one that is older than every epoch."""
        return next((e for e in reversed(self.of(stream)) if offset >= e.begin(shard)), None)

    def count_inversion(self, stream: str, shard: int, offset: int) -> None:
        """Count this record among the inversions of its epoch."""
        epoch = self.find(stream, shard, offset)
        if epoch is not None:
            epoch.inversions += 1
            self._changed.add((stream, epoch.plan.epoch))

    def load(self, con: duckdb.DuckDBPyConnection) -> None:
        """Read what the store holds."""
        rows = con.execute(
            "SELECT plan, epoch_ms(began_at), epoch_ms(ended_at), why, inversions, predicted, "
            "measured FROM epochs ORDER BY stream, epoch"
        ).fetchall()
        for plan, began, ended, why, inversions, predicted, measured in rows:
            epoch = Epoch(
                msgspec.json.decode(plan, type=StreamPlan), began, why, {}, ended, inversions,
                _row(predicted), msgspec.json.decode(measured, type=Measured | None),
            )  # fmt: skip
            self.by_stream.setdefault(epoch.plan.stream, []).append(epoch)
        starts = con.execute("SELECT stream, epoch, shard, first_offset FROM epoch_starts")
        for stream, number, shard, first in starts.fetchall():
            for epoch in self.by_stream[stream]:
                if epoch.plan.epoch == number:
                    epoch.starts[shard] = first

    def begin(
        self, con: duckdb.DuckDBPyConnection, epoch: Epoch, measured: Measured | None
    ) -> None:
        """End the stream's epoch, of which `measured` is what it did, and begin this one.

        Inside the caller's transaction.
        """
        plan = epoch.plan
        last = self.current(plan.stream)
        if last is not None:
            last.ended_ms, last.measured = epoch.began_ms, measured
            con.execute(
                "UPDATE epochs SET ended_at = make_timestamp_ms(?), measured = ? "
                "WHERE stream = ? AND epoch = ?",
                [last.ended_ms, _json(measured), plan.stream, last.plan.epoch],
            )
        con.execute(
            "INSERT INTO epochs VALUES (?, ?, make_timestamp_ms(?), NULL, ?, ?, ?, ?, 0, ?, ?, ?)",
            [plan.stream, plan.epoch, epoch.began_ms, plan.key, plan.view, plan.shards, epoch.why,
             _json(epoch.predicted), _json(None), _json(plan)],
        )  # fmt: skip
        for shard, first in epoch.starts.items():
            con.execute(
                "INSERT INTO epoch_starts VALUES (?, ?, ?, ?)",
                [plan.stream, plan.epoch, shard, first],
            )
        self.by_stream.setdefault(plan.stream, []).append(epoch)

    def replan(self, con: duckdb.DuckDBPyConnection, plan: StreamPlan) -> None:
        """Replace the present plan of a stream, inside the caller's transaction."""
        self.by_stream[plan.stream][-1].plan = plan
        con.execute(
            "UPDATE epochs SET plan = ? WHERE stream = ? AND epoch = ?",
            [_json(plan), plan.stream, plan.epoch],
        )

    def write(self, con: duckdb.DuckDBPyConnection) -> None:
        """Write the counts that changed, inside the caller's transaction."""
        for stream, number in self._changed:
            (count,) = (
                e.inversions for e in self.by_stream[stream] if e.plan.epoch == number
            )  # fmt: skip
            con.execute(
                "UPDATE epochs SET inversions = ? WHERE stream = ? AND epoch = ?",
                [count, stream, number],
            )
        self._changed.clear()


def starts_of(ends: Mapping[int, int]) -> dict[int, int]:
    """Where an epoch begins when the shards end there."""
    return {shard: end for shard, end in ends.items() if end}


def _row(text: str) -> Row | None:
    return msgspec.json.decode(text, type=Row | None) if text else None


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
