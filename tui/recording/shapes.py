"""Characters that are drawn as rectangles, because a font leaves seams between their cells.

A cell is one wide and one high, its origin at the top left, and taken to be twice as high as wide
in pixels. Whoever draws on pixels moves edges to whole ones as `snapped` does, so that what touches
here touches there, and all lines are equally thick.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

Rectangle: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom as parts of the cell."""

UNDERLINE: Final[Rectangle] = (0, 14 / 16, 1, 15 / 16)
STRIKE: Final[Rectangle] = (0, 8 / 16, 1, 9 / 16)

WHOLE: Final[Rectangle] = (0, 0, 1, 1)
SHADES: Final[dict[str, float]] = {"░": 0.25, "▒": 0.5, "▓": 0.75}
UPPER_LEFT: Final[Rectangle] = (0, 0, 0.5, 0.5)
UPPER_RIGHT: Final[Rectangle] = (0.5, 0, 1, 0.5)
LOWER_LEFT: Final[Rectangle] = (0, 0.5, 0.5, 1)
LOWER_RIGHT: Final[Rectangle] = (0.5, 0.5, 1, 1)
QUADRANTS: Final[dict[str, tuple[Rectangle, ...]]] = {
    "▖": (LOWER_LEFT,),
    "▗": (LOWER_RIGHT,),
    "▘": (UPPER_LEFT,),
    "▙": (UPPER_LEFT, (0, 0.5, 1, 1)),
    "▚": (UPPER_LEFT, LOWER_RIGHT),
    "▛": ((0, 0, 1, 0.5), LOWER_LEFT),
    "▜": ((0, 0, 1, 0.5), LOWER_RIGHT),
    "▝": (UPPER_RIGHT,),
    "▞": (UPPER_RIGHT, LOWER_LEFT),
    "▟": (UPPER_RIGHT, (0, 0.5, 1, 1)),
}
HALVES: Final[dict[str, Rectangle]] = {
    "▀": (0, 0, 1, 0.5),
    "▐": (0.5, 0, 1, 1),
    "▔": (0, 0, 1, 1 / 8),
    "▕": (7 / 8, 0, 1, 1),
}
LAST_LINE: Final = "\u257f"
"""Up to this character they are box drawings, after it blocks and dots."""

LIGHT: Final = 1 / 16
"""Thickness of a light line as part of the cell's height."""

HEAVY: Final = 2.5
"""Thickness of a heavy line in light ones; on pixels it becomes 2. No block has its edges there."""

CROSS: Final[Rectangle] = (0.5 - LIGHT, 0.5 - LIGHT / 2, 0.5 + LIGHT, 0.5 + LIGHT / 2)
"""Where light lines cross."""

GAP: Final = 1 / 16
"""Each line of a double one is that far from the middle, as part of the cell's height."""

DASHES: Final[dict[str, int]] = {"DOUBLE": 2, "TRIPLE": 3, "QUADRUPLE": 4}
WAYS: Final = {
    "UP": ("up",),
    "DOWN": ("down",),
    "LEFT": ("left",),
    "RIGHT": ("right",),
    "VERTICAL": ("up", "down"),
    "HORIZONTAL": ("left", "right"),
}
WEIGHTS: Final = ("LIGHT", "HEAVY", "SINGLE", "DOUBLE")


@dataclass(frozen=True, slots=True)
class Shape:
    """Rectangles in the text's colour at an opacity, and for a round corner where it goes.

    `corner` is the side to which a quarter of a circle opens: (1, 1) goes right and down.
    """

    rectangles: tuple[Rectangle, ...]
    opacity: float = 1.0
    corner: tuple[int, int] | None = None


