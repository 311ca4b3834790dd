"""The tour over the live screen: one step a key, left at any time, and not shown again."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.screen import ModalScreen

from tui import bindings
from tui.glyphs import Glyphs
from tui.panels.base import LINE_CLASSES
from tui.screens.bench import TextPanel
from tui.screens.prompt import PromptScreen
from tui.views.tour import step_lines, steps

if TYPE_CHECKING:
    from tui.app import LabApp

EDGES = 4
"""Cells that frame and padding take from the width."""
MOST_WIDTH = 100
UNDER = "events"
"""The panel at the bottom, which the tour's own box would hide."""


class TourScreen(ModalScreen[None], PromptScreen):
    """A small box that tells of one panel or screen after the other."""

    BINDINGS = bindings.TOUR
    COMPONENT_CLASSES = LINE_CLASSES

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__(classes="-plain" if glyphs.plain else "")
        self.glyphs = glyphs
        self.steps = steps()
        self.number = 0
        self.panel = TextPanel(id="tour", glyphs=glyphs)

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        yield self.panel

    @property
    def lab(self) -> LabApp:
        """The app, which has the live screen and the settings."""
        return cast("LabApp", self.app)

    def on_mount(self) -> None:
        """Begin."""
        self.panel.show_title("The tour", "enter goes on, left goes back, esc leaves")
        self.draw()

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.draw()

    def draw(self) -> None:
        """Show the step, and mark what it tells of."""
        step = self.steps[self.number]
        keys = bindings.keys_of(bindings.APP, self.lab.keymap)
        width = max(1, min(self.app.size.width, MOST_WIDTH) - EDGES)
        self.panel.show_lines(step_lines(self.number, self.steps, keys, width))
        self.set_class(step.panel == UNDER, "-top")
        for panel in self.lab.main.query(".-toured"):
            panel.remove_class("-toured")
        if step.panel:
            self.lab.main.query(f"#{step.panel}").add_class("-toured")

    def action_step(self, step: int) -> None:
        """Go on or back; after the last step it is over."""
        number = self.number + step
        if number >= len(self.steps):
            self.action_skip()
            return
        self.number = max(0, number)
        self.draw()

    def action_skip(self) -> None:
        """Leave, for good: it is in the help and in the palette."""
        for panel in self.lab.main.query(".-toured"):
            panel.remove_class("-toured")
        if not self.lab.choice.preferences.tour_hidden:
            self.lab.prefer("tour_hidden", True)
        self.dismiss()
