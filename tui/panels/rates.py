"""Rates and lag over time, for all streams together."""

from __future__ import annotations

from tui import bindings
from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.views.rates import rates


class RatesPanel(LinePanel, can_focus=True):
    """A plot where there is room, sparklines where there is little."""

    BINDINGS = bindings.SCROLLING
    moment: Moment | None = None

    def show(self, moment: Moment) -> None:
        """Show the history of one instant."""
        self.moment = moment
        history = () if moment.snapshot is None else moment.snapshot.history
        self.show_lines(rates(history, self.room, self.size.height, self.glyphs))
        self.show_title("Rates, all streams")

    def on_resize(self) -> None:
        """Draw to the new size."""
        if self.moment is not None:
            self.show(self.moment)
