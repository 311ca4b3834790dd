"""The alarms in the store: their states and each change of one, in the windows' transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import duckdb
import msgspec
import pyarrow as pa

from streaming.alarms.book import AlarmBook, Change, StateId
from streaming.alarms.evaluator import AlarmState
from streaming.alarms.plan import Alarming
from streaming.store import tables, writes

if TYPE_CHECKING:
    from streaming.store.analysis import Sample

Connection = duckdb.DuckDBPyConnection

EVENTS: Final = "event time"
WALL: Final = "wall clock"
NEWEST: Final = 60
"""Changes that are kept at hand for the screen."""


_TEXT, _TS = pa.string(), pa.timestamp("ms")
_ALARMS: Final = pa.schema(
    [
        ("alarm", _TEXT), ("key", _TEXT), ("clock", _TEXT), ("state", _TEXT), ("since", _TS),
        ("value", pa.float64()), ("reason", _TEXT), ("acknowledged", _TEXT),
        ("suppressed_until", _TS),
    ]
)  # fmt: skip
_HISTORY: Final = pa.schema(
    [
        ("alarm", _TEXT), ("key", _TEXT), ("clock", _TEXT), ("happened_at", _TS),
        ("before", _TEXT), ("after", _TEXT), ("value", pa.float64()), ("reason", _TEXT),
    ]
)  # fmt: skip


class Shown(msgspec.Struct, frozen=True):
    """An alarm's state for one key, with its plan."""

    plan: Alarming
    key: str
    state: AlarmState
    since_ms: int
    value: float | None
    reason: str
    acknowledged: str
    suppressed_until_ms: int


