"""The dialogs that live with the screen, by the names that keys and commands know."""

from __future__ import annotations

from typing import Final

from tui.screens.alarms import AlarmsScreen
from tui.screens.chaos import ChaosScreen
from tui.screens.console import ConsoleScreen
from tui.screens.consumers import ConsumersScreen
from tui.screens.keylab import KeyLab
from tui.screens.lineage import LineageScreen
from tui.screens.live import LiveDialog
from tui.screens.records import RecordsScreen
from tui.screens.settings import SettingsScreen
from tui.screens.windows import WindowsScreen

BENCHES: Final[dict[str, type[LiveDialog]]] = {
    "keys": KeyLab,
    "shards": LineageScreen,
    "windows": WindowsScreen,
    "alarms": AlarmsScreen,
    "sql": ConsoleScreen,
    "chaos": ChaosScreen,
    "settings": SettingsScreen,
    "records": RecordsScreen,
    "consumers": ConsumersScreen,
}
