"""A film as an animated GIF: one palette, and in each frame only the rectangle that changed."""

from __future__ import annotations

import struct
from collections import Counter
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import GifImagePlugin, Image

from tui.recording import palette
from tui.recording.cells import distinct_rows
from tui.recording.film import Film
from tui.recording.raster import Picture, Raster
from tui.recording.slots import slots

CLEAR: Final = 255
"""The place in the palette that leaves what is there."""

LEAST_MS: Final = 20
"""Browsers slow down what is shown for less."""


def step_ms(fps: int) -> int:
    """The time of one frame as a GIF can tell it: a multiple of 10 ms, at least 20."""
    return max(LEAST_MS, round(100 / fps) * 10)


def write_gif(film: Film, path: Path, *, font_px: int, fps: int) -> None:
    """Write the film, to be shown over and over. Raises OSError."""
    raster = Raster(font_px)
    colours, places = _palette(film, raster)
    size = (film.width * raster.cell_width, film.height * raster.cell_height)
    with path.open("wb") as out:
        out.write(b"GIF89a" + struct.pack("<HHBBB", *size, 0xF7, 0, 0))
        out.write(colours.tobytes().ljust(256 * 3, b"\0"))
        out.write(b"!\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")
        before = np.full(size[::-1], CLEAR, dtype=np.uint8)
        shown: tuple[object, ...] = (None,) * film.height
        for hold_ms, rows in slots(film, step_ms(fps)):
            now = before.copy()
            for y, (row, old) in enumerate(zip(rows, shown, strict=True)):
                if row is not old:
                    top = y * raster.cell_height
                    now[top : top + raster.cell_height] = places[raster.strip(row)]
            out.write(_frame(before, now, hold_ms))
            before, shown = now, rows
        out.write(b";")


def _palette(film: Film, raster: Raster) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    uses: Counter[int] = Counter()
    pictures: dict[int, Picture] = {}
    for row in distinct_rows(film):
        for tile in raster.tiles(row):
            uses[id(tile)] += 1
            pictures[id(tile)] = tile
    counts = np.zeros(len(raster.colours), dtype=np.int64)
    for key, tile in pictures.items():
        numbers, pixels = np.unique(tile, return_counts=True)
        counts[numbers] += pixels * uses[key]
    return palette.reduced(raster.colours, counts, raster.words, raster.exact)


def _frame(before: NDArray[np.uint8], now: NDArray[np.uint8], hold_ms: int) -> bytes:
    """The rectangle that changed; within it what stayed is clear, which packs better."""
    changed = before != now
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    if not len(rows):
        rows = columns = np.zeros(1, dtype=np.intp)
    area = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    left, top = int(columns[0]), int(rows[0])
    clear = np.where(changed[area], now[area], CLEAR)
    return min((_packed(one, left, top, hold_ms) for one in (clear, now[area])), key=len)


def _packed(pixels: NDArray[np.uint8], left: int, top: int, hold_ms: int) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    data = GifImagePlugin.getdata(
        image, (left, top), duration=hold_ms, transparency=CLEAR, disposal=1
    )
    return b"".join(data)
