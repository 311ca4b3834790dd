"""Dialogs over the live screen that go on with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen

from tui import bindings
from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.panels.base import LINE_CLASSES
from tui.panels.keybar import Entries, KeyBar
from tui.screens.prompt import PromptScreen

if TYPE_CHECKING:
    from tui.app import LabApp

EDGES = 4
"""Cells that frame and padding take from the width."""


class LiveDialog(ModalScreen[None], PromptScreen):
    """A dialog over the live screen; the lab goes on, and so do the numbers in it."""

    BINDINGS = bindings.BENCH
    COMPONENT_CLASSES = LINE_CLASSES
    TITLE_TEXT: ClassVar[str] = ""
    CLOSING_TEXT: ClassVar[str] = "esc closes"
    BAR: ClassVar[Entries] = ()

    def __init__(self, glyphs: Glyphs, moment: Moment) -> None:
        super().__init__(classes="-plain" if glyphs.plain else "")
        self.glyphs = glyphs
        self.moment = moment

    def compose(self) -> ComposeResult:
        """Lay out what is looked at, and the keys."""
        with Vertical(id="bench"):
            yield from self.body()
            yield KeyBar(id="bench-keys", glyphs=self.glyphs, entries=self.BAR)

    def body(self) -> ComposeResult:
        """What is looked at."""
        raise NotImplementedError

    def draw(self) -> None:
        """Draw the moment."""
        raise NotImplementedError

    @property
    def lab(self) -> LabApp:
        """The app, which knows the lab."""
        return cast("LabApp", self.app)

    @property
    def width(self) -> int:
        """Cells a line has."""
        return max(1, self.app.size.width - EDGES)

    def on_mount(self) -> None:
        """Name the dialog and draw what is known."""
        frame = self.query_one("#bench")
        frame.border_title = Content(self.TITLE_TEXT)
        frame.border_subtitle = Content(self.CLOSING_TEXT)
        self.show(self.moment)

    def on_resize(self) -> None:
        """Fit to the new size."""
        self.call_after_refresh(self.show, self.moment)

    def show(self, moment: Moment) -> None:
        """Show one instant."""
        self.moment = moment
        if self.is_mounted:
            self.draw()

    def action_next_stream(self) -> None:
        """Show the next stream, here and on the live screen."""
        self.lab.main.action_next_stream()

    def action_page(self, step: int) -> None:
        """Scroll the body, wherever the keys go."""
        raise NotImplementedError
