"""Keys and the mouse, as a program gives them to the app."""

from __future__ import annotations

import unicodedata
from typing import Any, Final

from textual import events
from textual.app import App
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key

from tui.recording.trace import Pointing

MOUSE: Final[dict[Pointing, type[events.MouseEvent]]] = {
    "down": events.MouseDown,
    "up": events.MouseUp,
    "wheel_down": events.MouseScrollDown,
    "wheel_up": events.MouseScrollUp,
}
"""What the mouse can do, but for moving."""


def press(app: App[Any], key: str) -> None:
    """Give the app a key by Textual's name, or a single character, as a terminal would."""
    if len(key) == 1 and not key.isalnum():
        key = _character_to_key(key)
    name = REPLACED_KEYS.get(key, key)
    try:
        character: str | None = unicodedata.lookup(_get_unicode_name_from_key(name))
    except KeyError:
        character = key if len(key) == 1 else None
    event = events.Key(key, character)
    event.set_sender(app)
    if app._driver is not None:
        app._driver.send_message(event)


def point(app: App[Any], what: Pointing, x: int, y: int, button: int) -> None:
    """Do with the mouse what a person did, at a cell of the screen, as a terminal would tell."""
    event = MOUSE[what](None, x, y, 0, 0, button, False, False, False, x, y)
    event.set_sender(app)
    if app._driver is not None:
        app._driver.send_message(event)


def pointing(event: events.MouseEvent) -> Pointing | None:
    """What the mouse did, None for what is not taken down."""
    return next((what for what, kind in MOUSE.items() if type(event) is kind), None)
