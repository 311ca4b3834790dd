"""A film at an even beat, for formats that have one: what each slot of time shows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tui.recording.film import Film, Row
from tui.recording.raster import Raster

Rows: TypeAlias = tuple[Row, ...]

LONGEST_MS: Final = 60_000
"""A picture that stays longer is shown again: some formats cannot hold one for hours."""


def slots(film: Film, step_ms: int) -> Iterator[tuple[int, Rows]]:
    """Yield how long to show which rows, in multiples of `step_ms`; equal neighbours are one.

    A slot shows what is there when it ends, so that the last picture is the film's last.
    """
    frames = film.frames
    at = 0
    held, shown = 0, frames[0].rows
    for slot in range(max(1, -(-film.duration_ms // step_ms))):
        end = (slot + 1) * step_ms
        while at + 1 < len(frames) and frames[at + 1].at_ms < end:
            at += 1
        rows = frames[at].rows
        if held and (rows != shown or held >= LONGEST_MS):
            yield held, shown
            held = 0
        shown = rows
        held += step_ms
    yield held, shown


def pictures(film: Film, raster: Raster, step_ms: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield how many milliseconds to show which picture: shape (height, width, 3).

    It is the same array again and again, changed where the screen did.
    """
    height, width = film.height * raster.cell_height, film.width * raster.cell_width
    picture = np.zeros((height, width, 3), dtype=np.uint8)
    shown: tuple[object, ...] = (None,) * film.height
    for hold_ms, rows in slots(film, step_ms):
        for y, (row, old) in enumerate(zip(rows, shown, strict=True)):
            if row is not old:
                top = y * raster.cell_height
                picture[top : top + raster.cell_height] = raster.pixels(row)
        shown = rows
        yield hold_ms, picture
