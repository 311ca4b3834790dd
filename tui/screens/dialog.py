"""Texts over the live screen: help, reports and errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui import bindings
from tui.glyphs import Glyphs
from tui.lines import Line
from tui.panels.base import LINE_CLASSES, LinePanel
from tui.screens.prompt import PromptScreen

DIALOG_WIDTH = 84
"""Cells a dialog is wide at most."""

EDGES = 4
"""Cells a dialog's frame and padding take from its width."""


class DialogPanel(LinePanel, can_focus=True):
    """The text of a dialog, drawn to the width it gets."""

    BINDINGS = bindings.DIALOG_BODY

    def __init__(self, build: Callable[[int], Sequence[Line]], *, glyphs: Glyphs) -> None:
        super().__init__(id="dialog", glyphs=glyphs)
        self.build = build

    def on_resize(self) -> None:
        """Break the lines anew."""
        self.show_lines(self.build(self.room))


class Dialog(ModalScreen[None], PromptScreen):
    """One text with a title; esc, q or enter closes it."""

    BINDINGS = bindings.DIALOG
    COMPONENT_CLASSES = LINE_CLASSES
    AUTO_FOCUS = "#dialog"

    SUBTITLE = "esc closes, j k scroll"

    def __init__(
        self, title: str, build: Callable[[int], Sequence[Line]], *, glyphs: Glyphs
    ) -> None:
        super().__init__(classes="-plain" if glyphs.plain else "")
        self.title_text = title
        self.build = build
        self.glyphs = glyphs

    def compose(self) -> ComposeResult:
        """Lay out the text."""
        panel = DialogPanel(self.build, glyphs=self.glyphs)
        yield panel

    def on_mount(self) -> None:
        """Put the text in at the width the screen allows, so that its height is known."""
        panel = self.query_one(DialogPanel)
        panel.show_lines(self.build(max(1, min(self.app.size.width, DIALOG_WIDTH) - EDGES)))
        panel.show_title(self.title_text, self.SUBTITLE)


class HelpDialog(Dialog):
    """The help, from which the tour can be taken."""

    BINDINGS = bindings.HELP
    SUBTITLE = "esc closes, j k scroll, t takes the tour"

    async def action_tour(self) -> None:
        """Take the tour instead."""
        await self.dismiss()
        await self.app.run_action("tour")
