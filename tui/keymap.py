"""Keys as a person moves them: ids that exist, keys that can be pressed, and no two on one key."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Final

from textual.binding import Binding, BindingType
from textual.keys import Keys

from tui import bindings
from tui.safe import safe

TOGETHER: Final = ("APP", "MAIN", "SHARDS", "EVENTS")
"""Lists that are active at once on the live screen; shards and events never have the focus both."""

SHARED: Final = ("BENCH", "PAGES")
"""What most dialogs have beside their own."""

NAME_LIMIT: Final = 60
MODIFIERS: Final = r"(?:(?:ctrl|alt|shift|super|meta|hyper)\+)*"


def lists() -> dict[str, list[BindingType]]:
    """Every list of bindings by its name."""
    found = {name: getattr(bindings, name) for name in bindings.__all__}
    return {name: value for name, value in found.items() if isinstance(value, list)}


def scopes() -> list[set[str]]:
    """Sets of ids that are active at the same time."""
    ids = {
        name: {b.id for b in bound if isinstance(b, Binding) and b.id}
        for name, bound in lists().items()
    }
    base = ids["APP"] | ids["MAIN"]
    found = [base | ids["SHARDS"], base | ids["EVENTS"]]
    shared = set().union(*(ids[name] for name in SHARED))
    found += [ids[name] | shared for name in ids if name not in (*TOGETHER, *SHARED)]
    return found


def checked(wanted: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the keymap to apply, and what is wrong with the rest: those keys stay as they were."""
    defaults = {
        binding.id: _split(binding.key)
        for bound in lists().values()
        for binding in bound
        if isinstance(binding, Binding) and binding.id
    }
    moved: dict[str, tuple[str, ...]] = {}
    told: list[str] = []
    for id, text in wanted.items():
        name = safe(id, NAME_LIMIT)
        keys = _split(text)
        if id not in defaults:
            near = difflib.get_close_matches(id, defaults, 1)
            hint = f"; did you mean {near[0]}?" if near else ""
            told.append(f"keys: there is nothing called {name}{hint}")
        elif not keys or not all(_can_be_pressed(key) for key in keys):
            told.append(f"keys: {name}: {safe(text, NAME_LIMIT)!r} is no key")
        else:
            moved[id] = keys
    while clash := _clash(defaults, moved):
        key, first, second = clash
        told.append(
            f"keys: {bindings.key_name(key)} is {first} and {second}; both stay as they were"
        )
        for id in (first, second):
            moved.pop(id, None)
    return {id: ",".join(keys) for id, keys in moved.items()}, told


def _clash(
    defaults: Mapping[str, tuple[str, ...]], moved: Mapping[str, tuple[str, ...]]
) -> tuple[str, str, str] | None:
    """Return a key and two ids that have it at the same time, the first of them moved there."""
    now = {**defaults, **moved}
    for scope in scopes():
        for id in sorted(scope & moved.keys()):
            for other in sorted(scope - {id}):
                shared = set(now[id]) & set(now[other])
                if shared and other in now:
                    return min(shared), id, other
    return None


def _split(text: str) -> tuple[str, ...]:
    """Return the keys with commas between them, as Textual names them."""
    parts = [","] if text.strip() == "," else [part.strip() for part in text.split(",")]
    return tuple(_named(part) for part in parts if part)


def _named(key: str) -> str:
    """Return a character by the name that Textual gives it: "?" is question_mark."""
    short = {shown: name for name, shown in bindings.SHORT_NAMES.items()}
    if key in short:
        return short[key]
    if len(key) == 1 and not key.isalnum():
        return unicodedata.name(key, "").replace("-", "_").replace(" ", "_").lower()
    return key


def _can_be_pressed(key: str) -> bool:
    match = re.fullmatch(f"{MODIFIERS}(.+)", key)
    base = match[1] if match else ""
    if len(base) == 1 and base.isprintable():
        return True
    if base in _KNOWN:
        return True
    try:
        unicodedata.lookup(base.replace("_", " ").upper())
    except KeyError:
        return False
    return base.islower()


def _known(keys: Iterable[Keys]) -> frozenset[str]:
    return frozenset(key.value for key in keys) | frozenset(bindings.SHORT_NAMES)


_KNOWN: Final = _known(Keys)
