"""The live table of a stream's shards."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from textual import events
from textual.message import Message

from tui import bindings
from tui.glyphs import UNICODE, Glyphs
from tui.lines import Line
from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.views.header import starting_text
from tui.views.shards import Order, Row, column_at, heading, next_column, order_text, rows

DESCENDING_FIRST: Final = frozenset({"share", "in", "out", "lag", "clear", "age", "trend", "state"})


class ShardsPanel(LinePanel, can_focus=True):
    """One row per shard; the cursor belongs to a shard, not to a place on the screen."""

    BINDINGS = bindings.SHARDS

    class Reordered(Message):
        """The sort was changed with the mouse."""

    def __init__(self, *, id: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.order = Order()
        self.cursor: int | None = None
        self.moment: Moment | None = None
        self._rows: list[Row] = []
        self._cursor_row = 0

    @property
    def shard_ids(self) -> list[int]:
        """The shards in the order they are drawn."""
        return [row.shard for row in self._rows]

    def show(self, moment: Moment) -> None:
        """Show the chosen stream of one instant."""
        self.moment = moment
        self._draw()

    def change(self, order: Order) -> None:
        """Sort or filter differently, on the same data."""
        self.order = order
        self._draw()

    def sort_by(self, column: str) -> None:
        """Sort by a column; numbers start with the largest, names with the first."""
        if column == self.order.column:
            self.reverse()
        else:
            self.change(replace(self.order, column=column, reverse=column in DESCENDING_FIRST))

    def sort_next(self, step: int) -> None:
        """Sort by the shown column beside the present one."""
        self.sort_by(next_column(self.order.column, step, self.room))

    def reverse(self) -> None:
        """Turn the sort round."""
        self.change(replace(self.order, reverse=not self.order.reverse))

    def _draw(self) -> None:
        stream = None if self.moment is None else self.moment.shown_stream
        width = self.room
        if stream is None or not stream.shards:
            self._rows = []
            text = starting_text(self.moment) if self.moment else ""
            self.show_lines([(("  " + text, "busy"),)])
        else:
            self._rows = rows(stream, self.order, width, self.glyphs)
            lines: list[Line] = [row.line for row in self._rows]
            if not lines:
                lines = [((f"  no shard matches {self.order.text!a}", "dim"),)]
            self._follow_cursor()
            self.show_lines(lines, (heading(self.order, width, self.glyphs),))
        self.show_title("Shards", order_text(self.order, self.glyphs))

    def _follow_cursor(self) -> None:
        """Put the cursor on its shard's new row, or where it was when the shard is not shown."""
        ids = self.shard_ids
        if self.cursor is None and ids:
            self.cursor = ids[0]
        before = self._cursor_row
        if self.cursor in ids:
            self._cursor_row = ids.index(self.cursor)
        else:
            self._cursor_row = min(self._cursor_row, max(len(ids) - 1, 0))
        if before != self._cursor_row:
            self.redraw(before + 1)
            self.redraw(self._cursor_row + 1)
            self._keep_visible(was=before)

    def _keep_visible(self, was: int | None = None) -> None:
        """Scroll only as far as needed, and not at all if the cursor was already out of sight."""
        height = max(self.size.height - 1, 1)
        top = self.scroll_offset.y
        if was is not None and not top <= was < top + height:
            return
        row = self._cursor_row
        if row < top:
            self.scroll_to(y=row, animate=False)
        elif row >= top + height:
            self.scroll_to(y=row - height + 1, animate=False)

    def _put_cursor(self, row: int) -> None:
        if not self._rows:
            return
        before = self._cursor_row
        self._cursor_row = min(max(row, 0), len(self._rows) - 1)
        self.cursor = self._rows[self._cursor_row].shard
        self.redraw(before + 1)
        self.redraw(self._cursor_row + 1)
        self._keep_visible()

    def marked(self, y: int) -> Line:
        """Put the cursor's sign at the left of its row: a shape where there is no colour."""
        line = super().marked(y)
        if not self.line_style(y) or not line[0][0].startswith(" "):
            return line
        (margin, style), *rest = line
        return ((self.glyphs.cursor, "strong"), (margin[1:], style), *rest)

    def line_style(self, y: int) -> str:
        """Mark the cursor's row."""
        return "cursor" if self._rows and y == self._cursor_row + 1 else ""

    def action_move(self, step: int) -> None:
        """Move the cursor by some rows."""
        self._put_cursor(self._cursor_row + step)

    def action_edge(self, direction: int) -> None:
        """Move the cursor to the first or the last row."""
        self._put_cursor(0 if direction < 0 else len(self._rows) - 1)

    def on_click(self, event: events.Click) -> None:
        """Choose a row, or sort by a column title."""
        place = event.get_content_offset(self)
        if place is None or not self._rows:
            return
        if place.y == 0:
            column = column_at(place.x, self.room)
            if column is not None:
                self.sort_by(column)
        elif place.y + self.scroll_offset.y <= len(self._rows):
            self._put_cursor(place.y - 1 + self.scroll_offset.y)

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self._draw()
