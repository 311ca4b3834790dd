"""The engine's side of the windows: partial panes merged, closed by the watermark, made longer.

A pane is final when the stream's watermark has passed its end by the allowed lateness; a 1 min
window is built from its six panes when it is final, which is the same moment for its last pane.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from streaming.lab.messages import PaneRow
from streaming.windows.sketches import Distinct, Quantiles
from streaming.windows.spec import LONG_MS, LONG_S, PANE_MS, PANE_S

GroupKey: TypeAlias = tuple[str, str]
"""Dimension and key."""


@dataclass(slots=True)
class Cell:
    """The aggregate of one window x dimension x key."""

    n: int = 0
    total: int = 0
    lowest: int = 2**62
    highest: int = -(2**62)
    distinct: Distinct = field(default_factory=Distinct)
    quantiles: Quantiles = field(default_factory=Quantiles)

    def add(
        self, n: int, total: int, lowest: int, highest: int, hll: bytes, buckets: bytes
    ) -> None:
        """Merge one partial."""
        self.n += n
        self.total += total
        self.lowest = min(self.lowest, lowest)
        self.highest = max(self.highest, highest)
        self.distinct.add(hll)
        self.quantiles.add(buckets)


@dataclass(frozen=True, slots=True)
class WindowRow:
    """One row of the table `windows`, times in milliseconds."""

    stream: str
    size_s: int
    start_ms: int
    dim: str
    key: str
    n: int
    total: int
    lowest: int
    highest: int
    distinct_customers: float
    p50: float
    p90: float
    p99: float
    is_final: bool
    hll: bytes
    buckets: bytes


def to_row(
    stream: str, size_s: int, start_ms: int, group: GroupKey, cell: Cell, *, is_final: bool
) -> WindowRow:
    """A cell as it is stored."""
    hll, distinct = cell.distinct.result()
    buckets, p50, p90, p99 = cell.quantiles.result()
    dim, key = group
    return WindowRow(
        stream, size_s, start_ms, dim, key, cell.n, cell.total, cell.lowest, cell.highest,
        distinct, p50, p90, p99, is_final, hll, buckets,
    )  # fmt: skip


class StreamWindows:
    """The panes of one stream that are not yet part of a final 1 min window."""

    def __init__(self, stream: str, lateness_ms: int, watermark_ms: int | None) -> None:
        self.stream = stream
        self.lateness_ms = lateness_ms
        self.watermark_ms = watermark_ms
        self.panes: dict[int, dict[GroupKey, Cell]] = {}
        self._touched: set[tuple[int, GroupKey]] = set()
        self._closed: set[int] = set()

    def is_final(self, start_ms: int, size_ms: int = PANE_MS) -> bool:
        """Whether the window may not change any more."""
        if self.watermark_ms is None:
            return False
        return self.watermark_ms >= start_ms + size_ms + self.lateness_ms

    def load(self, row: PaneRow) -> None:
        """Take a pane's row back from the store (after a restart)."""
        self._cell(row).add(row.n, row.total, row.lowest, row.highest, row.hll, row.buckets)
        if self.is_final(row.start_ms):
            self._closed.add(row.start_ms)

    def merge(self, rows: Iterable[PaneRow]) -> None:
        """Add partials; the caller made sure that none belongs to a final pane."""
        for row in rows:
            self._cell(row).add(row.n, row.total, row.lowest, row.highest, row.hll, row.buckets)
            self._touched.add((row.start_ms, (row.dim, row.key)))

    def advance(self, watermark_ms: int) -> None:
        """Move the watermark; it never goes back."""
        if self.watermark_ms is None or watermark_ms > self.watermark_ms:
            self.watermark_ms = watermark_ms

    def changes(self) -> list[WindowRow]:
        """The rows to store since the last call: touched panes, newly final panes and minutes."""
        touched, self._touched = self._touched, set()
        for start in [s for s in self.panes if s not in self._closed and self.is_final(s)]:
            self._closed.add(start)
            touched.update((start, group) for group in self.panes[start])
        rows = [
            to_row(
                self.stream, PANE_S, start, group, self.panes[start][group],
                is_final=start in self._closed,
            )
            for start, group in touched
        ]  # fmt: skip
        for minute in sorted({start // LONG_MS * LONG_MS for start in self.panes}):
            if self.is_final(minute, LONG_MS):
                rows += self._close_minute(minute)
        return rows

    def _close_minute(self, minute: int) -> list[WindowRow]:
        cells: dict[GroupKey, Cell] = {}
        for start in range(minute, minute + LONG_MS, PANE_MS):
            self._closed.discard(start)
            for group, pane in self.panes.pop(start, {}).items():
                hll, _ = pane.distinct.result()
                buckets = pane.quantiles.result()[0]
                cells.setdefault(group, Cell()).add(
                    pane.n, pane.total, pane.lowest, pane.highest, hll, buckets
                )
        return [
            to_row(self.stream, LONG_S, minute, group, cell, is_final=True)
            for group, cell in cells.items()
        ]

    def _cell(self, row: PaneRow) -> Cell:
        groups = self.panes.setdefault(row.start_ms, {})
        group = (row.dim, row.key)
        cell = groups.get(group)
        if cell is None:
            cell = groups[group] = Cell()
        return cell
