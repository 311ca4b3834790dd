"""Every key of the screens, each with an id by which a keymap can move it; a module per screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from textual.binding import Binding, BindingsMap, BindingType

from tui.bindings.alarms import ALARMS, ALARMS_BAR
from tui.bindings.app import APP
from tui.bindings.consumers import CONSUMERS, CONSUMERS_BAR
from tui.bindings.dialogs import BENCH, DIALOG, DIALOG_BODY, PAGES
from tui.bindings.keylab import COMPARISON, KEY_INPUT, KEY_LAB_BAR
from tui.bindings.lineage import LINEAGE, LINEAGE_BAR
from tui.bindings.main import EVENTS, FILTER, KEY_BAR, MAIN, SHARDS
from tui.bindings.windows import WINDOWS, WINDOWS_BAR

__all__ = [
    "ALARMS",
    "ALARMS_BAR",
    "APP",
    "BENCH",
    "COMPARISON",
    "CONSUMERS",
    "CONSUMERS_BAR",
    "DIALOG",
    "DIALOGS",
    "DIALOG_BODY",
    "EVENTS",
    "FILTER",
    "HELP_GROUPS",
    "KEY_BAR",
    "KEY_INPUT",
    "KEY_LAB_BAR",
    "LINEAGE",
    "LINEAGE_BAR",
    "MAIN",
    "PAGES",
    "SHARDS",
    "WINDOWS",
    "WINDOWS_BAR",
    "key_name",
    "keys_of",
]


DIALOGS: Final = (*BENCH, *PAGES, *KEY_INPUT, *LINEAGE, *WINDOWS, *ALARMS, *CONSUMERS)
"""Bindings of dialogs that the help tells of while none is open."""


HELP_GROUPS: Final = tuple(
    (title, tuple((binding.id or "", binding.description) for binding in bound if binding.id))
    for title, bound in (
        ("Everywhere", BindingsMap(APP).shown_keys),
        ("Streams, sort and filter", BindingsMap(MAIN).shown_keys),
        ("Shards", BindingsMap(SHARDS).shown_keys),
        ("In the key lab", BindingsMap([*BENCH, *PAGES, *KEY_INPUT]).shown_keys),
        ("In shards and lineage", BindingsMap(LINEAGE).shown_keys),
        ("In windows", BindingsMap(WINDOWS).shown_keys),
        ("In alarms", BindingsMap(ALARMS).shown_keys),
        ("In consumers", BindingsMap(CONSUMERS).shown_keys),
    )
)
"""Title, then id and description of each binding: what the help screen lists, in its order."""


def keys_of(bound: Iterable[BindingType], keymap: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the keys of bindings that are not active now, as a keymap moves them."""
    keys: dict[str, list[str]] = {}
    for binding in bound:
        if isinstance(binding, Binding) and binding.id:
            moved = keymap.get(binding.id, binding.key)
            keys[binding.id] = [key_name(key.strip()) for key in moved.split(",")]
    return keys


SHORT_NAMES: Final = {
    "question_mark": "?",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "colon": ":",
    "slash": "/",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def key_name(key: str) -> str:
    """Return a key as people write it."""
    return SHORT_NAMES.get(key, key)
