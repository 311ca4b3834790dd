"""What works on a recording, beside all that shows something."""

from __future__ import annotations

from typing import Final

from textual.binding import Binding, BindingType

REPLAY: Final[list[BindingType]] = [
    Binding("shift+right", "skip(5)", "5 s forward", id="replay.forward"),
    Binding("shift+left", "skip(-5)", "5 s back", id="replay.back"),
    Binding(
        "greater_than_sign", "step(1)", "Next news of the lab", id="replay.next", key_display=">"
    ),
    Binding("less_than_sign", "step(-1)", "News before", id="replay.before", key_display="<"),
    Binding("ctrl+home", "skip(-1e9)", "To the beginning", id="replay.begin"),
    Binding("ctrl+end", "skip(1e9)", "To the end", id="replay.end"),
]
