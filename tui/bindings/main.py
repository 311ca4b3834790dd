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
]

SHARDS: Final[list[BindingType]] = [
    Binding("j,down", "move(1)", "Next shard", id="shards.down", key_display="j"),
    Binding("k,up", "move(-1)", "Previous shard", id="shards.up", key_display="k"),
    Binding("pagedown", "move(10)", "Ten shards on", id="shards.page.down"),
    Binding("pageup", "move(-10)", "Ten shards back", id="shards.page.up"),
    Binding("g,home", "edge(-1)", "First shard", id="shards.first", key_display="g"),
    Binding("G,end", "edge(1)", "Last shard", id="shards.last", key_display="G"),
]

EVENTS: Final[list[BindingType]] = [
    Binding("j,down", "scroll_body(1)", "Older events", show=False, id="events.down"),
    Binding("k,up", "scroll_body(-1)", "Newer events", show=False, id="events.up"),
    Binding("pagedown", "scroll_body(5)", "Older events", show=False, id="events.page.down"),
    Binding("pageup", "scroll_body(-5)", "Newer events", show=False, id="events.page.up"),
    Binding("g,home", "scroll_home", "Newest event", show=False, id="events.first"),
    Binding("G,end", "scroll_end", "Oldest event", show=False, id="events.last"),
]

FILTER: Final[list[BindingType]] = [
    Binding("escape", "cancel", "Clear the filter", show=False, id="filter.cancel"),
    Binding("enter,down", "done", "Back to the shards", show=False, id="filter.done"),
]

KEY_BAR: Final = (
    (("app.help",), "Help"),
    (("app.pause",), "Pause"),
    (("app.quit",), "Quit"),
    (("shards.filter",), "Filter"),
    (("stream.next",), "Stream"),
    (("load.down", "load.up"), "Load"),
    (("app.commands",), "Commands"),
    (("app.key_lab",), "Keys"),
    (("app.shards",), "Lineage"),
    (("app.windows",), "Windows"),
    (("app.alarms",), "Alarms"),
    (("app.what_if",), "What if"),
    (("app.broker",), "Broker"),
    (("refresh.down", "refresh.up"), "Rate"),
    (("sort.left", "sort.right"), "Sort"),
    (("sort.reverse",), "Reverse"),
)
"""What the bottom line shows, most useful first: of what does not fit, the last goes first."""
