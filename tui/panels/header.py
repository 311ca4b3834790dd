"""The header line."""

from __future__ import annotations

from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.views.header import header


class HeaderPanel(LinePanel, can_focus=False):
    """One line that is always there and always true, however old the rest is."""

    def show(self, moment: Moment) -> None:
        """Show one instant."""
        self.show_lines([header(moment, self.room, self.glyphs)])
