"""The declared windows, live: what there are, and the newest results of the one chosen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from streaming.lab.snapshot import WindowView
from tui import bindings
from tui.lines import Line
from tui.screens.choosing import ChoosingDialog
from tui.views.windows import NO_WINDOWS, heading, result_lines, window_lines


class WindowsScreen(ChoosingDialog):
    """The windows above, results of the chosen one below."""

    TITLE_TEXT = "Windows"
    BAR = bindings.WINDOWS_BAR
    LIST_ID, DETAIL_ID = "windows", "results"
    LIST_BINDINGS = bindings.WINDOWS + bindings.PAGES

    def draw(self) -> None:
        """Draw the moment."""
        windows = self._windows
        count = len(windows)
        self.show_list(count, count, partial(window_lines, windows), heading, NO_WINDOWS)

    def detail_lines(self, room: int) -> Sequence[Line]:
        """The newest results of the chosen window."""
        windows = self._windows
        place = min(self.list.cursor or 0, len(windows) - 1)
        return result_lines(windows[place] if windows else None, room)

    @property
    def _windows(self) -> tuple[WindowView, ...]:
        return () if self.moment.snapshot is None else self.moment.snapshot.windows
