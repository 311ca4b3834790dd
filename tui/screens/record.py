"""One record: its path from key to windows and alarms, and its value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from textual.app import ComposeResult

from streaming.lab.commands import Reply
from streaming.lab.record_commands import TraceRecord
from streaming.records.views import RecordPath, RecordRow
from tui import bindings
from tui.glyphs import Glyphs
from tui.lines import Line
from tui.moment import Moment
from tui.panels.base import LinePanel
from tui.safe import safe
from tui.screens.live import LiveDialog
from tui.views.record_path import ASKING, path_lines
from tui.views.texts import wrapped

if TYPE_CHECKING:
    from tui.app import LabApp


FAILED_LIMIT = 400


class RecordPanel(LinePanel, can_focus=True):
    """The text, which scrolls."""

    BINDINGS = bindings.RECORD + bindings.PAGES


class RecordScreen(LiveDialog):
    """Asks once for the path, and again when it is told to."""

    AUTO_FOCUS = "#record"
    TITLE_TEXT = "Record"
    BAR = bindings.RECORD_BAR

    def __init__(self, glyphs: Glyphs, moment: Moment, stream: str, row: RecordRow) -> None:
        super().__init__(glyphs, moment)
        self.stream = stream
        self.row = row
        self.path: RecordPath | None = None
        self.text = RecordPanel(id="record", glyphs=glyphs)
        self._failed = ""
        self._asking = False
        self._drawn: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        """The text."""
        yield self.text

    def on_mount(self) -> None:
        """Ask for the path."""
        super().on_mount()
        self.action_again()

    def action_again(self) -> None:
        """Ask the lab, unless an answer is still to come."""
        if not self._asking:
            self._asking = True
            self.run_worker(self._ask(), group="record")

    async def _ask(self) -> None:
        row = self.row
        asked = TraceRecord(self.stream, row.shard, row.offset, row.sub)
        try:
            reply = await self.lab.link.send(asked)
        except Exception as error:
            reply = Reply(False, str(error) or type(error).__name__)
        self._asking = False
        self._failed = ""
        try:
            if reply.ok:
                self.path = msgspec.json.decode(reply.data, type=RecordPath)
                self.row = self.path.row
            else:
                self._failed = reply.text or "the lab did not answer"
        except (msgspec.MsgspecError, UnicodeError):
            self._failed = "the lab's answer cannot be read"
        if self.is_mounted:
            self.draw()

    def draw(self) -> None:
        """Draw what is known, if it is anything new."""
        room = max(1, self.text.room if self.text.size.width else self.width - 1)
        now = (self.path, self._failed, room)
        if now == self._drawn:
            return
        self._drawn = now
        lines: list[Line] = []
        if self._failed:
            failed = wrapped(safe(self._failed, FAILED_LIMIT), room)
            lines += [((text, "bad"),) for text in failed]
        if self.path is not None:
            lines += path_lines(self.path, room, self.glyphs)
        self.text.show_lines(lines or [((ASKING, "busy"),)])

    def action_page(self, step: int) -> None:
        """Scroll the text."""
        self.text.action_scroll_body(step)

    def action_copy_value(self) -> None:
        """Copy the value."""
        copied(self.lab, self.row, whole=False)

    def action_copy_row(self) -> None:
        """Copy the row."""
        copied(self.lab, self.row, whole=True)


def copied(lab: LabApp, row: RecordRow | None, *, whole: bool) -> None:
    """Put a record's value, or its row as JSON, into the terminal's clipboard, and say so."""
    if row is None or (row.value is None and not whole):
        lab.tell("There is nothing to copy.", ok=False)
        return
    text = msgspec.json.encode(row).decode() if whole else row.value or ""
    lab.copy_to_clipboard(text)
    what = "the row" if whole else "the value"
    cut = f", its first part: the value has {row.size:,} bytes" if row.cut else ""
    lab.tell(f"Copied {what} of {row.shard:02}/{row.offset:,}{cut}.", ok=True)
