"""The SQL console: a query above, its rows below, on a copy of the running store."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Input, Label

from streaming import platform
from streaming.store.exported import ExportError, format_of
from streaming.store.ready import ReadyQuery
from tui import bindings
from tui.console.asking import LIMITS, Asker, JailAsker
from tui.console.desk import Desk
from tui.console.history import FILE, History
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.editor import Editor
from tui.panels.grid import GridPanel
from tui.safe import safe
from tui.screens.bench import SafeInput, TextPanel
from tui.screens.dialog import Dialog
from tui.screens.live import LiveDialog
from tui.screens.ready import ReadyScreen
from tui.views.console import copy_line, status_lines
from tui.views.grid import spot_line
from tui.views.texts import plain_lines

PATH_LIMIT = 1000
COPIED_LIMIT = 10_000
TICK_S = 0.25
NOTHING_TO_WRITE = "there is no result to write: run a query first"


class PathInput(SafeInput):
    """Where the name of a file is typed."""

    def __init__(self) -> None:
        super().__init__(id="export-path", limit=PATH_LIMIT)


class ConsoleScreen(LiveDialog):
    """Editor, what came of the query, its rows, and as of when they are."""

    BINDINGS = bindings.CONSOLE
    AUTO_FOCUS = "#editor"
    TITLE_TEXT = "SQL console, read-only"
    CLOSING_TEXT = f"{LIMITS}; esc closes"
    BAR = bindings.CONSOLE_BAR
    ASKER: ClassVar[Callable[[], Asker]] = JailAsker

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.past = History(platform.state_home() / FILE)
        self.editor = Editor(self.past, glyphs)
        self.status = TextPanel(id="console-status", glyphs=glyphs)
        self.grid = GridPanel(id="grid", glyphs=glyphs)
        self.spot = TextPanel(id="console-spot", glyphs=glyphs)
        self.copied = TextPanel(id="console-copy", glyphs=glyphs)
        self.path = PathInput()
        self.desk: Desk | None = None
        self._asked = ""
        self._replacing: Path | None = None

    def body(self) -> ComposeResult:
        """Editor, status, rows, the chosen cell and the copy."""
        yield self.editor
        with Horizontal(id="export"):
            yield Label("write all rows to: ", markup=False)
            yield self.path
        yield self.status
        yield self.grid
        yield self.spot
        yield self.copied
        yield self.editor.offers

    def on_mount(self) -> None:
        """Read the history and the tables, and keep the clock true."""
        lab = self._lab = self.lab
        self.desk = Desk(
            lab.link, type(self).ASKER(), lab._clock, lab._monotonic, self._desk_changed
        )
        super().on_mount()
        self.set_interval(TICK_S, self._tick)
        self.run_worker(asyncio.to_thread(self.past.load), group="history", exit_on_error=False)
        self.desk.learn()

    def on_unmount(self) -> None:
        """End what runs and remove the copy."""
        if self.desk is not None:
            self.desk.close()

    # --- drawing ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw what the desk has; the lab's news change only the age of the copy."""
        desk = self.desk
        if desk is None:
            return
        width = self.width
        self.editor.catalogue = desk.catalogue
        self.status.show_lines(status_lines(desk, self._asked, width, self.glyphs))
        page = desk.page
        if page is not None:
            self.grid.show_grid(page.grid, page.result, page.offset)
        self._draw_spot()
        self._tick()

    def _desk_changed(self) -> None:
        if self.is_mounted and self.is_attached:
            self.draw()

    @on(GridPanel.Moved)
    def _draw_spot(self) -> None:
        grid = self.grid
        line = spot_line(grid.result, grid.start, grid.spot, self.width)
        self.spot.show_lines([line])

    def _tick(self) -> None:
        """Keep ages and times true while nothing comes."""
        desk = self.desk
        if desk is None:
            return
        if desk.work:
            self.status.show_lines(status_lines(desk, self._asked, self.width, self.glyphs))
        copies = desk.copies
        self.copied.show_lines([copy_line(copies.now, copies.age_s(), self.width, self.glyphs)])

    def _say(self, text: str) -> None:
        self._asked = text
        if self.desk is not None:
            self.desk.error = ""
        self.draw()

    # --- running ----------------------------------------------------------------------------

    @on(Editor.Run)
    def action_run(self) -> None:
        """Run what is typed, or say that something runs already."""
        query, desk = self.editor.text.strip(), self.desk
        self.editor.hide()
        if desk is None or not query:
            return
        if desk.work:
            self.app.bell()
            return
        self._asked = ""
        if self.past.add(query):
            self.run_worker(self._save(query), group="history", exit_on_error=False)
        desk.run(query)

    async def _save(self, query: str) -> None:
        failed = await asyncio.to_thread(self.past.save, query)
        if failed:
            self._lab.tell(failed, ok=False)

    def action_ready(self) -> None:
        """Choose a ready query."""
        self.app.push_screen(ReadyScreen(self.glyphs, self.moment, self._picked))

    def _picked(self, query: ReadyQuery) -> None:
        self.editor.put(query.sql)
        self.grid.focus()
        self.action_run()

    def action_refresh(self) -> None:
        """Take a new copy; the next query runs on it."""
        if self.desk is not None:
            self.desk.refresh()

    def action_turn(self, step: int) -> None:
        """Show another page."""
        if self.desk is not None:
            self._asked = ""
            self.desk.turn(step)

    def action_page(self, step: int) -> None:
        """Scroll the rows, wherever the keys go."""
        self.grid.action_leap(1 if step > 0 else -1)

    def action_escape(self) -> None:
        """Take back the last thing that is open or under way; close when there is none."""
        if self.editor.offering:
            self.editor.hide()
        elif self.desk is not None and self.desk.work:
            self.desk.cancel()
        elif self.has_class("-exporting"):
            self._close_export()
        else:
            self.action_close()

    def action_close(self) -> None:
        """Close; what was typed and not run can be found in the history."""
        query = self.editor.text.strip()
        if query and self.past.add(query):
            self.lab.run_worker(self._save(query), group="history", exit_on_error=False)
        self.dismiss()

    def action_other(self) -> None:
        """Go from the query to the rows, or back."""
        self.editor.hide()
        (self.editor if self.focused is self.grid else self.grid).focus()

    # --- cells ------------------------------------------------------------------------------

    def _row(self) -> tuple[str | None, ...]:
        rows = self.grid.result.rows
        return rows[self.grid.spot.row] if rows else ()

    def action_cell(self) -> None:
        """Show the whole cell."""
        row, column = self._row(), self.grid.spot.column
        if row:
            name, cell = safe(self.grid.result.columns[column], 40), row[column]
            text = "NULL (no value)" if cell is None else cell
            title = f"{name}, row {self.grid.start + self.grid.spot.row + 1:,}"
            self.app.push_screen(
                Dialog(title, lambda width: plain_lines(text, width), glyphs=self.glyphs)
            )

    def action_copy_cell(self) -> None:
        """Put the cell into the clipboard."""
        row = self._row()
        if row:
            self._copy("cell", [row[self.grid.spot.column]])

    def action_copy_row(self) -> None:
        """Put the row into the clipboard, tabs between its cells."""
        self._copy("row", self._row())

    def _copy(self, what: str, cells: Any) -> None:
        if cells:
            self.app.copy_to_clipboard("\t".join(safe(c or "", COPIED_LIMIT) for c in cells))
            self._say(f"the {what} is in the clipboard, if the terminal allows it")

    # --- export -----------------------------------------------------------------------------

    def action_export(self) -> None:
        """Ask where to write the whole result."""
        if self.desk is None or self.desk.page is None:
            self._say(NOTHING_TO_WRITE)
            return
        self.add_class("-exporting")
        self._replacing = None
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(self.lab._clock()))
        self.path.value = f"query-{stamp}.csv"
        self.path.cursor_position = len(self.path.value)
        self.path.focus()
        self._say("enter writes; a name that ends in .parquet gives Parquet; esc leaves it")

    def _close_export(self) -> None:
        self.remove_class("-exporting")
        self._asked = ""
        self.grid.focus()
        self.draw()

    @on(Input.Submitted, "#export-path")
    async def _export(self, event: Input.Submitted) -> None:
        event.stop()
        if self.desk is None or self.desk.work:
            return
        try:
            target = Path(event.value.strip()).expanduser().absolute()
            format_of(target)
            there = await asyncio.to_thread(target.exists)
        except (ExportError, RuntimeError, ValueError, OSError) as error:
            self._say(f"that is no file to write: {error}")
            return
        if there and self._replacing != target:
            self._replacing = target
            self._say(f"{target} exists: enter again writes over it, esc leaves it")
            return
        replacing = self._replacing == target
        self._close_export()
        self.desk.export(target, replacing)
