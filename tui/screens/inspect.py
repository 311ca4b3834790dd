"""One shard, live."""

from __future__ import annotations

from textual.app import ComposeResult

from tui import bindings
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.screens.live import LiveDialog
from tui.views.inspect import inspect_lines


class ShardText(LinePanel, can_focus=True):
    """What there is to know; scrolls where it does not fit."""

    BINDINGS = bindings.COMPARISON + bindings.PAGES


class InspectScreen(LiveDialog):
    """All numbers of one shard, its records over time and its heavy keys."""

    TITLE_TEXT = "Shard"
    AUTO_FOCUS = "#inspected"

    def __init__(self, glyphs: Glyphs, moment: Moment, shard: int) -> None:
        super().__init__(glyphs, moment)
        self.shard = shard
        self.text_panel = ShardText(id="inspected", glyphs=glyphs)

    def body(self) -> ComposeResult:
        """The text."""
        yield self.text_panel

    def draw(self) -> None:
        """Draw the moment."""
        stream = self.moment.shown_stream
        shards = () if stream is None else stream.shards
        shard = next((s for s in shards if s.id == self.shard), None)
        room = max(1, self.text_panel.room if self.text_panel.size.width else self.width - 1)
        self.text_panel.show_lines(inspect_lines(stream, shard, room, self.glyphs))

    def action_page(self, step: int) -> None:
        """Scroll the text."""
        self.text_panel.action_scroll_body(step)
