"""Settings as a table, and what there is to know of the chosen one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tui import bindings
from tui.lines import Line, crop, merged
from tui.preferences import REFRESH_HZ, Choice, Preferences
from tui.safe import fit, safe
from tui.views.texts import wrapped

NAME, VALUE = 14, 22
TEXT_LIMIT = 300
MOST_MOVED = 20
TITLES: Final = {
    "theme": "theme",
    "hz": "refresh rate",
    "limits": "limits on",
    "ascii": "ASCII only",
    "tour_hidden": "tour at start",
    "keys": "keys",
}
"""Field to what it is called on the screen, in the order shown."""


def values(name: str, themes: Sequence[str]) -> list[Any]:
    """Return what a setting can be; nothing for one that is changed in the file alone."""
    known: dict[str, list[Any]] = {
        "theme": sorted(themes),
        "hz": list(REFRESH_HZ),
        "limits": ["today", "course"],
        "ascii": [False, True],
        "tour_hidden": [False, True],
    }
    return known.get(name, [])


def setting_heading(width: int) -> Line:
    """Return the names of the columns."""
    return ((fit(f"  {fit('setting', NAME)}{fit('value', VALUE)}from", width), "label"),)


def setting_lines(choice: Choice, width: int) -> list[Line]:
    """Return one line a setting: its value and where that comes from."""
    lines = []
    for name, title in TITLES.items():
        source = safe(choice.sources.get(name, "default"), TEXT_LIMIT)
        changed = getattr(choice.preferences, name) != getattr(Preferences(), name)
        room = max(0, width - 2 - NAME - VALUE)
        lines.append(
            merged(
                (
                    (f"  {fit(title, NAME)}", "label"),
                    (
                        fit(fit(word(choice, name), VALUE - 1), VALUE),
                        "strong" if changed else "text",
                    ),
                    (fit(source, room), "dim"),
                )
            )
        )
    return lines


def word(choice: Choice, name: str) -> str:
    """Return a value as people say it."""
    value = getattr(choice.preferences, name)
    if name == "hz":
        return f"{value:g} a second"
    if name == "ascii":
        return "yes" if value else "no"
    if name == "tour_hidden":
        return "hidden" if value else "shown"
    if name == "keys":
        return f"{len(value)} moved" if value else "as they come"
    return safe(str(value), VALUE)


def setting_detail(choice: Choice, name: str, width: int) -> list[Line]:
    """Return what a setting means, the moved keys, and where all this is kept."""
    field = Preferences.model_fields[name]
    lines: list[Line] = [((line, "text"),) for line in wrapped(field.description or "", width)]
    for id, keys in list(choice.preferences.keys.items())[:MOST_MOVED] if name == "keys" else ():
        shown = ", ".join(bindings.key_name(key.strip()) for key in str(keys).split(","))
        lines.append(
            ((fit(f"  {safe(id, TEXT_LIMIT)} = {safe(shown, TEXT_LIMIT)}", width), "key"),)
        )
    source = choice.sources.get(name, "")
    if source and source != str(choice.path):
        told = f"{source} gives it at each start; what is chosen here is kept for starts without."
        lines += [((line, "warn"),) for line in wrapped(safe(told, TEXT_LIMIT), width)]
    where = "nothing is kept" if choice.path is None else f"kept in {choice.path}"
    lines += [((line, "dim"),) for line in wrapped(safe(where, TEXT_LIMIT), width)]
    for warning in choice.warnings:
        lines += [((line, "bad"),) for line in wrapped(safe(warning, TEXT_LIMIT), width)]
    return [crop(line, width) for line in lines]
