"""The ready queries: what each answers, and its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from streaming.store.ready import READY, ReadyQuery
from tui import bindings
from tui.glyphs import Glyphs
from tui.lines import Line
from tui.moment import Moment
from tui.screens.choosing import ChoosingDialog
from tui.views.console import ready_detail, ready_heading, ready_lines


class ReadyScreen(ChoosingDialog):
    """The queries above, the chosen one below; enter hands it over and closes."""

    TITLE_TEXT = "Ready queries"
    CLOSING_TEXT = "enter runs, esc closes"
    BAR = bindings.READY_BAR
    LIST_ID, DETAIL_ID = "ready", "ready-sql"
    LIST_BINDINGS = bindings.READY + bindings.PAGES

    def __init__(
        self, glyphs: Glyphs, moment: Moment, picked: Callable[[ReadyQuery], None]
    ) -> None:
        super().__init__(glyphs, moment)
        self._picked = picked

    def draw(self) -> None:
        """Draw the list; the lab's news change nothing in it."""
        count = len(READY)
        self.show_list(count, count, ready_lines, ready_heading, "")

    def detail_lines(self, room: int) -> Sequence[Line]:
        """The chosen query."""
        return ready_detail(READY[self.list.cursor or 0], room)

    def action_pick(self) -> None:
        """Hand over the chosen query."""
        self.dismiss()
        self.app.call_later(partial(self._picked, READY[self.list.cursor or 0]))
