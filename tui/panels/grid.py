"""The rows of a query: a cursor that goes both ways, and columns that scroll with it."""

from __future__ import annotations

from textual.message import Message

from streaming.store.jail import SqlResult
from tui import bindings
from tui.glyphs import UNICODE, Glyphs
from tui.panels.base import LinePanel
from tui.views.grid import Grid, Spot, first_column, grid_lines, heading

FIXED = 2


class GridPanel(LinePanel, can_focus=True):
    """One page of rows under the columns' names and types."""

    BINDINGS = bindings.GRID

    class Moved(Message):
        """The cursor is on another cell."""

    def __init__(self, *, id: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.grid = Grid()
        self.result = SqlResult()
        self.start = 0
        self.spot = Spot()
        self._first = 0

    def show_grid(self, grid: Grid, result: SqlResult, start: int) -> None:
        """Show another page, from its first row on; the column stays where there is one."""
        if grid is self.grid and start == self.start:
            return
        same = grid.names == self.grid.names
        self.grid, self.result, self.start = grid, result, start
        self.spot = Spot(0, self.spot.column if same else 0)
        self._first = self._first if same else 0
        self.scroll_to(y=0, animate=False)
        self.redraw_grid()

    def redraw_grid(self) -> None:
        """Draw the page at the width there is."""
        if not self.grid.rows:
            self.show_lines([], heading(self.grid, 0, 0, Spot(0, -1), self.room)[:FIXED])
            return
        grid, room = self.grid, self.room
        self._first = first_column(grid, self.start, self._first, self.spot.column, room)
        self.show_lines(
            grid_lines(grid, self.start, self._first, self.spot, room, self.glyphs),
            heading(grid, self.start, self._first, self.spot, room),
        )

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.redraw_grid()

    def line_style(self, y: int) -> str:
        """Mark the cursor's row."""
        return "cursor" if self.grid.rows and y == self.spot.row + FIXED else ""

    def action_move(self, rows: int, columns: int) -> None:
        """Move the cursor, at most to the edge."""
        if not self.grid.rows:
            return
        before = self.spot
        self.spot = Spot(
            min(max(before.row + rows, 0), len(self.grid.rows) - 1),
            min(max(before.column + columns, 0), len(self.grid.names) - 1),
        )
        self.redraw_grid()
        for row in {before.row, self.spot.row}:
            self.redraw(row + FIXED)
        self._keep_visible()
        self.post_message(self.Moved())

    def action_leap(self, direction: int) -> None:
        """Move by as many rows as are in sight."""
        self.action_move(direction * max(1, self._height - 1), 0)

    @property
    def _height(self) -> int:
        return max(self.size.height - FIXED, 1)

    def _keep_visible(self) -> None:
        row, top = self.spot.row, self.scroll_offset.y
        if row < top:
            self.scroll_to(y=row, animate=False)
        elif row >= top + self._height:
            self.scroll_to(y=row - self._height + 1, animate=False)
