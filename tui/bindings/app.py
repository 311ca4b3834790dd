"""What works everywhere."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

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
    Binding("K,e", "bench('keys')", "Key lab: before and after", id="app.key_lab", key_display="K"),
    Binding("h", "bench('shards')", "Shards and their lineage", id="app.shards", key_display="h"),
    Binding("t", "bench('windows')", "Windows over time", id="app.windows", key_display="t"),
    Binding("a", "bench('alarms')", "Alarms and detectors", id="app.alarms", key_display="a"),
    Binding("f8", "picture", "Save the screen as a picture (SVG)", id="app.picture"),
    # Also from dialogs: what is done there is recorded, and must find its end.
    Binding(
        "f9", "record", "Record what is done here, or end that", id="app.record", priority=True
    ),
    Binding("m", "mouse", "Let the terminal have the mouse, or take it", id="app.mouse"),
    Binding("6", "bench('sql')", "SQL console", id="app.sql", key_display="6"),
    Binding("x", "bench('chaos')", "Chaos and traffic", id="app.chaos", key_display="x"),
    Binding("comma", "bench('settings')", "Settings", id="app.settings", key_display=","),
    Binding("7", "bench('records')", "Records and their paths", id="app.records", key_display="7"),
    Binding("o", "bench('consumers')", "Consumers", id="app.consumers", key_display="o"),
    Binding("colon,ctrl+p", "command_palette", "Commands", id="app.commands", key_display=":"),
]
