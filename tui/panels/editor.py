"""Where a query is typed, and the list of what can complete it."""

from __future__ import annotations

from textual.document._document import EditResult
from textual.document._edit import Edit
from textual.geometry import Offset
from textual.message import Message
from textual.widgets import TextArea

from streaming.store.catalogue import Catalogue
from streaming.store.jail import MAX_SQL_CHARS
from tui import bindings
from tui.console.completion import Offer, offer
from tui.console.history import History
from tui.glyphs import Glyphs
from tui.panels.base import LinePanel
from tui.safe import safe
from tui.views.console import OFFER_ROWS, OFFER_WIDTH, offer_lines

NOTHING = Offer(0, ())


def clean(text: str) -> str:
    """Return typed or pasted text without what a terminal must not get, line breaks kept."""
    lines = text[:MAX_SQL_CHARS].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(safe(line, MAX_SQL_CHARS) for line in lines)


class OfferPanel(LinePanel, can_focus=False):
    """The list over the rows; empty means hidden."""

    def show_offer(self, found: Offer, chosen: int, at: Offset) -> None:
        """Show a list below a place on the screen."""
        self.display = bool(found.items)
        if not found.items:
            return
        self.styles.height = min(OFFER_ROWS, len(found.items))
        self.absolute_offset = at
        self.show_lines(offer_lines(found, chosen, OFFER_WIDTH, self.glyphs))
        self.refresh(layout=True)


class Editor(TextArea):
    """A query of several lines; what is in it is always safe to draw."""

    BINDINGS = bindings.EDITOR

    class Run(Message):
        """The query is to be run."""

    def __init__(self, history: History, glyphs: Glyphs) -> None:
        super().__init__(id="editor", compact=True, highlight_cursor_line=False)
        self.catalogue = Catalogue()
        self.past = history
        self.offers = OfferPanel(id="offer", glyphs=glyphs)
        self.offers.display = False
        self.offer = NOTHING
        self._choice = 0

    def edit(self, edit: Edit) -> EditResult:
        """Clean what comes in, however it comes."""
        edit.text = clean(edit.text)
        return super().edit(edit)

    def put(self, text: str) -> None:
        """Put another query in, the cursor behind it."""
        self.load_text(clean(text))
        self.move_cursor(self.document.end)
        self.hide()

    @property
    def place(self) -> int:
        """Characters before the cursor."""
        return len(self.get_text_range((0, 0), self.cursor_location))

    # --- completion -------------------------------------------------------------------------

    @property
    def offering(self) -> bool:
        """Whether the list is shown."""
        return bool(self.offer.items)

    def action_complete(self) -> None:
        """Offer what fits here, or take the chosen one."""
        if self.offering:
            self._take()
            return
        self._offer()
        if len(self.offer.items) == 1:
            self._take()
        elif not self.offering:
            self.app.bell()

    def _offer(self) -> None:
        self.offer, self._choice = offer(self.text, self.place, self.catalogue), 0
        self._show()

    def _show(self) -> None:
        at = self.cursor_screen_offset + Offset(self.offer.start - self.place - 2, 1)
        self.offers.show_offer(self.offer, self._choice, at)

    def _take(self) -> None:
        item, back = self.offer.items[self._choice], self.place - self.offer.start
        row, column = self.cursor_location
        self.hide()
        self.replace(item.text, (row, column - back), (row, column))
        self.hide()

    def hide(self) -> None:
        """Offer nothing any more."""
        self.offer = NOTHING
        self.offers.display = False

    def on_text_area_changed(self) -> None:
        """Offer again what fits now, while a list is shown."""
        if self.offering:
            self._offer()
            if self.offer.start == self.place and self.text[self.place - 1 : self.place] != ".":
                self.hide()

    # --- keys -------------------------------------------------------------------------------

    def action_enter(self) -> None:
        """Take what is chosen, run a query of one line, or begin a new one."""
        if self.offering:
            self._take()
        elif self.text.strip() and self.document.line_count == 1 and self.cursor_at_end_of_text:
            self.post_message(self.Run())
        else:
            self.action_new_line()

    def action_new_line(self) -> None:
        """Begin a new line."""
        self.replace("\n", *self.selection)

    def action_cursor_up(self, select: bool = False) -> None:
        """Choose, or move; from the first line to the query before."""
        if self.offering:
            self._choose(-1)
        elif not select and self.cursor_at_first_line:
            self.action_history(-1)
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Choose, or move; from the last line to the query after."""
        if self.offering:
            self._choose(1)
        elif not select and self.cursor_at_last_line:
            self.action_history(1)
        else:
            super().action_cursor_down(select)

    def _choose(self, step: int) -> None:
        self._choice = (self._choice + step) % len(self.offer.items)
        self._show()

    def action_history(self, step: int) -> None:
        """Put in an earlier or a later query."""
        found = self.past.step(step, self.text)
        if found is not None:
            self.put(found)
