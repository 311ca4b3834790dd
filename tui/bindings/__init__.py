"""Every key of the screens, each with an id by which a keymap can move it; a module per screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from textual.binding import Binding, BindingsMap, BindingType

from tui.bindings.alarms import ALARMS, ALARMS_BAR
from tui.bindings.app import APP
from tui.bindings.chaos import CHAOS, CHAOS_BAR
from tui.bindings.console import CONSOLE, CONSOLE_BAR, EDITOR, GRID, READY, READY_BAR
from tui.bindings.consumers import CONSUMERS, CONSUMERS_BAR
from tui.bindings.dialogs import BENCH, DIALOG, DIALOG_BODY, PAGES
from tui.bindings.keylab import COMPARISON, KEY_INPUT, KEY_LAB_BAR
from tui.bindings.lineage import LINEAGE, LINEAGE_BAR
from tui.bindings.main import (
    EVENTS,
    FILTER,
    KEY_BAR,
    MAIN,
    PANEL_KEYS,
    SCROLLING,
    SHARDS,
    STRIP,
)
from tui.bindings.records import RECORD, RECORD_BAR, RECORD_INPUT, RECORDS, RECORDS_BAR
from tui.bindings.replay import REPLAY
from tui.bindings.settings import SETTINGS, SETTINGS_BAR
from tui.bindings.tour import HELP, TOUR
from tui.bindings.windows import WINDOWS, WINDOWS_BAR

__all__ = [
    "ALARMS",
    "ALARMS_BAR",
    "APP",
    "BENCH",
    "CHAOS",
    "CHAOS_BAR",
    "COMPARISON",
    "CONSOLE",
    "CONSOLE_BAR",
    "CONSUMERS",
    "CONSUMERS_BAR",
    "DIALOG",
    "DIALOGS",
    "DIALOG_BODY",
    "EDITOR",
    "EVENTS",
    "FILTER",
    "GRID",
    "HELP",
    "HELP_GROUPS",
    "KEY_BAR",
    "KEY_INPUT",
    "KEY_LAB_BAR",
    "LINEAGE",
    "LINEAGE_BAR",
    "MAIN",
    "PAGES",
    "PANEL_KEYS",
    "READY",
    "READY_BAR",
    "RECORD",
    "RECORDS",
    "RECORDS_BAR",
    "RECORD_BAR",
    "RECORD_INPUT",
    "REPLAY",
    "SCROLLING",
    "SETTINGS",
    "SETTINGS_BAR",
    "SHARDS",
    "SHORT_NAMES",
    "STRIP",
    "TOUR",
    "WINDOWS",
    "WINDOWS_BAR",
    "key_name",
    "keys_of",
]


DIALOGS: Final = (
    *BENCH,
    *PAGES,
    *KEY_INPUT,
    *LINEAGE,
    *WINDOWS,
    *ALARMS,
    *CONSOLE,
    *EDITOR,
    *GRID,
    *CHAOS,
    *SETTINGS,
    *HELP,
    *TOUR,
    *RECORDS,
    *RECORD,
    *CONSUMERS,
    *REPLAY,
)
"""Bindings of dialogs that the help tells of while none is open."""


HELP_GROUPS: Final = tuple(
    (title, tuple((binding.id or "", binding.description) for binding in bound if binding.id))
    for title, bound in (
        ("Everywhere", BindingsMap(APP).shown_keys),
        ("Panels, streams, sort and filter", BindingsMap(MAIN).shown_keys),
        ("Shards", BindingsMap(SHARDS).shown_keys),
        ("In the key lab", BindingsMap([*BENCH, *PAGES, *KEY_INPUT]).shown_keys),
        ("In shards and lineage", BindingsMap(LINEAGE).shown_keys),
        ("In windows", BindingsMap(WINDOWS).shown_keys),
        ("In alarms", BindingsMap(ALARMS).shown_keys),
        ("In the SQL console", BindingsMap([*CONSOLE, *EDITOR]).shown_keys),
        ("In the console's rows", BindingsMap(GRID).shown_keys),
        ("In chaos and traffic", BindingsMap(CHAOS).shown_keys),
        ("In settings", BindingsMap(SETTINGS).shown_keys),
        ("In this help, and on the tour", BindingsMap([*HELP, *TOUR]).shown_keys),
        ("In records", BindingsMap([*RECORDS, *RECORD]).shown_keys),
        ("In consumers", BindingsMap(CONSUMERS).shown_keys),
        ("In a recording (replay)", BindingsMap(REPLAY).shown_keys),
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
    "comma": ",",
    "greater_than_sign": ">",
    "less_than_sign": "<",
    "escape": "esc",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def key_name(key: str) -> str:
    """Return a key as people write it."""
    return SHORT_NAMES.get(key, key)
