"""A panel of rows with a cursor that belongs to a shard, not to a place on the screen."""

from __future__ import annotations

from collections.abc import Sequence

from tui.glyphs import UNICODE, Glyphs
from tui.lines import Line, text_of
from tui.panels.base import LinePanel


class CursorPanel(LinePanel, can_focus=True):
    """One row per shard under one fixed line."""

    def __init__(self, *, id: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.cursor: int | None = None
        self.shard_ids: list[int] = []
        """The shards in the order they are drawn."""

        self._cursor_row = 0

    def show_rows(self, ids: Sequence[int], lines: Sequence[Line], heading: Line) -> None:
        """Draw rows, the cursor on its shard's new row."""
        self.shard_ids = list(ids)
        self._follow_cursor()
        self.show_lines(lines, (heading,))

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

    def put_cursor(self, row: int) -> None:
        """Move the cursor to a row, or to the nearest there is."""
        if not self.shard_ids:
            return
        before = self._cursor_row
        self._cursor_row = min(max(row, 0), len(self.shard_ids) - 1)
        self.cursor = self.shard_ids[self._cursor_row]
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
        return "cursor" if self.shard_ids and y == self._cursor_row + 1 else ""

    def row_text(self, *, whole: bool) -> str:
        """Return the row under the cursor, or its last cell."""
        if not self.shard_ids:
            return ""
        text = " ".join(text_of(self._lines[self._cursor_row]).split())
        return text if whole else text.rpartition(" ")[2]

    def action_move(self, step: int) -> None:
        """Move the cursor by some rows."""
        self.put_cursor(self._cursor_row + step)

    def action_edge(self, direction: int) -> None:
        """Move the cursor to the first or the last row."""
        self.put_cursor(0 if direction < 0 else len(self.shard_ids) - 1)
