"""Shards and their lineage."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

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
