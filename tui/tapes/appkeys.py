"""The keys that do something somewhere in the app, by Textual's names."""

from __future__ import annotations

from functools import cache
from typing import Final

from textual.binding import Binding
from textual.keys import _character_to_key

from tui import bindings
from tui.keymap import lists

WIDGETS: Final = (
    "enter", "escape", "tab", "shift+tab", "up", "down", "left", "right", "home", "end",
    "pageup", "pagedown", "backspace", "delete",
)  # fmt: skip
"""Keys that fields and lists of Textual have by themselves."""

_LONG: Final = {short: long for long, short in bindings.SHORT_NAMES.items()}


def named(key: str) -> str:
    """Return Textual's name of a key as people write it: "esc" and "?" are names, too."""
    if key in _LONG:
        return _LONG[key]
    if key == " ":
        return "space"
    return key if len(key) != 1 or key.isalnum() else _character_to_key(key)


@cache
def known_keys() -> frozenset[str]:
    """Return every key that a screen of the app is bound to."""
    bound = {
        key.strip()
        for binding_list in lists().values()
        for binding in binding_list
        if isinstance(binding, Binding)
        for key in binding.key.split(",")
    }
    return frozenset(bound | set(WIDGETS))
