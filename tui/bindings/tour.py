"""The tour, and the help that leads to it."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

TOUR: Final[list[BindingType]] = [
    Binding("enter,space,right", "step(1)", "Next step of the tour", id="tour.next"),
    Binding("left", "step(-1)", "Step before", id="tour.before"),
    Binding("escape,q", "skip", "Leave the tour", id="tour.skip", key_display="esc"),
]

HELP: Final[list[BindingType]] = [
    Binding("t", "tour", "Take the tour", id="help.tour"),
]
