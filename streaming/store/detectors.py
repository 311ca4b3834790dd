"""The detectors in the store: scores, models and how far each series is, in one transaction.

What a model needs to go on with the same bits is its last dump and the windows (or records) since
then, which the store has anyway. So a model is dumped only now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from zlib import crc32

import duckdb
import msgspec

from generators.wire import ORDERS
from streaming.anomaly.bank import Bank, Place, Scored, Series
from streaming.anomaly.model import Model
from streaming.anomaly.plan import Detecting
from streaming.anomaly.scores import Score
from streaming.anomaly.sealed import SnapshotDamaged
from streaming.anomaly.specification import VALUE
from streaming.lab.messages import Handover
from streaming.store import tables, writes
from streaming.store.measured import MeasuredPoint, last_place, make_room
from streaming.store.replay import judged_since, order_values
from streaming.store.scores import SCORES, is_kept, row_of, scored_of
from streaming.windows.points import Point, Track

Connection = duckdb.DuckDBPyConnection

DUMP_EVERY: Final = 256
"""Points of a series from one dump of its model to the next; of records more."""
DUMP_RECORDS_EVERY: Final = 4_096
MOST_SHOWN: Final = 60
"""Series that screens are told of."""


class ShownSeries(msgspec.Struct, frozen=True):
    """A series as it was after a transaction, for others to read meanwhile."""

    detecting: Detecting
    key: str
    newest: tuple[Scored, ...]
    anomalies: int
    warmed: tuple[int, int]
    in_memory: bool


class Detectors:
    """All detectors of one store, in memory beside the file."""

    def __init__(self, budget_bytes: int, say: Callable[[str], None]) -> None:
        """`say` tells people what happened to a model (a line of the journal)."""
        self._say = say
        self._con: Connection | None = None
        self.plan: tuple[Detecting, ...] = ()
        self.bank = Bank(budget_bytes, self._wake, self._put_away)
        self.shown: tuple[ShownSeries, ...] = ()

    # --- plans ------------------------------------------------------------------------------

    def follow(self, con: Connection, plan: Sequence[Detecting]) -> bool:
        """Go by these detectors, inside the caller's transaction; whether anything is new.

        A detector that is as it was goes on; another one begins empty.
        """
        old = {each.name: each for each in self.plan}
        self.plan = tuple(plan)
        now = {each.name: each for each in plan}
        for name in old.keys() - {n for n in now if now[n] == old.get(n)}:
            for id_ in [id_ for id_ in self.bank.series if id_[0] == name]:
                self.bank.forget(id_)
        stays = [each.definition for each in plan]
        con.execute("DELETE FROM detector_models WHERE NOT list_contains(?, definition)", [stays])
        self._show()
        return old != now

    def load(self, con: Connection, plan: Sequence[Detecting], tracks: Mapping[Any, Track]) -> None:
        """Take the series of these detectors from the store. Their models wake when needed."""
        self.plan = tuple(plan)
        rows = con.execute(
            "SELECT detector, key, definition, last_ms FROM detector_models"
        ).fetchall()
        known = {each.name: each for each in plan}
        for name, key, definition, last_ms in rows:
            detecting = known.get(name)
            if detecting is None or detecting.definition != definition:
                continue
            place = self._place(con, detecting, key, tracks, Place(last_ms))
            series = Series(detecting, key, place)
            self.bank.series[series.id] = series
        self._load_newest(con)
        self._show()

    def _show(self) -> None:
        places = {each.name: i for i, each in enumerate(self.plan)}
        series = sorted(self.bank.series.values(), key=lambda s: (places[s.id[0]], s.key))
        self.shown = tuple(
            ShownSeries(
                s.detecting, s.key, tuple(s.newest), s.anomalies, s.warmed, s.model is not None
            )
            for s in series[:MOST_SHOWN]
        )

    @staticmethod
    def _place(
        con: Connection, detecting: Detecting, key: str, tracks: Mapping[Any, Track], begun: Place
    ) -> Place:
        if detecting.metric:
            return last_place(con, detecting, key, begun)
        if detecting.stream:
            row = con.execute(
                'SELECT "offset", sub FROM events_orders WHERE shard = ? '
                'ORDER BY "offset" DESC, sub DESC LIMIT 1',
                [int(key)],
            ).fetchone()
            return Place(offset=row[0], sub=row[1]) if row else Place()
        track = tracks.get((detecting.window, detecting.generation, key), Track())
        return Place(track.last_ms, track.silent)

    def _load_newest(self, con: Connection) -> None:
        names = ", ".join(f's."{field.name}"' for field in SCORES if field.name != "window_end")
        rows = con.execute(
            f"SELECT {names}, epoch_ms(window_end) FROM anomaly s "  # noqa: S608
            "QUALIFY row_number() OVER (PARTITION BY detector, key ORDER BY window_end DESC) <= 60 "
            "ORDER BY window_end"
        ).fetchall()
        columns = [field.name for field in SCORES if field.name != "window_end"]
        for *cells, at_ms in rows:
            row = dict(zip(columns, cells, strict=True))
            series = self.bank.series.get((row["detector"], row["key"]))
            if series is not None:
                series.keep(scored_of(row, at_ms))

    # --- scoring ----------------------------------------------------------------------------

    def write(
        self,
        con: Connection,
        points: Iterable[Point],
        accepted: Sequence[Handover],
        measured: Iterable[MeasuredPoint] = (),
    ) -> list[Scored]:
        """Judge what is new and store it, inside the caller's transaction."""
        self._con = con
        scored = [
            *self._of_points(points), *self._of_records(accepted), *self._of_measured(measured)
        ]  # fmt: skip
        plans = {each.name: each for each in self.plan}
        rows = [row_of(plans[s.detector], s) for s in scored]
        kept = [row for row, s in zip(rows, scored, strict=True) if is_kept(s)]
        if kept:
            writes.insert(con, "anomaly", tables.table(SCORES, kept))
        for id_ in {(s.detector, s.key) for s in scored}:
            series = self.bank.series.get(id_)
            if series is None:
                continue  # Another one of the same transaction has its place.
            every = DUMP_RECORDS_EVERY if series.detecting.stream else DUMP_EVERY
            # Each series at another time, so that no transaction has to dump them all.
            if series.model is not None and series.since >= every + _spread(series):
                self._put_away(series)
        if scored:
            self._show()
        return scored

    def _of_points(self, points: Iterable[Point]) -> Iterator[Scored]:
        by_window: dict[tuple[str, int], list[Detecting]] = {}
        for each in self.plan:
            if each.window:
                by_window.setdefault((each.window, each.generation), []).append(each)
        for point in points:
            for detecting in by_window.get((point.window, point.generation), ()):
                before = Place(point.end_ms - max(1, detecting.step_ms), max(0, point.silent - 1))
                yield self._judge(self._series(detecting, point.key, before), point)

    def _judge(self, series: Series, point: Point) -> Scored:
        place = Place(point.end_ms, point.silent)
        if point.asleep:
            series.place = place
            score = Score("MISSING", reason="nothing for a long time: it sleeps until there is")
            empty = (None,) * len(series.detecting.columns)
            scored = Scored(*series.id, point.end_ms, empty, score, place)
            series.keep(scored)
            return scored
        row = series.detecting.row(point.values or {})
        return self.bank.score(series, point.end_ms, row, place)

    def _of_records(self, accepted: Sequence[Handover]) -> Iterator[Scored]:
        judging = [each for each in self.plan if each.stream == ORDERS]
        if not judging:
            return
        raw = [row for handover in accepted for row in handover.raw if row.stream == ORDERS]
        for row in sorted(raw, key=lambda r: (r.shard, r.offset, r.sub)):
            at_ms, values = order_values(row.value)
            for detecting in judging:
                series = self._series(detecting, str(row.shard), Place(offset=row.offset - 1))
                place = Place(offset=row.offset, sub=row.sub)
                yield self.bank.score(series, at_ms, detecting.row(values), place)

    def _of_measured(self, measured: Iterable[MeasuredPoint]) -> Iterator[Scored]:
        for point in measured:
            for detecting in self.plan:
                if detecting.metric != point.metric:
                    continue
                if (detecting.name, point.key) not in self.bank.series:
                    for old in list(make_room(self.bank, detecting)):
                        self._end(old)
                before = Place(point.end_ms - detecting.step_ms)
                series = self._series(detecting, point.key, before)
                if point.end_ms > (series.place.last_ms or 0):  # The wall clock may be set back.
                    row = detecting.row({VALUE: point.value})
                    yield self.bank.score(series, point.end_ms, row, Place(point.end_ms))

    def _end(self, series: Series) -> None:
        assert self._con is not None  # noqa: S101
        self.bank.forget(series.id)
        self._con.execute(
            "DELETE FROM detector_models WHERE detector = ? AND key = ?", [*series.id]
        )

    def _series(self, detecting: Detecting, key: str, before: Place) -> Series:
        """The series; a new one begins after `before`."""
        series = self.bank.series.get((detecting.name, key))
        if series is None:
            series = self.bank.series[detecting.name, key] = Series(detecting, key, before)
            self._store(series, None)
        return series

    # --- models -----------------------------------------------------------------------------

    def _wake(self, series: Series) -> Model:
        """The model as it was at the series' place: its last dump, and what came since."""
        assert self._con is not None  # noqa: S101
        detecting = series.detecting
        model = Model(detecting.model, detecting.seed(series.key))
        row = self._con.execute(
            'SELECT last_ms, silent, "offset", sub, model FROM detector_models '
            "WHERE detector = ? AND key = ?",
            [*series.id],
        ).fetchone()
        if row is None:
            return model
        *cells, dump = row
        begin = Place(*cells)
        if dump is not None:
            try:
                model.load(bytes(dump))
            except SnapshotDamaged as error:
                self._say(
                    f"the model of {_named(series)} cannot be used ({error}): it is made again "
                    "from all that the store has"
                )
                begin = Place()
        series.since = 0
        for values in judged_since(self._con, series, begin):
            model.process(values)
            series.since += 1
        series.warmed = model.warmed
        return model

    def _put_away(self, series: Series) -> None:
        assert series.model is not None  # noqa: S101
        self._store(series, series.model.dump())
        series.since = 0

    def _store(self, series: Series, dump: bytes | None) -> None:
        assert self._con is not None  # noqa: S101
        place = series.place
        self._con.execute(
            "INSERT OR REPLACE INTO detector_models VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *series.id, series.detecting.definition, place.last_ms, place.silent,
                place.offset, place.sub, dump,
            ],
        )  # fmt: skip


def _spread(series: Series) -> int:
    return crc32("|".join(series.id).encode()) % 64


def _named(series: Series) -> str:
    return f"{series.detecting.name} {series.key}".strip()
