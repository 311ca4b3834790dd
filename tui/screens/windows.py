"""The declared windows, live: what there are, and the newest results of the one chosen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

import msgspec
from textual import work

from streaming.lab.commands import WindowHistory
from streaming.lab.snapshot import WindowLine, WindowView
from streaming.lab.stream_snapshot import StreamView
from tui import bindings
from tui.errands import deliver
from tui.glyphs import Glyphs
from tui.lines import Line
from tui.moment import Moment
from tui.screens.choosing import ChoosingDialog
from tui.views.windowplots import plot_lines, watermark_lines
from tui.views.windows import NO_WINDOWS, heading, result_lines, window_lines

AGAIN_S = 2.0
"""The values over time are asked for again after so long."""
TALL = 36
"""Rows of a terminal that has room for table and plot."""
TABLE_ROWS = 8
PLOT_ROWS = 10


class WindowsScreen(ChoosingDialog):
    """The windows above, results of the chosen one below."""

    TITLE_TEXT = "Windows"
    BAR = bindings.WINDOWS_BAR
    LIST_ID, DETAIL_ID = "windows", "results"
    LIST_BINDINGS = bindings.WINDOWS + bindings.PAGES

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self._plotted = False
        self._value = 0
        self._asked: tuple[str, str] = ("", "")
        self._asked_at = float("-inf")
        self._known: tuple[str, str] = ("", "")
        self._lines: list[WindowLine] = []

    def draw(self) -> None:
        """Draw the moment."""
        windows = self._windows
        count = len(windows)
        self.show_list(count, count, partial(window_lines, windows), heading, NO_WINDOWS)
        self._ask()

    def detail_lines(self, room: int) -> Sequence[Line]:
        """The newest results of the chosen window, and one of its values over time."""
        window = self._chosen
        table = result_lines(window, room)
        value = self._value_name(window)
        if window is None or not value:
            return table
        tall = self.app.size.height >= TALL
        known = self._known == (window.name, value)
        plot = plot_lines(value, self._lines if known else (), room, PLOT_ROWS, self.glyphs)
        marks = watermark_lines(self._stream(window), room)
        if tall:
            return [*table[:TABLE_ROWS], (), *plot, (), *marks]
        return [*plot, *marks] if self._plotted else [*marks[:1], *table]

    @work(exclusive=True, group="history")
    async def _ask(self) -> None:
        """Ask for the chosen value over time, now and then."""
        window = self._chosen
        value = self._value_name(window)
        if window is None or not value:
            return
        asked, now = (window.name, value), time.monotonic()
        if asked == self._asked and now - self._asked_at < AGAIN_S:
            return
        self._asked, self._asked_at = asked, now
        reply = await deliver(self.lab.link, [WindowHistory(*asked)])
        if reply.ok and reply.data:
            self._known = asked
            self._lines = msgspec.json.decode(reply.data, type=list[WindowLine])
            self.draw_detail()

    @property
    def _windows(self) -> tuple[WindowView, ...]:
        return () if self.moment.snapshot is None else self.moment.snapshot.windows

    @property
    def _chosen(self) -> WindowView | None:
        windows = self._windows
        return windows[min(self.list.cursor or 0, len(windows) - 1)] if windows else None

    def _value_name(self, window: WindowView | None) -> str:
        names = list(window.newest[0].values) if window is not None and window.newest else []
        return names[self._value % len(names)] if names else ""

    def _stream(self, window: WindowView) -> StreamView | None:
        streams = () if self.moment.snapshot is None else self.moment.snapshot.streams
        return next((stream for stream in streams if stream.name == window.stream), None)

    def action_choose(self, step: int) -> None:
        """Look at another window."""
        self._value = 0
        super().action_choose(step)
        self._ask()

    def action_value(self, step: int) -> None:
        """Draw another value of the window."""
        self._value += step
        self.draw_detail()
        self._ask()

    def action_plot(self) -> None:
        """Draw a value over time in place of the table, or the table again."""
        self._plotted = not self._plotted
        self.draw_detail()
