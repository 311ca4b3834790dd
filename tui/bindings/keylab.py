"""The key lab."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

KEY_INPUT: Final[list[BindingType]] = [
    Binding("down", "offer(1)", "Next offered key", id="offer.next"),
    Binding("up", "offer(-1)", "Previous offered key", id="offer.previous"),
]

COMPARISON: Final[list[BindingType]] = [
    Binding("q", "screen.dismiss", "Close", show=False, id="comparison.close"),
    Binding("j,down", "scroll_body(1)", "Down", show=False, id="comparison.down"),
    Binding("k,up", "scroll_body(-1)", "Up", show=False, id="comparison.up"),
    Binding("g,home", "scroll_home", "Top", show=False, id="comparison.first"),
    Binding("G,end", "scroll_end", "End", show=False, id="comparison.last"),
]

KEY_LAB_BAR: Final = (
    (("offer.previous", "offer.next"), "Offered keys"),
    (("bench.stream",), "Stream"),
    (("bench.page.up", "bench.page.down"), "Scroll"),
)
