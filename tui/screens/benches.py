"""The dialogs that live with the screen, by the names that keys and commands know.

They are imported when they are opened, or after the first paint: not before it.
"""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast

from tui.glyphs import Glyphs
from tui.moment import Moment
from tui.screens.live import LiveDialog

BENCHES: Final = {
    "keys": "tui.screens.keylab:KeyLab",
    "shards": "tui.screens.lineage:LineageScreen",
    "windows": "tui.screens.windows:WindowsScreen",
    "alarms": "tui.screens.alarms:AlarmsScreen",
    "sql": "tui.screens.console:ConsoleScreen",
    "chaos": "tui.screens.chaos:ChaosScreen",
    "settings": "tui.screens.settings:SettingsScreen",
    "records": "tui.screens.records:RecordsScreen",
    "consumers": "tui.screens.consumers:ConsumersScreen",
}


def bench(name: str, glyphs: Glyphs, moment: Moment) -> LiveDialog:
    """Return a new dialog of this name."""
    module, _, kind = BENCHES[name].partition(":")
    return cast(LiveDialog, getattr(import_module(module), kind)(glyphs, moment))


def get_ready() -> None:
    """Import them all, so that the first key that opens one need not wait."""
    for place in BENCHES.values():
        import_module(place.partition(":")[0])
