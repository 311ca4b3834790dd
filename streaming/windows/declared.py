"""The engine's side of the declared windows: panes merged, windows closed by the watermark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec

from streaming.lab.messages import SetRow
from streaming.windows.cells import Cell, combine, results
from streaming.windows.kinds import FOREVER, Span, keep_until, spans
from streaming.windows.plan import EXCLUSIVE, PaneSet, Window, WindowPlan
from streaming.windows.values import Scalar

PaneKey: TypeAlias = tuple[str, int, str]
"""Pane set, start in ms, key."""

ResultKey: TypeAlias = tuple[str, int, int, str]
"""Window, generation, start in ms, key."""

_NEVER: Final = -(2**62)


class Result(msgspec.Struct, frozen=True, gc=False):
    """One window's values. `n` events in [start, end); only a final one stays as it is."""

    window: str
    generation: int
    start_ms: int
    end_ms: int
    key: str
    n: int
    values: dict[str, Scalar]
    is_final: bool

    @property
    def id(self) -> ResultKey:
        """What there is one of in the store."""
        return (self.window, self.generation, self.start_ms, self.key)


class Changes(msgspec.Struct):
    """What has to be stored since the last time: first the `stale` results are deleted."""

    results: list[Result]
    stale: list[ResultKey]
    panes: list[tuple[PaneKey, Cell]]
    used_up: list[PaneKey]


class _Set:
    """The panes of one set, by key."""

    def __init__(self, panes: PaneSet) -> None:
        self.set = panes
        self.windows: list[Window] = []
        self.cells: dict[str, dict[int, Cell]] = {}
        self.touched: set[tuple[str, int]] = set()
        self.horizon = _NEVER
        self.early: dict[str, int] = {}

    def horizon_at(self, watermark_ms: int) -> int:
        width = self.set.pane_ms
        return (watermark_ms - self.set.lateness_ms) // width * width


