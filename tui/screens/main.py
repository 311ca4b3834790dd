"""The live screen: header, shards, heat, rates, keys, events, and the keys that work."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message

from tui import bindings
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.base import LINE_CLASSES
from tui.panels.events import EventsPanel
from tui.panels.filterbar import FilterBar
from tui.panels.header import HeaderPanel
from tui.panels.heat import HeatPanel
from tui.panels.keybar import KeyBar
from tui.panels.keys import KeysPanel
from tui.panels.rates import RatesPanel
from tui.panels.shards import ShardsPanel
from tui.screens.inspect import InspectScreen
from tui.screens.prompt import PromptScreen
from tui.views import arrangement

if TYPE_CHECKING:
    from tui.app import LabApp

WIDTHS: Final = [(0, "-narrow"), (80, "-medium"), (100, "-wide")]
HEIGHTS: Final = [(0, "-tiny"), (11, "-low"), (15, "-short"), (24, "-compact"), (32, "-tall")]


class MainScreen(PromptScreen):
    """Shows moments; it keeps no numbers of its own."""

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
        self.strip = KeyBar(id="strip", glyphs=glyphs, entries=bindings.STRIP)
        self.shards = ShardsPanel(id="shards", glyphs=glyphs)
        self.heat = HeatPanel(id="heat", glyphs=glyphs)
        self.rates = RatesPanel(id="rates", glyphs=glyphs)
        self.keys = KeysPanel(id="keylist", glyphs=glyphs)
        self.events = EventsPanel(id="events", glyphs=glyphs)
        self.filter_bar = FilterBar()
        self.chosen = "shards"
        self.zoomed = False

    @property
    def panels(
        self,
    ) -> dict[str, ShardsPanel | HeatPanel | RatesPanel | KeysPanel | EventsPanel]:
        """The panels by the names that keys and the arrangement know."""
        found = (self.shards, self.heat, self.rates, self.keys, self.events)
        return dict(zip(arrangement.PANELS, found, strict=True))

    def compose(self) -> ComposeResult:
        """Lay out the panels from top to bottom."""
        yield self.header
        yield self.strip
        with Horizontal(id="upper"):
            yield self.shards
            yield self.heat
        yield self.filter_bar
        with Horizontal(id="lower"):
            yield self.rates
            yield self.keys
        yield self.events
        yield KeyBar(id="keys", glyphs=self.glyphs)

    def on_mount(self) -> None:
        """Name the panels by their keys."""
        keys = bindings.keys_of(bindings.MAIN, self.app._keymap)
        for name, panel in self.panels.items():
            panel.jump_key = keys[bindings.PANEL_KEYS[name]][0]
        self.fit_panels()

    def fit_panels(self) -> None:
        """Show as many panels as there is room for, the chosen one among them."""
        columns, rows = self.app.size
        shown = arrangement.shown(columns, rows, self.chosen, zoomed=self.zoomed)
        for name, panel in self.panels.items():
            panel.display = name in shown
        self.query_one("#upper").display = bool(shown & {"shards", "heat"})
        self.query_one("#lower").display = bool(shown & {"rates", "keys"})
        self.strip.display = arrangement.has_strip(columns, rows) and not self.zoomed
        self.set_class(self.zoomed or len(shown) == 1, "-alone")
        self.set_class(not shown & {"shards", "heat"} and "events" in shown, "-lower")

    def show(self, moment: Moment, *, covered: bool = False) -> None:
        """Show one instant in every panel that is in sight: none, if something covers them."""
        self.held = moment
        self.show_header(moment)
        for panel in self.panels.values():
            if panel.display and not covered:
                panel.show(moment)

    def on_screen_resume(self) -> None:
        """Catch up on what came while the panels were covered."""
        self._fitted()

    def show_header(self, moment: Moment) -> None:
        """Show one instant in the header only, and dim the rest if it is out of date."""
        self.moment = moment
        self.header.show(moment)
        for panel in self.panels.values():
            panel.show_stale(moment.stale)

    def on_resize(self) -> None:
        """Fit to the new size."""
        self.fit_panels()
        if self.moment is not None:
            self.call_after_refresh(self._fitted)

    def _fitted(self) -> None:
        if self.held is not None and self.moment is not None:
            newest = self.moment
            self.show(self.held)
            self.show_header(newest)

    def action_panel(self, name: str) -> None:
        """Go to a panel, and show it where only some have room."""
        self.chosen = name
        self.fit_panels()
        self.panels[name].focus()
        self._fitted()

    def action_zoom(self) -> None:
        """Give the panel that has the keys the whole screen, or give the others room again."""
        focused = next((n for n, panel in self.panels.items() if panel.has_focus), self.chosen)
        self.zoomed, self.chosen = not self.zoomed, focused
        self.fit_panels()
        self.call_after_refresh(self._fitted)

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
        if not self.shards.display:
            self.action_panel("shards")
        self.filter_bar.open()

    def action_clear_filter(self) -> None:
        """Give the other panels room again, or take the filter away."""
        if self.zoomed:
            self.action_zoom()
        else:
            self.filter_bar.clear()

    def action_copy(self, whole: bool) -> None:
        """Copy the row under the cursor (or its state), or the first line of a panel without."""
        panel = next((p for p in self.panels.values() if p.has_focus), self.shards)
        text = panel.row_text(whole=whole)
        lab = cast("LabApp", self.app)
        if not text:
            lab.tell("There is nothing to copy here.", ok=False)
            return
        self.app.copy_to_clipboard(text)
        lab.tell(f"Copied: {text}", ok=True)

    @on(ShardsPanel.Inspected)
    def _inspected(self, event: ShardsPanel.Inspected) -> None:
        if self.held is not None:
            self.app.push_screen(InspectScreen(self.glyphs, self.held, event.shard))

    @on(FilterBar.Changed)
    def _filter_changed(self, event: FilterBar.Changed) -> None:
        self.shards.change(replace(self.shards.order, text=event.text))

    @on(FilterBar.Closed)
    def _filter_closed(self) -> None:
        self.filter_bar.close()
        self.shards.focus()