class Alarms:
    """Two books: one by event time, fed by closed windows; one by the wall clock."""

    def __init__(self) -> None:
        self.plan: tuple[Alarming, ...] = ()
        self._plans: dict[str, Alarming] = {}
        self.events = AlarmBook()
        self.wall = AlarmBook()
        self._unsaved: list[tuple[str, Change]] = []
        self.shown: tuple[Shown, ...] = ()
        """All states as they were after the last change, for others to read meanwhile."""
        self.newest: tuple[Change, ...] = ()
        """The newest changes, oldest first."""

    def load(self, con: Connection, plan: Sequence[Alarming]) -> None:
        """Take the states from the store."""
        self._follow(plan)
        dumps = dict(con.execute("SELECT clock, states FROM alarm_books").fetchall())
        for clock, book in self._books():
            if clock in dumps:
                book.load(bytes(dumps[clock]))
        rows = con.execute(
            "SELECT alarm, key, epoch_ms(happened_at), before, after, reason, value "
            "FROM alarm_history ORDER BY rowid DESC LIMIT ?",
            [NEWEST],
        ).fetchall()
        self.newest = tuple(Change(*row) for row in reversed(rows))
        self._show()

    def _show(self) -> None:
        self.shown = tuple(
            Shown(
                self._plans[alarm], key, standing.state, standing.since_ms, standing.value,
                standing.reason, standing.acknowledged, standing.suppressed_until_ms,
            )
            for _, book in self._books()
            for (alarm, key), standing in sorted(book.standings.items())
        )  # fmt: skip

    def follow(self, con: Connection, plan: Sequence[Alarming]) -> bool:
        """Go by these alarms, inside the caller's transaction; whether anything is new."""
        before = self.plan
        self._follow(plan)
        self._write_books(con, {EVENTS, WALL})
        self._show()
        return before != self.plan

    def _follow(self, plan: Sequence[Alarming]) -> None:
        self.plan = tuple(plan)
        self._plans = {each.name: each for each in plan}
        self.events.follow([each for each in plan if each.on_events])
        self.wall.follow([each for each in plan if not each.on_events])

    def _books(self) -> tuple[tuple[str, AlarmBook], tuple[str, AlarmBook]]:
        return (EVENTS, self.events), (WALL, self.wall)

    def _remember(self, changes: Sequence[Change]) -> None:
        if changes:
            self.newest = (*self.newest, *changes)[-NEWEST:]

    def planned(self, alarm: str) -> Alarming | None:
        """The plan of an alarm, None where there is none of this name."""
        return self._plans.get(alarm)

    def find(self, alarm: str, key: str | None) -> tuple[AlarmBook, list[StateId]]:
        """The book that has an alarm, and its states (of one key where it is given)."""
        book = self.wall if alarm in self.wall.plan else self.events
        return book, book.of(alarm, key)

    # --- event time -------------------------------------------------------------------------

    def write(
        self,
        con: Connection,
        samples: Iterable[Sample],
        settled_ms: int | None,
        measured: Iterable[Sample] = (),
    ) -> list[Change]:
        """Feed what closed windows bring; `settled_ms`: all samples up to there have come.

        `measured` are of detectors by the wall clock.
        """
        fed, changes = feed(self.events, samples)
        if settled_ms is not None and fed:
            changes += self.events.settle(settled_ms)
        seen, on_wall = feed(self.wall, measured)
        unsaved, self._unsaved = self._unsaved, []
        clocks = {EVENTS} if fed or unsaved else set()
        if unsaved or seen:
            clocks.add(WALL)
        self._write_books(con, clocks)
        told = [*((EVENTS, change) for change in changes), *((WALL, change) for change in on_wall)]
        write_history(con, [*unsaved, *told])
        if clocks:
            self._show()
        self._remember([*changes, *on_wall])
        return [*changes, *on_wall]

    def _write_books(self, con: Connection, clocks: set[str]) -> None:
        for clock, book in self._books():
            if clock not in clocks:
                continue
            con.execute("INSERT OR REPLACE INTO alarm_books VALUES (?, ?)", [clock, book.dump()])
            con.execute("DELETE FROM alarms WHERE clock = ?", [clock])
            rows = [
                (
                    alarm, key, clock, standing.state, standing.since_ms, standing.value,
                    standing.reason, standing.acknowledged,
                    standing.suppressed_until_ms or None,
                )
                for (alarm, key), standing in book.standings.items()
            ]  # fmt: skip
            writes.insert(con, "alarms", tables.table(_ALARMS, rows))

    # --- wall clock -------------------------------------------------------------------------

    def tick(self, now_ms: int, values: Iterable[tuple[str, str, float | None]]) -> list[Change]:
        """Feed the lab's metrics (name, stream or "", value); what changed is stored next time."""
        changes: list[Change] = []
        for metric, stream, value in values:
            for alarming in list(self.wall.plan.values()):
                for each in alarming.inputs:
                    if each.name == metric and alarming.stream in ("", stream):
                        changes += self.wall.feed(alarming.name, stream, each.id, now_ms, value)
        changes += self.wall.settle(now_ms)
        self._unsaved += [(WALL, change) for change in changes]
        self._show()
        self._remember(changes)
        return changes

    def is_suppressed(self, alarm: str, key: str, now_ms: int) -> bool:
        """Whether an alarm's actions are off."""
        book, _ = self.find(alarm, key)
        standing = book.standings.get((alarm, key))
        return standing is not None and standing.suppressed_until_ms > now_ms

    def save(self, con: Connection) -> None:
        """Store what people changed, inside the caller's transaction."""
        self._write_books(con, {EVENTS, WALL})


def feed(book: AlarmBook, samples: Iterable[Sample]) -> tuple[bool, list[Change]]:
    """Feed a book; whether any of its alarms watches these, and what changed."""
    fed = False
    changes: list[Change] = []
    watching = [(alarming, each) for alarming in book.plan.values() for each in alarming.inputs]
    # By time: metrics of one expression wait for each other no longer than they must.
    for sample in sorted(samples, key=lambda s: s.end_ms):
        for alarming, each in watching:
            if each.kind != sample.kind or each.name not in (sample.name, "*"):
                continue
            if alarming.key is not None and sample.key != alarming.key:
                continue
            key = f"{sample.name} {sample.key}".strip() if each.name == "*" else sample.key
            value = sample.values.get(each.field)
            changes += book.feed(alarming.name, key, each.id, sample.end_ms, value)
            fed = True
    return fed, changes


def write_history(con: Connection, changes: Sequence[tuple[str, Change]]) -> None:
    """Append changes of state."""
    rows = [
        (c.alarm, c.key, clock, c.at_ms, c.before, c.after, c.value, c.reason)
        for clock, c in changes
    ]
    writes.insert(con, "alarm_history", tables.table(_HISTORY, rows))
