"""The bottom line: the keys that matter, generated from the bindings that are active."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from textual import events
from textual.binding import ActiveBinding

from tui.bindings import KEY_BAR, key_name
from tui.glyphs import UNICODE, Glyphs
from tui.lines import Line, Segment, merged, width_of
from tui.panels.base import LinePanel


def keys_by_id(active: Iterable[ActiveBinding]) -> dict[str, list[str]]:
    """Return the keys of each binding id, in the order they were bound."""
    keys: dict[str, list[str]] = {}
    for entry in active:
        if entry.binding.id:
            name, found = key_name(entry.binding.key), keys.setdefault(entry.binding.id, [])
            found.insert(0 if name == entry.binding.key_display else len(found), name)
    return keys


Entries: TypeAlias = Sequence[tuple[tuple[str, ...], str]]
"""Binding ids and the word that stands for them, most useful first."""


def key_bar(
    keys: dict[str, list[str]], width: int, entries: Entries = KEY_BAR
) -> list[tuple[str, Line]]:
    """Return (binding id, segments) of the entries that fit whole; nothing is ever cut."""
    shown: list[tuple[str, Line]] = []
    left = width - 1
    for ids, label in entries:
        first = [keys[name][0] for name in ids if keys.get(name)]
        entry: Line = ((" ".join(first), "key"), (f" {label}", "text"))
        if not first or width_of(entry) > left:
            continue
        shown.append((ids[-1], entry))
        left -= width_of(entry) + 2
    return shown


class KeyBar(LinePanel, can_focus=False):
    """Keys with what they do; a click does the same."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str, glyphs: Glyphs = UNICODE, entries: Entries = KEY_BAR) -> None:
        super().__init__(id=id, glyphs=glyphs)
        self.entries = entries

    def on_mount(self) -> None:
        """Follow the bindings of the screen."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _screen: self.draw())

    def on_resize(self) -> None:
        """Fit to the new width."""
        self.draw()

    def draw(self) -> None:
        """Show what fits."""
        segments: list[Segment] = []
        for _, entry in self._entries():
            segments += [("  " if segments else " ", "text"), *entry]
        self.show_lines([merged(segments)])

    def _entries(self) -> list[tuple[str, Line]]:
        return key_bar(keys_by_id(self.screen.active_bindings.values()), self.room, self.entries)

    async def on_click(self, event: events.Click) -> None:
        """Run what was clicked."""
        x = 1
        for name, entry in self._entries():
            if x <= event.x < x + width_of(entry):
                for active in self.screen.active_bindings.values():
                    if active.binding.id == name:
                        await self.app.run_action(active.binding.action, active.node)
                        return
            x += width_of(entry) + 2
