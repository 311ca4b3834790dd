"""The screens as their viewer wants them: theme, keys, glyphs and rate, and where that is kept."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Final

from textual import work
from textual.app import SystemCommand
from textual.screen import Screen
from textual.theme import Theme

from tui.following import FollowingApp
from tui.glyphs import glyphs_for
from tui.keymap import checked
from tui.panels.base import LinePanel
from tui.preferences import REFRESH_HZ, Choice, Preferences
from tui.preferences_file import NotKept, keep
from tui.safe import safe
from tui.themes import OURS

REPLY_LIMIT: Final = 300
UNTOLD: Final = Choice(Preferences(tour_hidden=True), Preferences(tour_hidden=True))
"""Nothing is kept anywhere, and nobody is led around."""


class TailoredApp(FollowingApp):
    """Applies the viewer's preferences and keeps what is changed."""

    def __init__(self, *args: Any, choice: Choice = UNTOLD, **more: Any) -> None:
        super().__init__(*args, **more)
        self.choice = choice
        self._writing = threading.Lock()
        self._told: list[str] = list(choice.warnings)
        for theme in OURS:
            self.register_theme(theme)
        # The environment's TEXTUAL_THEME is left alone where nobody chose another.
        if choice.preferences.theme != Preferences().theme or "theme" in choice.sources:
            self._wear(choice.preferences.theme)

    @property
    def keymap(self) -> dict[str, str]:
        """Id of a binding to the keys it was moved to."""
        return dict(self._keymap)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Return Textual's own commands, but for those that the lab has of its own."""
        own = ("Quit", "Keys")
        return (c for c in super().get_system_commands(screen) if c.title not in own)

    def _wear(self, name: str) -> None:
        if name in self.available_themes:
            self.theme = name
        else:
            self._told.append(f"There is no theme {safe(name, 60)!r}; {self.theme} is used.")

    def on_ready(self) -> None:
        """Move the keys, and say what of the settings could not be had."""
        keymap, told = checked(self.choice.preferences.keys)
        self.set_keymap(keymap)
        for text in (*self._told, *told):
            self.tell(text, ok=False)
        self.theme_changed_signal.subscribe(self, self._theme_changed)
        if not self.choice.preferences.tour_hidden:
            self.call_later(self.run_action, "tour")

    def tell(self, text: str, *, ok: bool) -> None:
        """Show a text from outside as a toast."""
        shown = safe(text, REPLY_LIMIT)
        self.notify(shown, severity="information" if ok else "error", markup=False)

    def _theme_changed(self, theme: Theme) -> None:
        """Keep a theme that was chosen in the palette, as one of the settings."""
        if theme.name != self.choice.preferences.theme:
            self._remember("theme", theme.name)

    def prefer(self, name: str, value: Any) -> None:
        """Apply one setting now and keep it for the next start."""
        self._remember(name, value)
        if name == "theme":
            self.theme = value
        elif name == "hz":
            self.set_rate(value)
        elif name == "ascii":
            self._draw_with(plain=value)

    def _remember(self, name: str, value: Any) -> None:
        choice, change = self.choice, {name: value}
        source = choice.sources.get(name) or str(choice.path or "here")
        self.choice = choice._replace(
            sources={**choice.sources, name: source},
            preferences=choice.preferences.model_copy(update=change),
            kept=choice.kept.model_copy(update=change),
        )
        if choice.path is not None:
            self._keep(name, value)

    @work(thread=True, group="settings", exit_on_error=False)
    def _keep(self, name: str, value: Any) -> None:
        """Write the file in a thread: a disk may be slow."""
        choice = self.choice
        if choice.path is None:
            return
        try:
            with self._writing:
                said = keep(choice.path, name, value, broken=self.choice.broken)
                self.choice = self.choice._replace(broken=False)
        except NotKept as error:
            self.call_from_thread(self.tell, f"Not kept for the next start: {error}", ok=False)
            return
        if said:
            self.call_from_thread(self.tell, said, ok=True)

    def set_rate(self, hertz: float) -> None:
        """Refresh so often."""
        self.hertz = min(REFRESH_HZ, key=lambda rate: abs(rate - hertz))
        if self._beat is not None:
            self._beat.stop()
        self._beat = self.set_interval(1 / self.hertz, self.beat)
        self.main.show_header(self._header_moment())

    def _draw_with(self, *, plain: bool) -> None:
        """Draw everything that is open with the other set of shapes."""
        self.glyphs = glyphs_for(plain)
        for screen in self.screen_stack:
            screen.set_class(plain, "-plain")
            if hasattr(screen, "glyphs"):
                screen.glyphs = self.glyphs
            for panel in screen.query(LinePanel):
                panel.glyphs = self.glyphs
                panel.redraw_all()
        self._show(self._header_moment())
