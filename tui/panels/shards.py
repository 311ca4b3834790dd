"""The live table of a stream's shards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from rich.cells import cell_len
from textual import events
from textual.message import Message

from streaming.lab.stream_snapshot import StreamView
from tui import bindings
from tui.glyphs import UNICODE, Glyphs
from tui.lines import Line
from tui.moment import Moment
from tui.panels.cursor import CursorPanel
from tui.views.header import starting_text
from tui.views.plan import plan_words
from tui.views.shards import Order, column_at, heading, next_column, order_text, rows

DESCENDING_FIRST: Final = frozenset(
    {"share", "in", "out", "load", "throttled", "lag", "clear", "age", "trend", "state"}
)
TITLE_EDGES: Final = 6
"""Cells that stand around title and sort when they share a line."""


class ShardsPanel(CursorPanel):
    """One row per shard; the cursor belongs to a shard, not to a place on the screen."""

    BINDINGS = bindings.SHARDS

    class Inspected(Message):
        """Somebody wants to know more of a shard."""

        def __init__(self, shard: int) -> None:
            super().__init__()
            self.shard = shard

    def __init__(self, *, id: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.order = Order()
        self.moment: Moment | None = None

    @property
    def _kinesis(self) -> bool:
        stream = None if self.moment is None else self.moment.shown_stream
        return stream is not None and stream.view == "kinesis"

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
        self.sort_by(next_column(self.order.column, step, self.room, self._kinesis))

    def reverse(self) -> None:
        """Turn the sort round."""
        self.change(replace(self.order, reverse=not self.order.reverse))

    def action_inspect(self) -> None:
        """Ask for all there is to know of the shard under the cursor."""
        if self.cursor is not None and self.shard_ids:
            self.post_message(self.Inspected(self.cursor))

    def _draw(self) -> None:
        stream = None if self.moment is None else self.moment.shown_stream
        width = self.room
        sort = order_text(self.order, self.glyphs)
        title = "Shards"
        if stream is None or not stream.shards:
            self.shard_ids = []
            text = starting_text(self.moment) if self.moment else ""
            self.show_lines([(("  " + text, "busy"),)])
        else:
            drawn = rows(stream, self.order, width, self.glyphs)
            lines: Sequence[Line] = drawn.lines
            if not lines:
                lines = [((f"  no shard matches {self.order.text!a}", "dim"),)]
            top = heading(self.order, width, self.glyphs, self._kinesis)
            self.show_rows(drawn.shards, lines, top)
            title = self._titled(stream, width - cell_len(sort) - TITLE_EDGES)
        self.show_title(title, sort)

    def _titled(self, stream: StreamView, room: int) -> str:
        """Return the title with the stream's plan, its key too where that leaves room."""
        dot = f" {self.glyphs.dot} "
        title = dot.join(["Shards", *plan_words(stream, key=True)])
        return title if cell_len(title) <= room else dot.join(["Shards", *plan_words(stream)])

    def on_click(self, event: events.Click) -> None:
        """Choose a row, or sort by a column title."""
        place = event.get_content_offset(self)
        if place is None or not self.shard_ids:
            return
        if place.y == 0:
            column = column_at(place.x, self.room, self._kinesis)
            if column is not None:
                self.sort_by(column)
        elif place.y + self.scroll_offset.y <= len(self.shard_ids):
            self.put_cursor(place.y - 1 + self.scroll_offset.y)

    def on_resize(self) -> None:
        """Fit the columns to the new width."""
        self._draw()
