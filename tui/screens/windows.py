"""The declared windows, live: what there are, and the newest results of the one chosen."""

from __future__ import annotations

from textual.app import ComposeResult

from streaming.lab.snapshot import WindowView
from tui import bindings
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.cursor import CursorPanel
from tui.screens.bench import TextPanel
from tui.screens.live import LiveDialog
from tui.views.windows import NO_WINDOWS, heading, result_lines, window_lines


class WindowList(CursorPanel):
    """One row a window, with a cursor."""

    BINDINGS = bindings.WINDOWS + bindings.PAGES


class WindowsScreen(LiveDialog):
    """The windows above, results of the chosen one below."""

    AUTO_FOCUS = "#windows"
    TITLE_TEXT = "Windows"
    BAR = bindings.WINDOWS_BAR

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.list = WindowList(id="windows", glyphs=glyphs)
        self.results = TextPanel(id="results", glyphs=glyphs)

    def body(self) -> ComposeResult:
        """List and results."""
        yield self.list
        yield self.results

    def draw(self) -> None:
        """Draw the moment."""
        windows = self._windows
        room = max(1, self.list.room if self.list.size.width else self.width - 1)
        if not windows:
            self.list.shard_ids = []
            self.list.show_lines([((NO_WINDOWS, "busy"),)])
            self.results.show_lines([])
            return
        self.list.styles.height = len(windows) + 2
        self.list.show_rows(range(len(windows)), window_lines(windows, room), heading(room))
        self._draw_results()

    def _draw_results(self) -> None:
        room = max(1, self.results.room if self.results.size.width else self.width - 1)
        self.results.show_lines(result_lines(self._chosen, room))

    @property
    def _windows(self) -> tuple[WindowView, ...]:
        return () if self.moment.snapshot is None else self.moment.snapshot.windows

    @property
    def _chosen(self) -> WindowView | None:
        place = self.list.cursor or 0
        return self._windows[min(place, len(self._windows) - 1)] if self._windows else None

    def action_choose(self, step: int) -> None:
        """Look at another window."""
        self.list.action_move(step)
        self._draw_results()

    def action_page(self, step: int) -> None:
        """Move by several windows."""
        self.action_choose(step)
