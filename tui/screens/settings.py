"""Settings: what can be chosen, applied at once and kept."""

from __future__ import annotations

from collections.abc import Sequence

from tui import bindings
from tui.lines import Line
from tui.screens.choosing import ChoosingDialog
from tui.views.settings import TITLES, setting_detail, setting_heading, setting_lines, values

BY_HAND = "Keys are moved in the settings file, below [keys]."


class SettingsScreen(ChoosingDialog):
    """The settings above, the chosen one below."""

    TITLE_TEXT = "Settings"
    BAR = bindings.SETTINGS_BAR
    LIST_ID, DETAIL_ID = "settings", "settings-detail"
    LIST_BINDINGS = bindings.SETTINGS + bindings.PAGES

    def draw(self) -> None:
        """Draw the settings."""
        choice = self.lab.choice
        self.show_list(
            len(TITLES),
            len(TITLES),
            lambda room: setting_lines(choice, room),
            setting_heading,
            "",
        )

    def detail_lines(self, room: int) -> Sequence[Line]:
        """What the chosen setting is for."""
        return setting_detail(self.lab.choice, self._chosen, room)

    @property
    def _chosen(self) -> str:
        return list(TITLES)[min(self.list.cursor or 0, len(TITLES) - 1)]

    def action_change(self, step: int) -> None:
        """Take the next value, or the one before."""
        name = self._chosen
        known = values(name, list(self.lab.available_themes))
        if not known:
            self.lab.tell(BY_HAND, ok=False)
            return
        now = getattr(self.lab.choice.preferences, name)
        place = known.index(now) + step if now in known else 0
        self.lab.prefer(name, known[place % len(known)])
        self.draw()
