"""The heat map of a stream's shards over the last minutes."""

from __future__ import annotations

from tui import bindings
from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.views.heat import heat_lines, legend, time_line


class HeatPanel(LinePanel, can_focus=True):
    """One row a shard under the time axis."""

    BINDINGS = bindings.SCROLLING
    moment: Moment | None = None

    def show(self, moment: Moment) -> None:
        """Show the chosen stream of one instant."""
        self.moment = moment
        stream, snapshot = moment.shown_stream, moment.snapshot
        if stream is None or snapshot is None:
            self.show_lines([(("  no shards yet", "dim"),)])
            self.show_title("Heat")
            return
        axis = time_line(snapshot.history, self.room, self.glyphs)
        self.show_lines(heat_lines(stream, self.room, self.glyphs), (axis,))
        self.show_title("Heat", legend(stream, self.glyphs))

    def on_resize(self) -> None:
        """Draw to the new size."""
        if self.moment is not None:
            self.show(self.moment)
