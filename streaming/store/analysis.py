"""What looks at closed windows, inside the transaction that closes them: detectors and alarms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import duckdb
import msgspec
import pyarrow as pa

from streaming.alarms.book import Change
from streaming.alarms.plan import Alarming, plan_alarms
from streaming.anomaly.bank import Scored
from streaming.anomaly.functions import ScoreColumn
from streaming.anomaly.plan import Detecting, plan_detectors
from streaming.declarations.specification import Declarations
from streaming.lab.messages import Handover
from streaming.store import tables, writes
from streaming.store.alarms import Alarms
from streaming.store.declared import DeclaredStore, ResultEnd
from streaming.store.detectors import Detectors
from streaming.store.measured import Measuring
from streaming.store.scores import score_cells
from streaming.windows.declared import Result
from streaming.windows.plan import WindowPlan
from streaming.windows.points import MOST_KEYS, Point, Points, Track
from streaming.windows.values import Scalar

Connection = duckdb.DuckDBPyConnection

_TRACKS: Final = pa.schema(
    [
        ("name", pa.string()), ("generation", pa.int32()), ("key", pa.string()),
        ("last_ms", pa.int64()), ("silent", pa.int32()),
    ]
)  # fmt: skip
Measure: TypeAlias = tuple[str, str, float | None]
FOREST_BYTES: Final = 256 << 20
"""Of models in memory; the least recently used of more wait in the store."""


class Analysis:
    """Detectors and the alarms on event time, over the points of the watched windows."""

    def __init__(self, say: Callable[[str], None], budget_bytes: int = FOREST_BYTES) -> None:
        self._say = say
        self.points = Points()
        self.detectors = Detectors(budget_bytes, say)
        self.alarms = Alarms()
        self.measuring = Measuring(say)
        self.scoring: Mapping[str, Sequence[str]] = {}
        """The scores of windows in words, by window."""
        self._columns: Mapping[str, Sequence[ScoreColumn]] = {}

    def load(self, con: Connection, windows: WindowPlan, declared: Declarations) -> None:
        """Take everything from the store."""
        detectors, alarms = _plans(windows, declared)
        self._scores_of(declared)
        self.points.follow(_steps(windows, detectors, alarms))
        rows = con.execute(
            "SELECT name, generation, key, last_ms, silent FROM window_tracks"
        ).fetchall()
        for name, generation, key, last_ms, silent in rows:
            self.points.load((name, generation, key), Track(last_ms, silent))
        self.detectors.load(con, detectors, self.points.tracks)
        self.measuring.follow(detectors)
        self.alarms.load(con, alarms)

    def _scores_of(self, declared: Declarations) -> None:
        self.scoring, self._columns = declared.score_lines(), declared.score_columns()

    def follow(self, con: Connection, windows: WindowPlan, declared: Declarations) -> bool:
        """Go by these from now on, inside the caller's transaction; whether anything is new."""
        detectors, alarms = _plans(windows, declared)
        self._scores_of(declared)
        for track in self.points.follow(_steps(windows, detectors, alarms)):
            con.execute(
                "DELETE FROM window_tracks WHERE name = ? AND generation = ? AND key = ?", track
            )
        changed = self.detectors.follow(con, detectors)
        self.measuring.follow(detectors)
        return self.alarms.follow(con, alarms) or changed

    def write(
        self,
        con: Connection,
        declared: DeclaredStore,
        finals: Sequence[Result],
        accepted: Sequence[Handover],
    ) -> list[Change]:
        """Judge what became final and store it, inside the caller's transaction."""
        horizons = declared.windows.horizons()
        crowded = set(self.points.crowded)
        points = list(self.points.take(finals, horizons))
        for name, _ in sorted(self.points.crowded - crowded):
            self._say(
                f"detectors and alarms go by the first {MOST_KEYS:,} keys of the window {name}; "
                "there are more, which are not judged"
            )
        scored = self.detectors.write(con, points, accepted, self.measuring.take())
        declared.show(finals, self._cells(scored))
        self._write_tracks(con)
        watched = {name for name, _ in self.points.steps}
        settled = min((h for name, h in horizons.items() if name in watched), default=None)
        by_metric = {each.name for each in self.detectors.plan if each.metric}
        wall = [each for each in scored if each.detector in by_metric]
        events = [each for each in scored if each.detector not in by_metric]
        return self.alarms.write(con, samples(points, events), settled, samples((), wall))

    def tick(
        self, now_ms: int, values: Sequence[Measure], shards: Sequence[Measure]
    ) -> list[Change]:
        """What the lab measured of itself (metric, of what, value), and of its shards."""
        self.measuring.tick(now_ms, (*values, *shards))
        return self.alarms.tick(now_ms, values)

    def _cells(self, scored: Iterable[Scored]) -> dict[ResultEnd, dict[str, Scalar]]:
        """The scores of windows, as they stand among the values of their results."""
        plans = {each.name: each for each in self.detectors.plan}
        found: dict[ResultEnd, dict[str, Scalar]] = {}
        for each in scored:
            plan, cells = plans[each.detector], score_cells(each.score)
            mine = {c.name: cells[c.source] for c in self._columns.get(each.detector, ())}
            if mine:
                end = (plan.window, plan.generation, each.key, each.at_ms)
                found.setdefault(end, {}).update(mine)
        return found

    def _write_tracks(self, con: Connection) -> None:
        moved = [
            (*key, track.last_ms, track.silent)
            for key in self.points.moved
            if (track := self.points.tracks.get(key)) is not None
        ]
        table = tables.table(_TRACKS, moved)
        writes.insert(con, "window_tracks", table, "INSERT OR REPLACE")
        self.points.moved.clear()


def _plans(
    windows: WindowPlan, declared: Declarations
) -> tuple[tuple[Detecting, ...], tuple[Alarming, ...]]:
    detectors = plan_detectors(declared.every_detector(), windows)
    names = {each.name: bool(each.metric) for each in detectors}
    return detectors, plan_alarms(declared.alarms, windows, names)


def _steps(
    windows: WindowPlan, detectors: Sequence[Detecting], alarms: Iterable[Alarming]
) -> dict[tuple[str, int], int]:
    """The watched windows, each with the ms from one to the next (0: not by the clock)."""
    watched = {each.window for each in detectors if each.window}
    watched |= {i.name for alarming in alarms for i in alarming.inputs if i.kind == "window"}
    return {
        (window.name, window.generation): window.step_ms
        for window in windows.windows
        if window.name in watched
    }


class Sample(msgspec.Struct, frozen=True):
    """What alarms are fed with: a window's value or a detector's field, of a key."""

    kind: str
    name: str
    key: str
    end_ms: int
    values: dict[str, float | None]


def samples(points: Sequence[Point], scored: Sequence[Scored]) -> Iterator[Sample]:
    """What alarms are fed with of these windows and scores."""
    for point in points:
        values = point.values or {}
        numbers = {n: float(v) for n, v in values.items() if isinstance(v, int | float)}
        yield Sample("window", point.window, point.key, point.end_ms, dict(numbers))
    for each in scored:
        if each.place.offset >= 0:
            continue  # Single records have no periods: they are counted, not watched.
        judged = each.score.state not in ("WARMING", "MISSING")
        score = each.score
        yield Sample(
            "detector", each.detector, each.key, each.at_ms,
            {
                "grade": score.grade if judged else None,
                "evidence": (0.0 if score.near else score.evidence) if judged else None,
                "anomaly_score": score.anomaly_score if judged else None,
                "value": score.expected.value if score.expected is not None else None,
            },
        )  # fmt: skip
