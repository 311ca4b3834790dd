"""Every key of the screens, each with an id by which a keymap can move it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from textual.binding import Binding, BindingsMap, BindingType

APP: Final[list[BindingType]] = [
    Binding("question_mark,f1", "help", "Help", id="app.help", key_display="?"),
    Binding("space", "pause", "Pause", id="app.pause", key_display="space"),
    Binding("q", "quit", "Quit", id="app.quit", key_display="q"),
    Binding("ctrl+q", "quit", "Quit at once", show=False, priority=True, id="app.quit.always"),
    Binding("left_square_bracket", "load(-1)", "Load down", id="load.down", key_display="["),
    Binding("right_square_bracket", "load(1)", "Load up", id="load.up", key_display="]"),
    Binding("plus", "refresh_rate(1)", "Refresh more often", id="refresh.up", key_display="+"),
    Binding("minus", "refresh_rate(-1)", "Refresh less often", id="refresh.down", key_display="-"),
    Binding("w", "what_if", "What if: other keys", id="app.what_if", key_display="w"),
    Binding("b", "broker", "Broker", id="app.broker", key_display="b"),
    Binding("e", "bench('keys')", "Key lab: before and after", id="app.key_lab", key_display="e"),
    Binding("h", "bench('shards')", "Shards and their lineage", id="app.shards", key_display="h"),
    Binding("t", "bench('windows')", "Windows over time", id="app.windows", key_display="t"),
    Binding("a", "bench('alarms')", "Alarms and detectors", id="app.alarms", key_display="a"),
    Binding("colon,ctrl+p", "command_palette", "Commands", id="app.commands", key_display=":"),
]

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
]

PAGES: Final[list[BindingType]] = [
    Binding("pagedown", "screen.page(10)", "Page down", id="bench.page.down"),
    Binding("pageup", "screen.page(-10)", "Page up", id="bench.page.up"),
]

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

LINEAGE: Final[list[BindingType]] = [
    Binding("d", "screen.do('split')", "Split (divide) the shard", id="lineage.split"),
    Binding("m", "screen.do('merge')", "Merge with the next range", id="lineage.merge"),
    Binding("n", "screen.number", "Type a number of shards", id="lineage.number"),
    Binding("l", "screen.do('limits')", "Other limits", id="lineage.limits"),
    Binding("p", "screen.do('parents')", "Parents first on or off", id="lineage.parents"),
    Binding("a", "screen.do('aggregation')", "Aggregation on or off", id="lineage.aggregation"),
    Binding("c", "screen.do('collection')", "Collection on or off", id="lineage.collection"),
    Binding("o", "screen.do('fan_out')", "Enhanced fan-out on or off", id="lineage.fan_out"),
    Binding("q", "screen.dismiss", "Close", show=False, id="lineage.close"),
    Binding("j,down", "move(1)", "Next shard", show=False, id="lineage.down"),
    Binding("k,up", "move(-1)", "Previous shard", show=False, id="lineage.up"),
    Binding("g,home", "edge(-1)", "First shard", show=False, id="lineage.first"),
    Binding("G,end", "edge(1)", "Last shard", show=False, id="lineage.last"),
]

WINDOWS: Final[list[BindingType]] = [
    Binding("q", "screen.dismiss", "Close", show=False, id="windows.close"),
    Binding("j,down", "screen.choose(1)", "Next window", id="windows.down", key_display="j"),
    Binding("k,up", "screen.choose(-1)", "Previous window", id="windows.up", key_display="k"),
]

ALARMS: Final[list[BindingType]] = [
    Binding("d", "screen.other", "Detectors instead of alarms", id="alarms.other"),
    Binding("x", "screen.acknowledge", "Acknowledge the alarm", id="alarms.acknowledge"),
    Binding("u", "screen.suppress", "Its actions off for 10 minutes", id="alarms.suppress"),
    Binding("q", "screen.dismiss", "Close", show=False, id="alarms.close"),
    Binding("j,down", "screen.choose(1)", "Next alarm", id="alarms.down", key_display="j"),
    Binding("k,up", "screen.choose(-1)", "Previous alarm", id="alarms.up", key_display="k"),
]

DIALOGS: Final = (*BENCH, *PAGES, *KEY_INPUT, *LINEAGE, *WINDOWS, *ALARMS)
"""Bindings of dialogs that the help tells of while none is open."""

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

KEY_LAB_BAR: Final = (
    (("offer.previous", "offer.next"), "Offered keys"),
    (("bench.stream",), "Stream"),
    (("bench.page.up", "bench.page.down"), "Scroll"),
)

LINEAGE_BAR: Final = (
    (("lineage.split",), "Split"),
    (("lineage.merge",), "Merge"),
    (("lineage.number",), "Number"),
    (("lineage.limits",), "Limits"),
    (("lineage.parents",), "Parents"),
    (("lineage.aggregation",), "Aggregate"),
    (("lineage.collection",), "Collect"),
    (("lineage.fan_out",), "Fan-out"),
    (("bench.stream",), "Stream"),
)

WINDOWS_BAR: Final = ((("windows.up", "windows.down"), "Window"),)

ALARMS_BAR: Final = (
    (("alarms.other",), "Detectors"),
    (("alarms.acknowledge",), "Acknowledge"),
    (("alarms.suppress",), "Suppress"),
    (("alarms.up", "alarms.down"), "Choose"),
)

HELP_GROUPS: Final = tuple(
    (title, tuple((binding.id or "", binding.description) for binding in bound if binding.id))
    for title, bound in (
        ("Everywhere", BindingsMap(APP).shown_keys),
        ("Streams, sort and filter", BindingsMap(MAIN).shown_keys),
        ("Shards", BindingsMap(SHARDS).shown_keys),
        ("In the key lab", BindingsMap([*BENCH, *PAGES, *KEY_INPUT]).shown_keys),
        ("In shards and lineage", BindingsMap(LINEAGE).shown_keys),
        ("In windows", BindingsMap(WINDOWS).shown_keys),
        ("In alarms", BindingsMap(ALARMS).shown_keys),
    )
)
"""Title, then id and description of each binding: what the help screen lists, in its order."""


def keys_of(bound: Iterable[BindingType], keymap: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the keys of bindings that are not active now, as a keymap moves them."""
    keys: dict[str, list[str]] = {}
    for binding in bound:
        if isinstance(binding, Binding) and binding.id:
            moved = keymap.get(binding.id, binding.key)
            keys[binding.id] = [key_name(key.strip()) for key in moved.split(",")]
    return keys


SHORT_NAMES: Final = {
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "colon": ":",
    "slash": "/",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def key_name(key: str) -> str:
    """Return a key as people write it."""
    return SHORT_NAMES.get(key, key)