class DeclaredWindows:
    """All panes of the present plan, and its windows that are not final."""

    def __init__(self) -> None:
        self.plan = WindowPlan(0)
        self._sets: dict[str, _Set] = {}
        self._tentative: dict[tuple[str, int, str], set[int]] = {}
        """Window, generation and key, to the starts of results that are not final."""

    def follow(self, plan: WindowPlan, watermarks: Mapping[str, int | None]) -> None:
        """Go by this plan from now on. What is not final of windows that it lacks is forgotten."""
        self.plan = plan
        before, self._sets = self._sets, {}
        for panes in plan.sets:
            each = self._sets[panes.id] = before.get(panes.id) or _Set(panes)
            mark = watermarks.get(panes.stream)
            if mark is not None:
                each.horizon = max(each.horizon, each.horizon_at(mark))
            each.windows = [window for window in plan.windows if window.panes == panes.id]
        there = {(window.name, window.generation) for window in plan.windows}
        self._tentative = {g: t for g, t in self._tentative.items() if g[:2] in there}

    def load(self, key: PaneKey, cell: Cell) -> None:
        """Take a pane back from the store (after a restart). Panes of no known set are ignored."""
        each = self._sets.get(key[0])
        if each is not None:
            each.cells.setdefault(key[2], {})[key[1]] = cell

    def load_tentative(self, ids: Iterable[ResultKey]) -> None:
        """Results in the store that are not final (after a restart)."""
        for name, generation, start, key in ids:
            self._tentative.setdefault((name, generation, key), set()).add(start)

    def horizons(self) -> dict[str, int]:
        """By window, the time up to which all of it is final; windows that know one."""
        return {
            window.name: each.horizon
            for each in self._sets.values()
            for window in each.windows
            if each.horizon > _NEVER
        }

    def refusal(self, rows: Iterable[SetRow]) -> str:
        """Why these rows cannot be merged, "" when they can."""
        for row in rows:
            each = self._sets.get(row.set)
            if each is not None and row.start_ms + each.set.pane_ms <= each.horizon:
                return f"{each.set.stream}: a pane of this handover is final already"
        return ""

    def merge(self, rows: Iterable[SetRow]) -> None:
        """Add partials that were not refused; those of windows that are no more are let go."""
        for row in rows:
            each = self._sets.get(row.set)
            if each is None:
                continue
            cells = each.cells.setdefault(row.key, {})
            part = Cell(row.n, row.first_ms, row.last_ms, row.states)
            there = cells.get(row.start_ms)
            if there is not None:
                part = combine(each.set.measures, (there, part))
            cells[row.start_ms] = part
            each.touched.add((row.key, row.start_ms))

    def changes(self, watermarks: Mapping[str, int | None]) -> Changes:
        """What the merges and these watermarks of the streams did since the last call."""
        done = Changes([], [], [], [])
        for each in self._sets.values():
            mark = watermarks.get(each.set.stream)
            before = each.horizon
            if mark is not None:
                each.horizon = max(before, each.horizon_at(mark))
                self._early(each, mark, done)
            if each.horizon > before:
                for window in each.windows:
                    self._close(each, window, before, done)
                self._let_go(each, done)
            done.panes += [
                ((each.set.id, start, key), each.cells[key][start])
                for key, start in each.touched
                if start in each.cells.get(key, ())
            ]
            each.touched.clear()
        return done

    def _close(self, each: _Set, window: Window, before: int, done: Changes) -> None:
        for key in sorted(each.cells):
            cells = each.cells[key]
            for span in spans(window, each.set.pane_ms, cells, before, each.horizon):
                result = _result(each, window, key, span, is_final=True)
                done.results.append(result)
                done.stale += self._replaced(window, result, span.panes[-1] + each.set.pane_ms)
                if window.kind in EXCLUSIVE:
                    for start in span.panes:
                        del cells[start]
                        done.used_up.append((each.set.id, start, key))
            if not cells:
                del each.cells[key]

    def _replaced(self, window: Window, final: Result, end_ms: int) -> list[ResultKey]:
        """Early results of a final one's events, under other starts than its own.

        A session or stagger window that grew at its front began elsewhere before; the other kinds
        begin by the clock.
        """
        group = (final.window, final.generation, final.key)
        starts = self._tentative.get(group)
        if not starts:
            return []
        starts.discard(final.start_ms)
        if window.kind not in EXCLUSIVE:
            return []
        gone = {start for start in starts if final.start_ms <= start < end_ms}
        starts -= gone
        return [(*group[:2], start, final.key) for start in gone]

    def _let_go(self, each: _Set, done: Changes) -> None:
        """Drop the panes that are in no window to come."""
        if any(window.kind in EXCLUSIVE for window in each.windows):
            return
        for key, cells in list(each.cells.items()):
            for start in list(cells):
                if all(keep_until(window, start) <= each.horizon for window in each.windows):
                    del cells[start]
                    done.used_up.append((each.set.id, start, key))
            if not cells:
                del each.cells[key]

    def _early(self, each: _Set, mark: int, done: Changes) -> None:
        """What there is so far of the windows that give it early."""
        for window in each.windows:
            if not window.early_ms or each.early.get(window.name) == mark // window.early_ms:
                continue
            each.early[window.name] = mark // window.early_ms
            made = [
                _result(each, window, key, span, is_final=False)
                for key, cells in sorted(each.cells.items())
                for span in spans(window, each.set.pane_ms, cells, each.horizon, FOREVER)
                if span.final_at > each.horizon
            ]
            done.results += made
            now: dict[tuple[str, int, str], set[int]] = {}
            for result in made:
                group = (result.window, result.generation, result.key)
                now.setdefault(group, set()).add(result.start_ms)
            mine = [g for g in self._tentative if g[:2] == (window.name, window.generation)]
            for group in mine:
                gone = self._tentative.pop(group) - now.get(group, set())
                done.stale += [(*group[:2], start, group[2]) for start in gone]
            self._tentative |= now


def _result(each: _Set, window: Window, key: str, span: Span, *, is_final: bool) -> Result:
    cells = each.cells[key]
    cell = combine(each.set.measures, (cells[start] for start in span.panes))
    values = results(window.values, each.set.measures, cell)
    return Result(
        window.name, window.generation, span.start_ms, span.end_ms, key, cell.n, values, is_final
    )
