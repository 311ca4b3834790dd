"""The list of what happened in the lab."""

from __future__ import annotations

from tui import bindings
from tui.glyphs import UNICODE, Glyphs
from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.safe import safe
from tui.views.events import EventLine, events

LABEL_LIMIT = 60


class EventsPanel(LinePanel, can_focus=True):
    """Newest first; who has scrolled down to read keeps the place while new lines come in."""

    BINDINGS = bindings.EVENTS

    def __init__(self, *, id: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.moment: Moment | None = None
        self._shown: list[EventLine] = []

    def show(self, moment: Moment) -> None:
        """Show the diary of one instant."""
        self.moment = moment
        snapshot = moment.snapshot
        width = self.room
        drawn = [] if snapshot is None else events(snapshot.events, width, self.glyphs)
        newer = self._newer(drawn)
        self._shown = drawn
        self.show_lines([line for _, line in drawn] or [((" nothing yet", "dim"),)])
        if newer and self.scroll_offset.y:
            self.scroll_to(y=self.scroll_offset.y + newer, animate=False)
        label = "" if snapshot is None else safe(snapshot.broker.label, LABEL_LIMIT)
        self.show_title("Events", label)

    def _newer(self, drawn: list[EventLine]) -> int:
        """Return how many lines stand above what was the newest line."""
        if not self._shown:
            return 0
        return sum(event.seq > self._shown[0].seq for event in drawn)

    def on_resize(self) -> None:
        """Cut the lines to the new width."""
        if self.moment is not None:
            self.show(self.moment)
