"""Rows of a film as pixels: the vendored font for letters, exact rectangles for what must join.

Pixels are numbers of colours, so that every picture format decides for itself how to write them.
Drawing is a pure function of the film and the font size: no system font, no hinting from outside.
"""

from __future__ import annotations

import io
import unicodedata
from importlib import resources
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tui.recording import shapes
from tui.recording.cells import Cell, cells_of
from tui.recording.film import Look, Rgb, Row
from tui.recording.formats import FormatError

Picture: TypeAlias = NDArray[np.uint16]
"""Rows of pixels, each the number of a colour in `Raster.colours`."""

LEVELS: Final = 8
"""Steps from background to text at the edge of a letter: few, because each costs a colour."""

FINE: Final = 8
"""Round corners are drawn that many times larger first."""

SLANT: Final = 0.2
"""The font has no italics; letters are leant by this part of their height."""

LEADING: Final = 1.2
"""Height of a line in font sizes."""


class Raster:
    """Draws rows; `font_px` is the size of the letters, a line is 1.2 times as high."""

    def __init__(self, font_px: int) -> None:
        self._fonts = [
            _font("DejaVuSansMono.ttf", font_px),
            _font("DejaVuSansMono-Bold.ttf", font_px),
        ]
        self._advance = self._fonts[0].getlength("0")
        self.cell_width = max(2, round(self._advance))
        self.cell_height = max(4, round(font_px * LEADING))
        self._thick = max(1, round(self.cell_height * shapes.LIGHT))
        ascent, descent = self._fonts[0].getmetrics()
        self._baseline = round((self.cell_height - ascent - descent) / 2) + ascent
        self._numbers: dict[Rgb, int] = {}
        self._known = np.zeros((0, 3), dtype=np.uint8)
        self.exact: set[int] = set()
        """Numbers of the colours that a terminal would show, without those at edges of letters."""
        self.words: set[int] = set()
        """Those of them in which letters are written, not blocks or blanks."""
        self._masks: dict[tuple[str, int, bool, bool, bool, bool], NDArray[np.uint8]] = {}
        self._ramps: dict[tuple[Rgb, Rgb], Picture] = {}
        self._tiles: dict[tuple[Cell, int], Picture] = {}

    @property
    def colours(self) -> NDArray[np.uint8]:
        """Red, green and blue of every number that has been drawn so far: shape (colours, 3)."""
        if len(self._known) < len(self._numbers):
            self._known = np.array(list(self._numbers), dtype=np.uint8)
        return self._known

    def tiles(self, row: Row) -> list[Picture]:
        """The pictures of a row's characters; the same character of one look is the same object."""
        cells = cells_of(row)
        found = []
        for at, cell in enumerate(cells):
            if cell.text:
                wide = 2 if at + 1 < len(cells) and not cells[at + 1].text else 1
                found.append(self._tile(cell, wide))
        return found

    def strip(self, row: Row) -> Picture:
        """The picture of a row: shape (cell_height, cells x cell_width)."""
        return np.concatenate(self.tiles(row), axis=1)

    def pixels(self, row: Row) -> NDArray[np.uint8]:
        """The picture of a row in red, green and blue: shape (cell_height, width, 3)."""
        strip = self.strip(row)
        pixels: NDArray[np.uint8] = self.colours[strip]
        return pixels

    def _tile(self, cell: Cell, wide: int) -> Picture:
        tile = self._tiles.get((cell, wide))
        if tile is None:
            look = cell.look
            mask = self._mask(cell.text, look, wide)
            ramp = self._ramp(look.foreground, look.background)
            tile = self._tiles[cell, wide] = ramp[mask]
            if cell.text != " " and not shapes.shape_of(cell.text):
                self.words.add(int(ramp[-1]))
        return tile

    def _ramp(self, foreground: Rgb, background: Rgb) -> Picture:
        """The numbers of the colours from background to foreground."""
        ramp = self._ramps.get((foreground, background))
        if ramp is None:
            steps = (_between(background, foreground, n / (LEVELS - 1)) for n in range(LEVELS))
            numbers = [self._numbers.setdefault(step, len(self._numbers)) for step in steps]
            if len(self._numbers) > np.iinfo(np.uint16).max:
                raise FormatError(
                    "The film has more than 65,535 colours, which no picture here can number. "
                    "Choose .cast or .html, or a theme with fewer gradients."
                )
            self.exact |= {numbers[0], numbers[-1]}
            ramp = self._ramps[foreground, background] = np.array(numbers, dtype=np.uint16)
        return ramp

    def _mask(self, text: str, look: Look, wide: int) -> NDArray[np.uint8]:
        """How much of each pixel the character covers, from 0 to LEVELS - 1."""
        key = (text, wide, look.bold, look.italic, look.underline, look.strike)
        mask = self._masks.get(key)
        if mask is None:
            shape = shapes.shape_of(text)
            cover = self._shape(shape) if shape else self._letter(text, wide, look)
            for wanted, line in ((look.underline, shapes.UNDERLINE), (look.strike, shapes.STRIKE)):
                if wanted:
                    self._fill(cover, line, 255)
            mask = self._masks[key] = np.rint(cover * ((LEVELS - 1) / 255)).astype(np.uint8)
        return mask

    def _letter(self, text: str, wide: int, look: Look) -> NDArray[np.uint8]:
        width = self.cell_width * wide
        image = Image.new("L", (width, self.cell_height))
        pen = ImageDraw.Draw(image)
        font = self._fonts[look.bold]
        indent = round((width - self._advance * wide) / 2)
        for character in text:
            # Marks have the width of a cell in this font and stand where their letter does.
            if unicodedata.category(character) != "Cf" and not "\ufe00" <= character <= "\ufe0f":
                pen.text((indent, self._baseline), character, fill=255, font=font, anchor="ls")
        if look.italic:
            lean = (1, SLANT, -SLANT * self.cell_height / 2, 0, 1, 0)
            image = image.transform(
                image.size, Image.Transform.AFFINE, lean, Image.Resampling.BILINEAR
            )
        return np.array(image)

    def _shape(self, shape: shapes.Shape) -> NDArray[np.uint8]:
        if shape.corner:
            return self._round_corner(*shape.corner)
        cover = np.zeros((self.cell_height, self.cell_width), dtype=np.uint8)
        for rectangle in shape.rectangles:
            self._fill(cover, rectangle, round(255 * shape.opacity))
        return cover

    def _fill(self, cover: NDArray[np.uint8], rectangle: shapes.Rectangle, value: int) -> None:
        left, top, right, bottom = rectangle
        # A line under a wide character goes on to its end.
        x, end = self._x(left), self._x(right) + cover.shape[1] - self.cell_width
        y = self._y(top)
        cover[y : max(y + 1, self._y(bottom)), x : max(x + 1, end)] = value

    def _x(self, part: float) -> int:
        return shapes.snapped(part, self.cell_width, self._thick, upright=False)

    def _y(self, part: float) -> int:
        return shapes.snapped(part, self.cell_height, self._thick, upright=True)

    def _round_corner(self, right: int, down: int) -> NDArray[np.uint8]:
        """A quarter of a circle that joins the lines of straight box drawings."""
        width, height = self.cell_width, self.cell_height
        thick = self._thick
        x, y = (self._x(shapes.CROSS[0]) + thick / 2, self._y(shapes.CROSS[1]) + thick / 2)
        radius = (width - x if right > 0 else x) * 0.9
        middle = (np.arange(max(width, height) * FINE) + 0.5) / FINE
        # Seen from the circle's centre, towards the corner that it rounds off.
        across = right * (x + right * radius - middle[: width * FINE])[np.newaxis, :]
        along = down * (y + down * radius - middle[: height * FINE])[:, np.newaxis]
        around = (across > 0) & (along > 0)
        reach = np.where(around, np.hypot(across, along), np.maximum(across, along))
        fine = np.abs(reach - radius) < thick / 2
        parts = fine.reshape(height, FINE, width, FINE).mean(axis=(1, 3))
        cover: NDArray[np.uint8] = np.rint(parts * 255).astype(np.uint8)
        return cover


def _between(start: Rgb, end: Rgb, part: float) -> Rgb:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(start, end, strict=True))
    return red, green, blue


def _font(name: str, font_px: int) -> ImageFont.FreeTypeFont:
    file = io.BytesIO((resources.files("tui.recording") / "assets" / name).read_bytes())
    # The basic layout: Raqm is not in every build of Pillow and would move letters.
    return ImageFont.truetype(file, font_px, layout_engine=ImageFont.Layout.BASIC)
