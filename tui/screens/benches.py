"""The dialogs that live with the screen, by the names that keys and commands know."""

from __future__ import annotations

from typing import Final

from tui.screens.alarms import AlarmsScreen
from tui.screens.consumers import ConsumersScreen
from tui.screens.keylab import KeyLab
from tui.screens.lineage import LineageScreen
from tui.screens.live import LiveDialog
from tui.screens.windows import WindowsScreen

BENCHES: Final[dict[str, type[LiveDialog]]] = {
    "keys": KeyLab,
    "shards": LineageScreen,
    "windows": WindowsScreen,
    "alarms": AlarmsScreen,
    "consumers": ConsumersScreen,
}