def snapped(part: float, cell: int, thick: int, *, upright: bool) -> int:
    """The pixel to which an edge of a rectangle belongs.

    `cell` is the cell's width or, if `upright`, its height in pixels, `thick` a light line's. The
    edges of lines are told by where they are: half a light line's thickness from the middle, or
    three halves (double lines), or HEAVY halves. All others are rounded, halves upwards.
    """
    halves = (part - 0.5) / (LIGHT / 2 if upright else LIGHT)
    if abs(halves) == HEAVY:
        halves = math.copysign(2, halves)
    elif abs(halves) not in (1, 3):
        return math.floor(part * cell + 0.5)
    return math.floor((cell - thick) // 2 + thick * (halves + 1) / 2)


@lru_cache(maxsize=1024)
def shape_of(text: str) -> Shape | None:
    """How to draw a character, or None where the font's own drawing is right."""
    if len(text) != 1 or not "\u2500" <= text <= "\u28ff":
        return None
    number = ord(text)
    if number >= 0x2800:
        return Shape(tuple(_dots(number - 0x2800)))
    if text in SHADES:
        return Shape((WHOLE,), SHADES[text])
    if text in QUADRANTS:
        return Shape(QUADRANTS[text])
    if text in HALVES:
        return Shape((HALVES[text],))
    if 0x2581 <= number <= 0x2588:
        return Shape(((0, 1 - (number - 0x2580) / 8, 1, 1),))
    if 0x2589 <= number <= 0x258F:
        return Shape(((0, 0, (0x2590 - number) / 8, 1),))
    if text <= LAST_LINE:
        return _lines(unicodedata.name(text).removeprefix("BOX DRAWINGS "))
    return None


def _dots(bits: int) -> list[Rectangle]:
    """The dots of a braille pattern, by the numbering of ISO 11548-1."""
    places = ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3))
    return [
        (x / 2 + 1 / 8, y / 4 + 1 / 16, x / 2 + 3 / 8, y / 4 + 3 / 16)
        for bit, (x, y) in enumerate(places)
        if bits >> bit & 1
    ]


def _lines(name: str) -> Shape | None:
    """A box drawing from its name in Unicode; None for diagonals and mixed double lines."""
    words = name.split()
    if "DIAGONAL" in words:
        return None
    if "DASH" in words:
        return Shape(tuple(_dashes(words)))
    if "ARC" in words:
        return Shape((), corner=(1 if "RIGHT" in words else -1, 1 if "DOWN" in words else -1))
    arms: dict[str, str] = {}
    weight = ""
    for part in name.split(" AND "):
        weight = next((word for word in part.split() if word in WEIGHTS), weight)
        for word in part.split():
            arms |= dict.fromkeys(WAYS.get(word, ()), weight)
    if "DOUBLE" not in arms.values():
        return Shape(tuple(_single(arms)))
    return Shape(tuple(_double(set(arms)))) if set(arms.values()) == {"DOUBLE"} else None


def _dashes(words: list[str]) -> list[Rectangle]:
    count = next(DASHES[word] for word in words if word in DASHES)
    half = LIGHT / 2 * (HEAVY if "HEAVY" in words else 1)
    spans = [((n + 0.2) / count, (n + 0.8) / count) for n in range(count)]
    if "VERTICAL" in words:
        return [(0.5 - half * 2, start, 0.5 + half * 2, end) for start, end in spans]
    return [(start, 0.5 - half, end, 0.5 + half) for start, end in spans]


def _single(arms: dict[str, str]) -> list[Rectangle]:
    """Lines from the middle to the edges; each covers the middle as far as the others are thick."""
    half = {way: LIGHT / 2 * (HEAVY if weight == "HEAVY" else 1) for way, weight in arms.items()}
    across = max((half[way] for way in ("left", "right") if way in arms), default=0.0)
    along = max((half[way] for way in ("up", "down") if way in arms), default=0.0) * 2
    ends: dict[str, Rectangle] = {
        way: {
            "up": (0.5 - thick * 2, 0.0, 0.5 + thick * 2, 0.5 + across),
            "down": (0.5 - thick * 2, 0.5 - across, 0.5 + thick * 2, 1.0),
            "left": (0.0, 0.5 - thick, 0.5 + along, 0.5 + thick),
            "right": (0.5 - along, 0.5 - thick, 1.0, 0.5 + thick),
        }[way]
        for way, thick in half.items()
    }
    return list(ends.values())


def _double(arms: set[str]) -> list[Rectangle]:
    """Two lines to each edge, which bend with those of their neighbours."""
    lines: list[Rectangle] = []
    half = LIGHT / 2
    for way in sorted(arms):
        forward = 1 if way in ("down", "right") else -1
        low_side, high_side = ("left", "right") if way in ("up", "down") else ("up", "down")
        back = {"up": "down", "down": "up", "left": "right", "right": "left"}[way]
        for side, near, far in ((-1, low_side, high_side), (1, high_side, low_side)):
            bend = GAP if near in arms else 0.0 if back in arms else -GAP if far in arms else 0.0
            # As if the cell were a square of its height; x is scaled to its width below.
            start = forward * (bend - half)
            low, high = (start, 0.5) if forward > 0 else (-0.5, start)
            beside = (side * GAP - half, side * GAP + half)
            if way in ("up", "down"):
                lines.append((0.5 + beside[0] * 2, 0.5 + low, 0.5 + beside[1] * 2, 0.5 + high))
            else:
                wide = [min(max(0.5 + end * 2, 0.0), 1.0) for end in (low, high)]
                lines.append((wide[0], 0.5 + beside[0], wide[1], 0.5 + beside[1]))
    return lines
