"""The consumers of the group."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

CONSUMERS: Final[list[BindingType]] = [
    Binding("n", "screen.do('add')", "Add a consumer", id="consumers.add"),
    Binding("p", "screen.do('pause')", "Pause it, or let it go on", id="consumers.pause"),
    Binding("s", "screen.do('slow')", "Slower, and at full speed again", id="consumers.slow"),
    Binding("x", "screen.do('kill')", "Kill it (SIGKILL); it comes back", id="consumers.kill"),
    Binding("d", "screen.do('remove')", "Remove it from the group", id="consumers.remove"),
    Binding("g", "screen.do('regroup')", "Group: eager or cooperative", id="consumers.regroup"),
    Binding("v", "screen.other", "Shards, rebalances or both", id="consumers.view"),
    Binding("q", "screen.dismiss", "Close", show=False, id="consumers.close"),
    Binding("j,down", "screen.choose(1)", "Next consumer", id="consumers.down", key_display="j"),
    Binding("k,up", "screen.choose(-1)", "Previous consumer", id="consumers.up", key_display="k"),
]

CONSUMERS_BAR: Final = (
    (("consumers.pause",), "Pause"),
    (("consumers.slow",), "Slow"),
    (("consumers.kill",), "Kill"),
    (("consumers.add",), "Add"),
    (("consumers.remove",), "Remove"),
    (("consumers.regroup",), "Eager/coop"),
    (("consumers.view",), "View"),
    (("consumers.up", "consumers.down"), "Choose"),
)
