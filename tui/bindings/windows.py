"""The declared windows."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

WINDOWS: Final[list[BindingType]] = [
    Binding("q", "screen.dismiss", "Close", show=False, id="windows.close"),
    Binding("j,down", "screen.choose(1)", "Next window", id="windows.down", key_display="j"),
    Binding("l,right", "screen.value(1)", "Next value", id="windows.value.next", key_display="l"),
    Binding("h,left", "screen.value(-1)", "Value before", id="windows.value.back", key_display="h"),
    Binding("p", "screen.plot", "Plot instead of the table", id="windows.plot"),
    Binding("k,up", "screen.choose(-1)", "Previous window", id="windows.up", key_display="k"),
]

WINDOWS_BAR: Final = (
    (("windows.up", "windows.down"), "Window"),
    (("windows.value.back", "windows.value.next"), "Value"),
    (("windows.plot",), "Plot or table"),
)
