"""The key lab: give a stream another key, and see before and after side by side."""

from __future__ import annotations

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Input, Label

from streaming.lab.commands import TryKey
from streaming.lab.stream_snapshot import CandidateView, StreamView
from tui import bindings
from tui.deeds import MOST, number, switch
from tui.errands import deliver
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.offers import OFFERED, beside, offered, told
from tui.panels.base import LinePanel
from tui.screens.bench import Bench, SafeInput, TextPanel
from tui.views.bench import NO_STREAM, Answer, hint, now_line, offer_line
from tui.views.epochs import comparison
from tui.views.plan import open_shards

KEY_LIMIT = 200
TYPED_S = 0.25
"""A key is tried out when nothing was typed for so long."""


class KeyInput(SafeInput):
    """Where the key is typed; up and down go through the offered ones."""

    BINDINGS = bindings.KEY_INPUT
    offered = OFFERED

    def action_offer(self, step: int) -> None:
        """Put in the next offered key."""
        self.value = beside(self.value.strip(), step, self.offered)
        self.cursor_position = len(self.value)


class ComparisonPanel(LinePanel, can_focus=True):
    """The table of epochs; scrolls where it does not fit."""

    BINDINGS = bindings.COMPARISON + bindings.PAGES


class KeyLab(Bench):
    """Key and number of shards above, epochs and heavy keys below."""

    AUTO_FOCUS = "#key"
    TITLE_TEXT = "Key lab"
    CLOSING_TEXT = "enter changes, tab goes on, esc closes"
    BAR = bindings.KEY_LAB_BAR

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.key = KeyInput(id="key", limit=KEY_LIMIT, placeholder="as it is")
        self.offers = TextPanel(id="offers", glyphs=glyphs)
        self.table = ComparisonPanel(id="comparison", glyphs=glyphs)
        self._said = hint("")
        self._candidate: CandidateView | None = None
        self._typing: Timer | None = None

    def form(self) -> ComposeResult:
        """The key beside the number of shards."""
        yield Label("key: ", id="key-label", markup=False)
        yield self.key
        yield from super().form()

    def body(self) -> ComposeResult:
        """The offers above the table."""
        yield self.offers
        yield self.table

    def draw(self) -> None:
        """Draw the moment."""
        stream, width = self.stream, self.width
        self.now.show_lines([now_line(self.moment, width, self.glyphs)])
        self.key.offered = offered("msk" if stream is None else stream.view)
        self._show_offers()
        if stream is None:
            self.table.show_lines([((NO_STREAM, "busy"),)])
            return
        unit = "shards" if stream.view == "kinesis" else "partitions"
        self.number_label.update(f" {unit}: ")
        now_ms = 0 if self.moment.snapshot is None else self.moment.snapshot.at_ms
        room = max(1, self.table.room if self.table.size.width else width - 1)
        self.table.show_lines(comparison(stream, now_ms, room, self.glyphs, self._foretold(stream)))

    def _foretold(self, stream: StreamView) -> CandidateView | None:
        """What is known of the typed key, until it holds."""
        told = self._candidate
        holds = told is not None and (told.key, told.shards) == (
            stream.key,
            len(open_shards(stream)),
        )
        return None if holds else told

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """Say what the typed key would keep, unless a command is under way."""
        event.stop()
        self._show_offers()
        if not self.working and event.input is self.key:
            self.say(*hint(self.key.value))
        if self._typing is not None:
            self._typing.stop()
        self._typing = self.set_timer(TYPED_S, self._try)

    @work(exclusive=True, group="candidate")
    async def _try(self) -> None:
        """Ask what the typed key would do; nothing typed is no candidate."""
        key, count, stream = self.key.value.strip(), number(self.number.value), self.stream
        self._candidate = None
        if stream is not None and count is not None and (count or (key and told(key)[0])):
            reply = await deliver(self.lab.link, [TryKey(stream.name, key, count)])
            if reply.ok:
                self._candidate = msgspec.json.decode(reply.data, type=CandidateView)
        self.draw()

    def _show_offers(self) -> None:
        line = offer_line(self.key.value, self.width, self.glyphs, self.key.offered)
        self.offers.show_lines([line])

    def submit(self) -> None:
        """Switch to what was typed."""
        stream, snapshot = self.stream, self.moment.snapshot
        if stream is None or snapshot is None:
            self.say(Answer.REFUSED, NO_STREAM)
            return
        count = number(self.number.value)
        if count is None:
            self.say(Answer.REFUSED, f"the number of shards goes from 1 to {MOST:,}")
            return
        self.carry_out(switch(stream, self.key.value.strip(), count, snapshot))

    def answered(self, *, ok: bool) -> None:
        """Take the number away once it holds, so that the next enter does not ask again."""
        if ok:
            self._candidate = None
            self.number.value = ""

    def action_next_stream(self) -> None:
        """Show the next stream, and what the typed key would do to that one."""
        super().action_next_stream()
        self._candidate = None
        self.set_timer(TYPED_S, self._try)

    def action_page(self, step: int) -> None:
        """Scroll the table."""
        self.table.action_scroll_body(step)
