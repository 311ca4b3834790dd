"""Records of a stream, and one of them."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

RECORDS: Final[list[BindingType]] = [
    Binding("enter", "screen.open", "Record and its path", id="records.open", key_display="enter"),
    Binding(
        "space,p", "screen.hold", "Hold or follow the tail", id="records.pause", key_display="space"
    ),
    Binding("slash", "screen.filter", "Filter: text, field=value", id="records.filter"),
    Binding("o", "screen.seek", "Go to offset or time", id="records.seek", key_display="o"),
    Binding("left", "screen.turn(-1)", "Older records", id="records.older"),
    Binding("right", "screen.turn(1)", "Newer records", id="records.newer"),
    Binding("c", "screen.copy_value", "Copy the value", id="records.copy.value"),
    Binding("y", "screen.copy_row", "Copy the row", id="records.copy.row"),
    Binding("q", "screen.dismiss", "Close", show=False, id="records.close"),
    Binding("j,down", "screen.choose(1)", "Next record", id="records.down", key_display="j"),
    Binding("k,up", "screen.choose(-1)", "Previous record", id="records.up", key_display="k"),
    Binding("g,home", "screen.edge(-1)", "First shown", id="records.first", key_display="g"),
    Binding(
        "G,end", "screen.edge(1)", "Last shown, follow again", id="records.last", key_display="G"
    ),
]

RECORD_INPUT: Final[list[BindingType]] = [
    Binding("escape", "leave", "Back to the records", show=False, id="records.input.leave"),
]

RECORD: Final[list[BindingType]] = [
    Binding("r", "screen.again", "Look again", id="record.again"),
    Binding("c", "screen.copy_value", "Copy the value", show=False, id="record.copy.value"),
    Binding("y", "screen.copy_row", "Copy the row", show=False, id="record.copy.row"),
    Binding("q,enter", "screen.dismiss", "Close", show=False, id="record.close"),
    Binding("j,down", "scroll_body(1)", "Down", show=False, id="record.down"),
    Binding("k,up", "scroll_body(-1)", "Up", show=False, id="record.up"),
    Binding("g,home", "scroll_home", "Top", show=False, id="record.first"),
    Binding("G,end", "scroll_end", "End", show=False, id="record.last"),
]

RECORDS_BAR: Final = (
    (("records.open",), "Path"),
    (("records.pause",), "Hold"),
    (("records.filter",), "Filter"),
    (("records.seek",), "Go to"),
    (("records.older", "records.newer"), "Page"),
    (("bench.stream",), "Stream"),
    (("records.copy.value",), "Copy"),
    (("records.copy.row",), "Row"),
    (("records.up", "records.down"), "Choose"),
)

RECORD_BAR: Final = (
    (("record.again",), "Look again"),
    (("record.copy.value",), "Copy value"),
    (("record.copy.row",), "Copy row"),
    (("bench.page.up", "bench.page.down"), "Scroll"),
)
