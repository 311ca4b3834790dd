"""Chaos and traffic."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

CHAOS: Final[list[BindingType]] = [
    Binding("enter", "screen.do", "Do what the cursor is on", id="chaos.do"),
    Binding("n", "screen.type('load')", "Type a load in records/s", id="chaos.load"),
    Binding("s", "screen.type('seconds')", "Type how many seconds", id="chaos.seconds"),
    Binding("i", "screen.type('intensity')", "Type an intensity", id="chaos.intensity"),
    Binding("q,x", "screen.dismiss", "Close", show=False, id="chaos.close"),
    Binding("j,down", "screen.choose(1)", "Next row", id="chaos.down", key_display="j"),
    Binding("k,up", "screen.choose(-1)", "Previous row", id="chaos.up", key_display="k"),
    Binding("g,home", "screen.edge(-1)", "First row", show=False, id="chaos.first"),
    Binding("G,end", "screen.edge(1)", "Last row", show=False, id="chaos.last"),
]

CHAOS_BAR: Final = (
    (("chaos.do",), "Do it"),
    (("chaos.load",), "Load"),
    (("chaos.seconds",), "Seconds"),
    (("chaos.intensity",), "Intensity"),
    (("chaos.up", "chaos.down"), "Choose"),
)
