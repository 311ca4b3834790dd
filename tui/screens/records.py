"""Records of the shown stream: the newest as they come, filtered, from an offset or a time on."""

from __future__ import annotations

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.widgets import Label

from streaming.lab.commands import Reply
from streaming.lab.record_commands import ReadRecords
from streaming.records.filters import LONGEST, BadFilter, parse_filter
from streaming.records.views import RecordRow, RecordsPage
from tui import bindings
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.cursor import CursorPanel
from tui.record_feed import Feed, row_id
from tui.screens.bench import Bench, SafeInput
from tui.screens.record import RecordScreen, copied
from tui.seek import BadSeek, parse_seek
from tui.views.bench import NO_STREAM, Answer
from tui.views.records import NO_RECORDS, NONE_MATCH, READING, heading, record_lines, status

POLL_S = 0.5
SEEK_LIMIT = 40
HINT = "enter shows a record's path; country=BR, shard=3 or a text filters"


class RecordInput(SafeInput):
    """An input that gives the keys back to the table."""

    BINDINGS = bindings.RECORD_INPUT

    def action_leave(self) -> None:
        """Back to the table."""
        self.screen.query_one(RecordsPanel).focus()


class RecordsPanel(CursorPanel):
    """The table of records, with a cursor."""

    BINDINGS = bindings.RECORDS + bindings.PAGES

    def on_click(self, event: events.Click) -> None:
        """Choose a row."""
        place = event.get_content_offset(self)
        if place is not None and place.y and self.shard_ids:
            self.put_cursor(place.y - 1 + self.scroll_offset.y)


