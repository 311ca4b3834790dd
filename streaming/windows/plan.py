"""What consumers and the engine do for a set of windows: pane sets, and the windows made of them.

Windows that have the same stream, key, pane and lateness share their panes. The kinds that use a
pane up (stagger, session) have panes of their own.

A set of windows that changes while the lab runs gets another number. A window that stays as it
was keeps its generation, the number of the set that brought it; a new or changed one has the new
set's, and begins with the records that are read from then on.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import msgspec

from streaming.windows.values import Measure, Value

Kind: TypeAlias = Literal["tumbling", "hopping", "sliding", "stagger", "session"]

EXCLUSIVE: Final[tuple[Kind, ...]] = ("stagger", "session")


class PaneSet(msgspec.Struct, frozen=True):
    """Panes of one stream by one key. `id` is the same in every process and after a restart."""

    id: str
    stream: str
    pane_ms: int
    lateness_ms: int
    fields: tuple[str, ...]
    literals: tuple[str, ...]
    measures: tuple[Measure, ...]
    generation: int

    def closes(self, event_ms: int) -> int:
        """The watermark from which on an event of this time is late."""
        return (event_ms // self.pane_ms + 1) * self.pane_ms + self.lateness_ms


class Window(msgspec.Struct, frozen=True):
    """A window of the plan: its specification and the panes it is made of."""

    name: str
    generation: int
    kind: Kind
    size_ms: int
    slide_ms: int
    gap_ms: int
    longest_ms: int
    early_ms: int
    values: tuple[Value, ...]
    panes: str
    definition: str

    @property
    def step_ms(self) -> int:
        """From one window's end to the next, where they follow the clock; 0 where they do not."""
        return self.slide_ms if self.kind in ("tumbling", "hopping") else 0


class Joined(msgspec.Struct, frozen=True):
    """A reference table as consumers need it."""

    field: str
    columns: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]


class WindowPlan(msgspec.Struct, frozen=True):
    """A numbered set of windows."""

    number: int
    sets: tuple[PaneSet, ...] = ()
    windows: tuple[Window, ...] = ()
    references: tuple[Joined, ...] = ()

    def sets_of(self, stream: str) -> tuple[PaneSet, ...]:
        """The pane sets of a stream."""
        return tuple(each for each in self.sets if each.stream == stream)


def fields_of(panes: PaneSet) -> set[str]:
    """Every field that a pane set speaks of."""
    filters = {field for m in panes.measures for field, _ in m.where}
    return {*panes.fields, *(m.field for m in panes.measures), *filters}
