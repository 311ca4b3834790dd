"""Alarms and detectors."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

ALARMS: Final[list[BindingType]] = [
    Binding("d", "screen.other", "Detectors instead of alarms", id="alarms.other"),
    Binding("x", "screen.acknowledge", "Acknowledge the alarm", id="alarms.acknowledge"),
    Binding("u", "screen.suppress", "Its actions off for 10 minutes", id="alarms.suppress"),
    Binding("q", "screen.dismiss", "Close", show=False, id="alarms.close"),
    Binding("j,down", "screen.choose(1)", "Next alarm", id="alarms.down", key_display="j"),
    Binding("k,up", "screen.choose(-1)", "Previous alarm", id="alarms.up", key_display="k"),
]

ALARMS_BAR: Final = (
    (("alarms.other",), "Detectors"),
    (("alarms.acknowledge",), "Acknowledge"),
    (("alarms.suppress",), "Suppress"),
    (("alarms.up", "alarms.down"), "Choose"),
)
