"""What dialogs share."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

DIALOG: Final[list[BindingType]] = [
    Binding("escape,q,enter,question_mark,f1", "dismiss", "Close", show=False, id="dialog.close"),
]

DIALOG_BODY: Final[list[BindingType]] = [
    Binding("j,down", "scroll_body(1)", "Down", show=False, id="dialog.down"),
    Binding("k,up", "scroll_body(-1)", "Up", show=False, id="dialog.up"),
    Binding("pagedown,space", "scroll_body(10)", "Page down", show=False, id="dialog.page.down"),
    Binding("pageup", "scroll_body(-10)", "Page up", show=False, id="dialog.page.up"),
    Binding("g,home", "scroll_home", "Top", show=False, id="dialog.first"),
    Binding("G,end", "scroll_end", "End", show=False, id="dialog.last"),
]

BENCH: Final[list[BindingType]] = [
    Binding("escape", "dismiss", "Close", id="bench.close"),
    Binding("f2", "next_stream", "Next stream", id="bench.stream"),
    Binding("f8", "app.picture", "Save a picture", show=False, id="bench.picture"),
]

PAGES: Final[list[BindingType]] = [
    Binding("pagedown", "screen.page(10)", "Page down", id="bench.page.down"),
    Binding("pageup", "screen.page(-10)", "Page up", id="bench.page.up"),
]
