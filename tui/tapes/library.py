"""The tapes that ship, found by name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tui.tapes.problems import near
from tui.tapes.reading import read_tape
from tui.tapes.tape import Tape

SHIPPED: Final = Path(__file__).resolve().parent.parent / "scenarios"
SUFFIXES: Final = (".yaml", ".yml")
FIRST: Final = "tour"


class NoSuchTape(Exception):
    """There is neither a file nor a shipped tape of this name; the text says what there is."""


def shipped_names() -> list[str]:
    """The names of the tapes that ship: the tour first, the others by their names."""
    names = sorted(path.stem for path in SHIPPED.glob("*.yaml"))
    return sorted(names, key=lambda name: name != FIRST)


def find(named: str) -> Path:
    """The file of a tape: a path, or the name of one that ships. Raises NoSuchTape."""
    if named in shipped_names():
        return SHIPPED / f"{named}.yaml"
    path = Path(named)
    try:
        if path.is_file():
            return path
    except (OSError, ValueError):
        raise NoSuchTape(f"{named[:60]!r} is no path of a tape") from None
    if path.suffix in SUFFIXES or len(path.parts) > 1:
        raise NoSuchTape(f"there is no tape {named}; check the path")
    raise NoSuchTape(f"there is no scenario {named[:60]!r}{near(named, shipped_names())}")


def load(named: str) -> Tape:
    """Read and check a tape by path or name. Raises NoSuchTape and TapeError."""
    path = find(named)
    return read_tape(path, path.stem)