class RecordsScreen(Bench):
    """Polls while it is on top, with one question at a time under way."""

    AUTO_FOCUS = "#records"
    TITLE_TEXT = "Records"
    BAR = bindings.RECORDS_BAR

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(glyphs, moment)
        self.feed = Feed()
        self.table = RecordsPanel(id="records", glyphs=glyphs)
        self.filter_input = RecordInput(
            id="record-filter", limit=LONGEST, placeholder="text, field=value, shard=3"
        )
        self.seek_input = RecordInput(
            id="record-seek", limit=SEEK_LIMIT, placeholder="offset or time"
        )
        self._said = (Answer.HINT, HINT)
        self._wrong: tuple[Answer, str] = (Answer.REFUSED, "")
        self._asking = False
        self._next: ReadRecords | None = None

    def form(self) -> ComposeResult:
        """Filter and place, side by side."""
        yield Label("filter: ", markup=False)
        yield self.filter_input
        yield Label(" go to: ", markup=False)
        yield self.seek_input

    def body(self) -> ComposeResult:
        """The table."""
        yield self.table

    def on_mount(self) -> None:
        """Begin to read."""
        super().on_mount()
        self.set_interval(POLL_S, self.poll)
        self.poll()

    # --- asking -----------------------------------------------------------------------------

    def poll(self) -> None:
        """Ask for what is wanted next, unless an answer is still to come."""
        if self._asking or not self.is_current:
            return
        asked, self._next = self._next or self.feed.poll(), None
        if asked is not None:
            self._asking = True
            self.run_worker(self._read(asked, self.feed.turn), group="records")

    def want(self, asked: ReadRecords) -> None:
        """Ask for this next."""
        self._next = asked
        self.say(Answer.WORKING, "reading the log")
        self.poll()

    async def _read(self, asked: ReadRecords, turn: int) -> None:
        try:
            reply = await self.lab.link.send(asked)
        except Exception as error:
            reply = Reply(False, f"the log was not read: {error or type(error).__name__}")
        self._asking = False
        if turn == self.feed.turn and self.is_mounted:
            self._take(asked, reply)
        if self._next is not None:
            self.poll()

    def _take(self, asked: ReadRecords, reply: Reply) -> None:
        if not reply.ok:
            self.say(Answer.REFUSED, reply.text or "the lab did not answer")
            return
        try:
            page = msgspec.json.decode(reply.data, type=RecordsPage)
        except (msgspec.MsgspecError, UnicodeError):
            self.say(Answer.REFUSED, "the lab's answer cannot be read")
            return
        changed = self.feed.take(asked, page)
        if asked.start != "newest":
            if changed:
                self.say(Answer.HINT, HINT)
            else:
                self._refuse(_edge(asked))
        elif self._said != self._wrong and self._said[0] != Answer.HINT and self._next is None:
            self.say(Answer.HINT, HINT)
        if changed:
            self._draw_table()
            self._place_cursor(asked)
        self._draw_status()

    def _place_cursor(self, asked: ReadRecords) -> None:
        if self.feed.mode == "live" or asked.start == "before":
            self.table.action_edge(1)
        elif self.feed.mode == "paging":
            self.table.action_edge(-1)

    # --- drawing ----------------------------------------------------------------------------

    def draw(self) -> None:
        """Draw the moment; another stream is read from its end."""
        stream = self.stream
        if stream is not None and stream.name != self.feed.stream:
            self.feed.restart(stream.name, self.feed.filter)
            self.table.cursor = None
            self.poll()
        self._draw_status()
        self._draw_table()

    def _draw_status(self) -> None:
        if self.stream is None:
            self.now.show_lines([((NO_STREAM, "busy"),)])
        else:
            self.now.show_lines([status(self.feed, self.width, self.glyphs)])

    def _draw_table(self) -> None:
        rows = self.feed.rows
        if not rows:
            self.table.shard_ids = []
            nothing = NONE_MATCH if self.feed.filter else NO_RECORDS
            self.table.show_lines([((nothing if self.feed.began else READING, "busy"),)])
            return
        room = max(1, self.table.room if self.table.size.width else self.width - 1)
        lines = record_lines(rows, room, self.glyphs)
        self.table.show_rows([row_id(row) for row in rows], lines, heading(rows, room))

    # --- keys -------------------------------------------------------------------------------

    @property
    def chosen(self) -> RecordRow | None:
        """The record under the cursor."""
        rows = (row for row in self.feed.rows if row_id(row) == self.table.cursor)
        return next(rows, None) if self.table.shard_ids else None

    def action_choose(self, step: int) -> None:
        """Choose another record; looking at one holds the tail."""
        self.table.action_move(step)
        ids = self.table.shard_ids
        if ids and self.table.cursor != ids[-1]:
            self.feed.pause()
            self._draw_status()

    def action_page(self, step: int) -> None:
        """Move by several rows."""
        self.action_choose(step)

    def action_edge(self, direction: int) -> None:
        """Go to the first or the last record shown; the last of the tail follows it."""
        if direction > 0 and self.feed.mode == "paused":
            self.feed.resume()
            self._draw_status()
        self.table.action_edge(direction)
        if direction < 0:
            self.action_choose(0)

    def action_hold(self) -> None:
        """Hold the tail, or follow it again."""
        if self.feed.mode == "live":
            self.feed.pause()
        else:
            paged = self.feed.mode == "paging"
            self.feed.resume()
            if paged:
                self.table.cursor = None
                self._draw_table()
            self.table.action_edge(1)
        self._draw_status()
        self.poll()

    def action_turn(self, direction: int) -> None:
        """Show the page before or after."""
        if direction < 0:
            self.want(self.feed.older())
        elif self.feed.mode == "paging":
            self.want(self.feed.newer())
        else:
            self._refuse("these are the newest records")

    def action_filter(self) -> None:
        """Type a filter."""
        self.filter_input.focus()

    def action_seek(self) -> None:
        """Type an offset or a time."""
        self.seek_input.focus()

    def submit(self) -> None:
        """Do what was typed: filter, or go to a place."""
        typed = self.focused
        self.table.focus()
        if self.stream is None:
            self._refuse(NO_STREAM)
        elif typed is self.seek_input:
            self._seek()
        else:
            self._filter()

    def _refuse(self, text: str) -> None:
        """Say why what a person asked for is not done; newer records do not wipe that away."""
        self._wrong = (Answer.REFUSED, text)
        self.say(*self._wrong)

    def _filter(self) -> None:
        text = self.filter_input.value.strip()
        try:
            parse_filter(text)
        except BadFilter as error:
            self._refuse(str(error))
            return
        self.feed.restart(self.feed.stream, text)
        self.table.cursor = None
        self.say(Answer.HINT, HINT)
        self.draw()
        self.poll()

    def _seek(self) -> None:
        try:
            seek = parse_seek(self.seek_input.value, self.moment.now_ms)
        except BadSeek as error:
            self._refuse(str(error))
            return
        chosen = self.chosen
        if seek.at_ms is None and seek.shard is None and chosen is None:
            self._refuse("choose a record, or name the shard: 3/12345")
            return
        self.feed.pause()
        self.want(self.feed.seek(seek, None if chosen is None else chosen.shard))

    def action_open(self) -> None:
        """Show the chosen record and its path."""
        row = self.chosen
        if row is not None:
            self.feed.pause()
            self.app.push_screen(RecordScreen(self.glyphs, self.moment, self.feed.stream, row))

    def action_copy_value(self) -> None:
        """Copy the chosen record's value."""
        copied(self.lab, self.chosen, whole=False)

    def action_copy_row(self) -> None:
        """Copy the chosen record's row."""
        copied(self.lab, self.chosen, whole=True)


def _edge(asked: ReadRecords) -> str:
    return "there are no older ones" if asked.start == "before" else "there are none from there on"
