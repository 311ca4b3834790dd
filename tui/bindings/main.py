"""The live screen and its panels."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

MAIN: Final[list[BindingType]] = [
    Binding("slash", "filter", "Filter", id="shards.filter", key_display="/"),
    Binding("escape", "clear_filter", "Clear the filter", show=False, id="shards.filter.clear"),
    Binding("s,tab", "next_stream", "Next stream", id="stream.next", key_display="s"),
    Binding("left", "sort_column(-1)", "Sort by the column to the left", id="sort.left"),
    Binding("right", "sort_column(1)", "Sort by the column to the right", id="sort.right"),
    Binding("r", "reverse_sort", "Reverse the sort", id="sort.reverse"),
    Binding("1", "panel('shards')", "Panel of shards", id="panel.shards"),
    Binding("2", "panel('heat')", "Heat map", id="panel.heat"),
    Binding("3", "panel('rates')", "Rates and lag", id="panel.rates"),
    Binding("4", "panel('keys')", "Heavy keys and other keys", id="panel.keys"),
    Binding("5", "panel('events')", "Events and alarms", id="panel.events"),
    Binding("f,f10", "zoom", "The panel on the whole screen, and back", id="panel.zoom"),
    Binding("c", "copy(False)", "Copy the shard's state", id="copy.cell"),
    Binding("y", "copy(True)", "Copy the row", id="copy.row"),
]

SHARDS: Final[list[BindingType]] = [
    Binding("j,down", "move(1)", "Next shard", id="shards.down", key_display="j"),
    Binding("k,up", "move(-1)", "Previous shard", id="shards.up", key_display="k"),
    Binding("pagedown", "move(10)", "Ten shards on", id="shards.page.down"),
    Binding("pageup", "move(-10)", "Ten shards back", id="shards.page.up"),
    Binding("g,home", "edge(-1)", "First shard", id="shards.first", key_display="g"),
    Binding("G,end", "edge(1)", "Last shard", id="shards.last", key_display="G"),
    Binding("enter", "inspect", "Look into the shard", id="shards.inspect"),
]

EVENTS: Final[list[BindingType]] = [
    Binding("enter", "app.bench('alarms')", "Why an alarm went off", id="events.why"),
    Binding("j,down", "scroll_body(1)", "Older events", show=False, id="events.down"),
    Binding("k,up", "scroll_body(-1)", "Newer events", show=False, id="events.up"),
    Binding("pagedown", "scroll_body(5)", "Older events", show=False, id="events.page.down"),
    Binding("pageup", "scroll_body(-5)", "Newer events", show=False, id="events.page.up"),
    Binding("g,home", "scroll_home", "Newest event", show=False, id="events.first"),
    Binding("G,end", "scroll_end", "Oldest event", show=False, id="events.last"),
]

SCROLLING: Final[list[BindingType]] = [
    Binding("j,down", "scroll_body(1)", "Down", show=False, id="panel.down"),
    Binding("k,up", "scroll_body(-1)", "Up", show=False, id="panel.up"),
    Binding("pagedown", "scroll_body(10)", "Page down", show=False, id="panel.page.down"),
    Binding("pageup", "scroll_body(-10)", "Page up", show=False, id="panel.page.up"),
    Binding("g,home", "scroll_home", "Top", show=False, id="panel.first"),
    Binding("G,end", "scroll_end", "End", show=False, id="panel.last"),
]

FILTER: Final[list[BindingType]] = [
    Binding("escape", "cancel", "Clear the filter", show=False, id="filter.cancel"),
    Binding("enter,down", "done", "Back to the shards", show=False, id="filter.done"),
]

PANEL_KEYS: Final = {
    "shards": "panel.shards",
    "heat": "panel.heat",
    "rates": "panel.rates",
    "keys": "panel.keys",
    "events": "panel.events",
}
"""The binding that jumps to each panel: its key is in the panel's title."""

STRIP: Final = (
    (("panel.shards",), "Shards"),
    (("panel.heat",), "Heat"),
    (("panel.rates",), "Rates"),
    (("panel.keys",), "Keys"),
    (("panel.events",), "Events"),
    (("app.sql",), "SQL"),
    (("app.records",), "Records"),
)
"""The line that names panels and the screens with numbers, where not all are in sight."""

KEY_BAR: Final = (
    (("app.help",), "Help"),
    (("shards.filter",), "Filter"),
    (("app.key_lab",), "Keys"),
    (("app.chaos",), "Chaos"),
    (("app.quit",), "Quit"),
    (("app.pause",), "Pause"),
    (("load.down", "load.up"), "Load"),
    (("app.commands",), "Commands"),
    (("stream.next",), "Stream"),
    (("app.alarms",), "Alarms"),
    (("app.shards",), "Lineage"),
    (("app.consumers",), "Consumers"),
    (("app.windows",), "Windows"),
    (("app.sql",), "SQL"),
    (("app.records",), "Records"),
    (("panel.zoom",), "Zoom"),
    (("app.what_if",), "What if"),
    (("app.broker",), "Broker"),
    (("app.settings",), "Settings"),
    (("refresh.down", "refresh.up"), "Rate"),
    (("sort.left", "sort.right"), "Sort"),
    (("sort.reverse",), "Reverse"),
)
"""What the bottom line shows, most useful first: of what does not fit, the last goes first."""
