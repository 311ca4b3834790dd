"""Settings, and the tour."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

SETTINGS: Final[list[BindingType]] = [
    Binding("enter,right", "screen.change(1)", "Next value", id="settings.next"),
    Binding("left", "screen.change(-1)", "Value before", id="settings.before"),
    Binding("q,comma", "screen.dismiss", "Close", show=False, id="settings.close"),
    Binding("j,down", "screen.choose(1)", "Next setting", id="settings.down", key_display="j"),
    Binding("k,up", "screen.choose(-1)", "Previous setting", id="settings.up", key_display="k"),
]

SETTINGS_BAR: Final = (
    (("settings.before", "settings.next"), "Value"),
    (("settings.up", "settings.down"), "Choose"),
)
