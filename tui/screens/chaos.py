"""Chaos and traffic: load, planted trouble and kills, each by a row, answered in place."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.widgets import Input, Label

from streaming.lab.commands import SetRate
from tui import bindings
from tui.chaos import INCIDENT_S, Asked, Trouble, incident_kinds, troubles, typed
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.cursor import CursorPanel
from tui.screens.bench import Bench, SafeInput, TextPanel
from tui.views.bench import NO_STREAM, Answer
from tui.views.chaos import traffic_line, trouble_detail, trouble_heading, trouble_lines

HINT = "enter does what the cursor is on, with the seconds and intensity above"
LOAD_LIMIT, NUMBER_LIMIT = 9, 7


class ChaosList(CursorPanel):
    """The rows, with a cursor."""

    BINDINGS = bindings.CHAOS + bindings.PAGES

    def on_click(self, event: events.Click) -> None:
        """Choose a row."""
        place = event.get_content_offset(self)
        if place is not None and place.y and self.shard_ids:
            self.put_cursor(place.y - 1 + self.scroll_offset.y)


class ChaosScreen(Bench):
    """What can be asked for above, what there is to know of the chosen row below."""

    AUTO_FOCUS = "#chaos"
    TITLE_TEXT = "Chaos and traffic"
    BAR = bindings.CHAOS_BAR

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.rows = ChaosList(id="chaos", glyphs=glyphs)
        self.detail = TextPanel(id="chaos-detail", glyphs=glyphs)
        self.load = SafeInput(id="load", limit=LOAD_LIMIT)
        self.seconds = SafeInput(id="seconds", limit=NUMBER_LIMIT)
        self.seconds.value = f"{INCIDENT_S:g}"
        self.intensity = SafeInput(id="intensity", limit=NUMBER_LIMIT)
        self._found: list[Trouble] = []
        self._chosen = ""
        self._said = (Answer.HINT, HINT)

    def form(self) -> ComposeResult:
        """Load, seconds and intensity."""
        yield Label("load/s: ", markup=False)
        yield self.load
        yield Label(" seconds: ", markup=False)
        yield self.seconds
        yield Label(" intensity: ", markup=False)
        yield self.intensity

    def body(self) -> ComposeResult:
        """The rows, then the chosen one."""
        yield self.rows
        yield self.detail

    @property
    def asked(self) -> Asked:
        """What was typed."""
        return Asked(
            typed(self.load.value, 0.0),
            typed(self.seconds.value, INCIDENT_S),
            typed(self.intensity.value, 0.0),
        )

    def draw(self) -> None:
        """Draw the moment."""
        self.now.show_lines([traffic_line(self.moment, self.width, self.glyphs)])
        if self.moment.snapshot is None:
            self.rows.shard_ids, self._found = [], []
            self.rows.show_lines([((NO_STREAM, "busy"),)])
            self.detail.show_lines([])
            return
        self._found = troubles(self.moment.snapshot, self.lab.load, self.asked)
        names = [trouble.name for trouble in self._found]
        # The cursor stays with what it is on: consumers come and go.
        if self._chosen in names:
            self.rows.cursor = names.index(self._chosen)
        room = max(1, self.rows.room if self.rows.size.width else self.width - 1)
        lines = trouble_lines(self._found, self.moment.now_ms, room, self.glyphs)
        self.rows.show_rows(range(len(names)), lines, trouble_heading(room))
        self._draw_detail()

    def _draw_detail(self) -> None:
        chosen = self.chosen
        self._chosen = "" if chosen is None else chosen.name
        self.detail.show_lines(trouble_detail(chosen, self.width))
        kind = incident_kinds().get(self._chosen.removeprefix("incident."))
        self.intensity.placeholder = "" if kind is None else f"{kind.intensity:g}"

    @property
    def chosen(self) -> Trouble | None:
        """The row under the cursor."""
        place = self.rows.cursor
        if place is None or not self._found:
            return None
        return self._found[min(place, len(self._found) - 1)]

    def action_choose(self, step: int) -> None:
        """Look at another row."""
        self.rows.action_move(step)
        self._draw_detail()

    def action_edge(self, direction: int) -> None:
        """Look at the first or the last row."""
        self.rows.action_edge(direction)
        self._draw_detail()

    def action_page(self, step: int) -> None:
        """Move by several rows."""
        self.action_choose(step)

    @on(events.Click, "#chaos")
    def _clicked(self) -> None:
        self._draw_detail()

    def action_do(self) -> None:
        """Carry out the chosen row."""
        self.draw()
        chosen = self.chosen
        if chosen is None:
            self.say(Answer.REFUSED, NO_STREAM)
            return
        self._carry(chosen)

    def _carry(self, trouble: Trouble) -> None:
        deed = trouble.deed
        if not self.working and deed.commands and isinstance(deed.commands[0], SetRate):
            self.lab.asked_load = deed.commands[0].per_s
        self.carry_out(deed)

    def action_type(self, field: str) -> None:
        """Type a load, seconds or an intensity."""
        self.query_one(f"#{field}", SafeInput).focus()

    @on(Input.Changed)
    def _typed(self) -> None:
        if self.is_mounted:
            self.draw()

    def answered(self, *, ok: bool) -> None:
        """Take the load away once it holds, and show what is planted now."""
        if ok:
            self.load.value = ""

    def submit(self) -> None:
        """Ask for the typed load at once; for the rest go back to the rows."""
        at_load = self.load.has_focus
        self.rows.focus()
        self.draw()
        exact = next((t for t in self._found if t.name == "load.exact"), None)
        if at_load and exact is not None:
            self._carry(exact)
        elif exact is None:
            self.say(Answer.REFUSED, NO_STREAM)
