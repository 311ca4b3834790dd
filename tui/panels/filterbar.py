"""The line in which a filter is typed."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Label

from tui import bindings
from tui.safe import safe
from tui.views.shards import FILTER_LIMIT


class FilterInput(Input):
    """An input that gives the keys back when it is done."""

    BINDINGS = bindings.FILTER

    def action_cancel(self) -> None:
        """Ask for the filter to be cleared."""
        self.value = ""
        self.post_message(FilterBar.Closed())

    def action_done(self) -> None:
        """Keep the filter and leave."""
        self.post_message(FilterBar.Closed())


class FilterBar(Horizontal):
    """Shown only while a filter is typed; the panel's frame shows the filter afterwards."""

    class Changed(Message):
        """The filter's text is another one."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Closed(Message):
        """Typing is over."""

    def compose(self) -> ComposeResult:
        """Lay out the label and the input."""
        yield Label(" Filter: ", markup=False)
        yield FilterInput(
            compact=True,
            max_length=FILTER_LIMIT,
            placeholder="shard, owner or state; enter keeps, esc clears",
        )

    def open(self) -> None:
        """Show the line and type into it."""
        self.add_class("-open")
        self.query_one(FilterInput).focus()

    def close(self) -> None:
        """Hide the line."""
        self.remove_class("-open")

    def clear(self) -> None:
        """Take the filter away."""
        self.query_one(FilterInput).value = ""

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """Pass on what was typed or pasted, without what a terminal must not get."""
        event.stop()
        text = safe(event.value, FILTER_LIMIT)
        if text != event.value:
            event.input.value = text
        else:
            self.post_message(self.Changed(text))
