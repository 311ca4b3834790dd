"""A page of a query's result as a grid: cells cleaned and cut once, lines drawn from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from streaming.store.jail import SqlResult
from streaming.store.results import NUMERIC, PLAN_COLUMN
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, merged
from tui.safe import fit, safe

CELL_LIMIT = 40
"""Cells of a column at most; the whole text is a key away."""

PLAN_LIMIT = 200
TYPE_LIMIT = 16
LEAST = 3
GAP = "  "
NULL = "NULL"
SHORT_TYPES = {"TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ", "TIME WITH TIME ZONE": "TIMETZ"}


@dataclass(frozen=True)
class Grid:
    """Cells as drawn: safe and of their column's width. `nulls` are the places without a value."""

    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    nulls: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Spot:
    """A cell by its row and column in the page."""

    row: int = 0
    column: int = 0


def shaped(result: SqlResult) -> Grid:
    """Return the grid of a result; takes a while for a large one."""
    limit = PLAN_LIMIT if result.columns == (PLAN_COLUMN,) else CELL_LIMIT
    names = [safe(name, limit) or "?" for name in result.columns]
    types = [_type(kind) for kind in result.types]
    cells = [
        [NULL if cell is None else safe(cell, limit + 1) for cell in row] for row in result.rows
    ]
    widths = [
        min(limit, max(LEAST, cell_len(name), cell_len(kind), *map(cell_len, column)))
        for name, kind, column in zip(names, types, _columns(cells, len(names)), strict=True)
    ]
    right = [kind.partition("(")[0] in NUMERIC for kind in result.types]

    def row(values: Sequence[str]) -> tuple[str, ...]:
        sized = zip(values, widths, right, strict=True)
        return tuple(fit(value, width, right=to_right) for value, width, to_right in sized)

    return Grid(
        row(names),
        row(types),
        tuple(widths),
        tuple(map(row, cells)),
        frozenset(
            (y, x) for y, line in enumerate(result.rows) for x, cell in enumerate(line)
            if cell is None
        ),
    )  # fmt: skip


def _columns(cells: Sequence[Sequence[str]], count: int) -> list[tuple[str, ...]]:
    return [tuple(line[x] for line in cells) for x in range(count)]


def _type(kind: str) -> str:
    text = safe(kind, 100)
    return fit(SHORT_TYPES.get(text, text), TYPE_LIMIT).rstrip()


def gutter(grid: Grid, offset: int) -> int:
    """Return the cells that the rows' numbers take, with the cursor's sign and a gap."""
    return 1 + len(f"{offset + len(grid.rows):,}") + len(GAP)


def first_column(grid: Grid, offset: int, first: int, column: int, width: int) -> int:
    """Return which column to begin with so that `column` is whole in sight, moved little."""
    first = min(first, column)
    room = width - gutter(grid, offset)
    while first < column and _span(grid, first, column) > room:
        first += 1
    return first


def _span(grid: Grid, first: int, last: int) -> int:
    return sum(grid.widths[first : last + 1]) + len(GAP) * (last - first)


def heading(grid: Grid, offset: int, first: int, spot: Spot, width: int) -> tuple[Line, Line]:
    """Return the names of the columns above their types; the chosen one is marked."""
    margin = " " * gutter(grid, offset)
    shown = range(first, _last(grid, offset, first, width))
    names: list[Segment] = [(margin, "label")]
    types: list[Segment] = [(margin, "dim")]
    for x in shown:
        names += [(grid.names[x], "chosen" if x == spot.column else "label"), (GAP, "label")]
        types += [(grid.types[x], "dim"), (GAP, "dim")]
    return merged(names), merged(types)


def _last(grid: Grid, offset: int, first: int, width: int) -> int:
    """Return the column behind the last one in sight, of which a part may be."""
    x, used = first, gutter(grid, offset)
    while x < len(grid.widths) and used < width:
        used += grid.widths[x] + len(GAP)
        x += 1
    return x


def grid_lines(
    grid: Grid, offset: int, first: int, spot: Spot, width: int, glyphs: Glyphs
) -> list[Line]:
    """Return a line a row, its number in the whole result at the left."""
    last = _last(grid, offset, first, width)
    digits = gutter(grid, offset) - 1 - len(GAP)
    lines = []
    for y, row in enumerate(grid.rows):
        here = y == spot.row
        number = f"{offset + y + 1:>{digits},}"
        line: list[Segment] = [(glyphs.cursor if here else " ", "strong"), (number + GAP, "dim")]
        for x in range(first, last):
            style = "dim" if (y, x) in grid.nulls else "text"
            line += [(row[x], "chosen" if here and x == spot.column else style), (GAP, "text")]
        lines.append(merged(line))
    return lines


def spot_line(result: SqlResult, offset: int, spot: Spot, width: int) -> Line:
    """Return where the cursor is and what is there, in words: it may be cut in the grid."""
    if not result.rows:
        return ()
    cell = result.rows[spot.row][spot.column]
    name, kind = safe(result.columns[spot.column], CELL_LIMIT), _type(result.types[spot.column])
    place = f"row {offset + spot.row + 1:,}  {name} {kind}  "
    value = (
        ("NULL (no value)", "dim") if cell is None
        else ("'' (empty text)", "dim") if not cell
        else (safe(cell, width), "text")
    )  # fmt: skip
    text = fit(value[0], max(0, width - cell_len(place)))
    return merged([(fit(place, min(width, cell_len(place))), "label"), (text, value[1])])
