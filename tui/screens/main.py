"""The live screen: header, shards, rates, events and keys."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from textual import on
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from tui import bindings
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.base import LINE_CLASSES
from tui.panels.events import EventsPanel
from tui.panels.filterbar import FilterBar
from tui.panels.header import HeaderPanel
from tui.panels.keybar import KeyBar
from tui.panels.rates import RatesPanel
from tui.panels.shards import ShardsPanel

WIDTHS: Final = [(0, "-narrow"), (80, "-medium"), (100, "-wide")]
HEIGHTS: Final = [(0, "-tiny"), (11, "-low"), (15, "-short"), (24, "-compact"), (32, "-tall")]


class MainScreen(Screen[None]):
    """Shows moments; it asks the lab for nothing and keeps no numbers."""

    BINDINGS = bindings.MAIN
    COMPONENT_CLASSES = LINE_CLASSES
    AUTO_FOCUS = "#shards"
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS

    class StreamChosen(Message):
        """Another stream is to be shown."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(classes="-plain" if glyphs.plain else "")
        self.glyphs = glyphs
        self.moment: Moment | None = None
        """The newest instant, header included."""
        self.held: Moment | None = None
        """The instant the panels show: an older one while the display is paused."""

        self.header = HeaderPanel(id="header", glyphs=glyphs)
        self.shards = ShardsPanel(id="shards", glyphs=glyphs)
        self.rates = RatesPanel(id="rates", glyphs=glyphs)
        self.events = EventsPanel(id="events", glyphs=glyphs)
        self.filter_bar = FilterBar()

    def compose(self) -> ComposeResult:
        """Lay out the panels from top to bottom."""
        yield self.header
        yield self.shards
        yield self.filter_bar
        yield self.rates
        yield self.events
        yield KeyBar(id="keys", glyphs=self.glyphs)

    def show(self, moment: Moment) -> None:
        """Show one instant in every panel."""
        self.held = moment
        self.show_header(moment)
        self.shards.show(moment)
        self.rates.show(moment)
        self.events.show(moment)

    def show_header(self, moment: Moment) -> None:
        """Show one instant in the header only, and dim the rest if it is out of date."""
        self.moment = moment
        self.header.show(moment)
        for panel in (self.shards, self.rates, self.events):
            panel.show_stale(moment.stale)

    def on_resize(self) -> None:
        """Fit the header to the new width."""
        if self.moment is not None:
            self.call_after_refresh(self.show_header, self.moment)

    def action_sort_column(self, step: int) -> None:
        """Sort by the next column."""
        self.shards.sort_next(step)

    def action_reverse_sort(self) -> None:
        """Turn the sort round."""
        self.shards.reverse()

    def action_next_stream(self) -> None:
        """Go to the next stream, and from the last to the first."""
        moment = self.moment
        if moment is None or moment.snapshot is None or moment.shown_stream is None:
            return
        names = [stream.name for stream in moment.snapshot.streams]
        place = names.index(moment.shown_stream.name)
        self.post_message(self.StreamChosen(names[(place + 1) % len(names)]))

    def action_filter(self) -> None:
        """Type a filter."""
        self.filter_bar.open()

    def action_clear_filter(self) -> None:
        """Take the filter away."""
        self.filter_bar.clear()

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.shards.change(replace(self.shards.order, text=event.text))

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.filter_bar.close()
        self.shards.focus()
