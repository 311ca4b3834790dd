"""A small picture of dots drawn as braille, or as plain characters where braille is not safe."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tui.lines import Line, merged

BRAILLE = 0x2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot of a braille cell, by row and column (Unicode's own numbering)."""


class Canvas:
    """A grid of cells, each 2 × 4 dots in braille or one character in plain mode."""

    def __init__(self, width: int, height: int, plain: bool) -> None:
        self.width = max(width, 1)
        self.height = max(height, 1)
        self.plain = plain
        self.across = 1 if plain else 2
        self.down = 1 if plain else 4
        self._bits = [[0] * self.width for _ in range(self.height)]
        self._styles = [[""] * self.width for _ in range(self.height)]
        self._marks = [[" "] * self.width for _ in range(self.height)]

    @property
    def columns(self) -> int:
        """How many dots fit side by side."""
        return self.width * self.across

    def line(
        self, points: Sequence[float | None], top: float, style: str, mark: str, dotted: bool
    ) -> None:
        """Draw one value per dot column, None as a gap; `dotted` leaves out every other pair."""
        highest = self.height * self.down - 1
        before: int | None = None
        for x, value in enumerate(points[: self.columns]):
            if value is None or not math.isfinite(value):
                before = None
                continue
            y = highest - round(min(max(value / top, 0.0), 1.0) * highest)
            start = y if before is None else before + (1 if y > before else -1 if y < before else 0)
            if not (dotted and x // 2 % 2):
                for row in range(min(start, y), max(start, y) + 1):
                    self._dot(x, row, style, mark)
            before = y

    def lines(self) -> list[Line]:
        """Return the picture as lines of text."""
        return [
            merged((self._character(x, y), self._styles[y][x] or "dim") for x in range(self.width))
            for y in range(self.height)
        ]

    def _dot(self, x: int, y: int, style: str, mark: str) -> None:
        column, row = x // self.across, y // self.down
        if not self.plain:
            self._bits[row][column] |= DOTS[y % 4][x % 2]
        if not self._styles[row][column]:
            self._styles[row][column] = style
            self._marks[row][column] = mark

    def _character(self, x: int, y: int) -> str:
        if self.plain:
            return self._marks[y][x]
        bits = self._bits[y][x]
        return chr(BRAILLE + bits) if bits else " "
