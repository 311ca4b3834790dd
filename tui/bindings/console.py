"""The SQL console."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

CONSOLE: Final[list[BindingType]] = [
    Binding("f5,ctrl+enter", "run", "Run the query", id="console.run", key_display="f5"),
    Binding("escape", "escape", "Cancel what runs, or close", id="console.escape"),
    Binding("f2", "ready", "Ready queries", id="console.ready"),
    Binding("ctrl+r", "refresh", "Take a new copy of the store", id="console.refresh"),
    Binding("f6", "other", "From query to rows and back", id="console.other"),
    Binding("ctrl+e", "export", "Write all rows to a file", id="console.export"),
]

EDITOR: Final[list[BindingType]] = [
    Binding("tab,ctrl+space,ctrl+@", "complete", "Complete a name", id="editor.complete",
            key_display="tab"),
    Binding("enter", "enter", "Run a query of one line", priority=True, id="editor.enter"),
    Binding("ctrl+n,alt+enter,shift+enter", "new_line", "New line", id="editor.line",
            key_display="ctrl+n"),
    Binding("ctrl+up", "history(-1)", "Query before", id="editor.older"),
    Binding("ctrl+down", "history(1)", "Query after", id="editor.newer"),
    # These keys would move the cursor here.
    Binding("f6", "screen.other", "To the rows", show=False, id="editor.other"),
    Binding("ctrl+e", "screen.export", "Write all rows", show=False, id="editor.export"),
]  # fmt: skip

GRID: Final[list[BindingType]] = [
    Binding("enter", "screen.cell", "The whole cell", id="grid.cell"),
    Binding("c", "screen.copy_cell", "Copy the cell", id="grid.copy.cell"),
    Binding("y", "screen.copy_row", "Copy the row", id="grid.copy.row"),
    Binding("e", "screen.export", "Write all rows to a file", id="grid.export"),
    Binding("n", "screen.turn(1)", "Next page", id="grid.next"),
    Binding("p", "screen.turn(-1)", "Previous page", id="grid.previous"),
    Binding("j,down", "move(1, 0)", "Next row", id="grid.down", key_display="j"),
    Binding("k,up", "move(-1, 0)", "Previous row", id="grid.up", key_display="k"),
    Binding("l,right", "move(0, 1)", "Next column", id="grid.right", key_display="l"),
    Binding("h,left", "move(0, -1)", "Previous column", id="grid.left", key_display="h"),
    Binding("pagedown,space", "leap(1)", "Many rows on", id="grid.page.down"),
    Binding("pageup", "leap(-1)", "Many rows back", id="grid.page.up"),
    Binding("g", "move(-1000000, 0)", "First row", id="grid.first"),
    Binding("G", "move(1000000, 0)", "Last row", id="grid.last"),
    Binding("home", "move(0, -1000000)", "First column", id="grid.home"),
    Binding("end", "move(0, 1000000)", "Last column", id="grid.end"),
    Binding("tab,i,shift+tab", "screen.other", "Back to the query", id="grid.back",
            key_display="tab"),
    Binding("q", "screen.close", "Close", show=False, id="grid.close"),
]  # fmt: skip

READY: Final[list[BindingType]] = [
    Binding("enter", "screen.pick", "Run the query", id="ready.pick"),
    Binding("q,f2", "screen.dismiss", "Close", show=False, id="ready.close"),
    Binding("j,down", "screen.choose(1)", "Next query", id="ready.down", key_display="j"),
    Binding("k,up", "screen.choose(-1)", "Previous query", id="ready.up", key_display="k"),
]

CONSOLE_BAR: Final = (
    (("console.run",), "Run"),
    (("console.ready",), "Ready"),
    (("console.other", "editor.other"), "Rows"),
    (("grid.cell",), "Cell"),
    (("grid.previous", "grid.next"), "Page"),
    (("console.export", "editor.export"), "Export"),
    (("grid.copy.cell", "grid.copy.row"), "Copy"),
    (("editor.complete",), "Complete"),
    (("editor.older", "editor.newer"), "History"),
    (("console.refresh",), "New copy"),
)

READY_BAR: Final = ((("ready.pick",), "Run"), (("ready.up", "ready.down"), "Choose"))
