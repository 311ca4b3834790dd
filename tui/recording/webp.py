"""A film as an animated WebP: every colour as it was, and smaller than a GIF.

The container is put together here (https://developers.google.com/speed/webp/docs/riff_container):
Pillow's own way holds all pictures of a film in memory at once.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tui.recording.film import Film
from tui.recording.raster import Raster
from tui.recording.slots import pictures

EFFORT: Final = 3
"""Of 6: more takes several times as long for a few percent."""

NO_BLENDING: Final = 2
HAS_ALPHA, IS_ANIMATION = 0x10, 0x02


def write_webp(film: Film, path: Path, *, font_px: int, fps: int) -> None:
    """Write the film without loss, to be shown over and over. Raises OSError."""
    raster = Raster(font_px)
    with path.open("wb") as out:
        out.write(b"RIFF\0\0\0\0WEBP")
        size = (film.width * raster.cell_width, film.height * raster.cell_height)
        out.write(_chunk(b"VP8X", bytes([HAS_ALPHA | IS_ANIMATION, 0, 0, 0]) + _size(*size)))
        out.write(_chunk(b"ANIM", struct.pack("<IH", 0, 0)))
        before: NDArray[np.uint8] | None = None
        for hold_ms, now in pictures(film, raster, round(1000 / fps)):
            out.write(_frame(before, now, hold_ms))
            before = now.copy()
        length = out.tell() - 8
        out.seek(4)
        out.write(struct.pack("<I", length))


def _frame(before: NDArray[np.uint8] | None, now: NDArray[np.uint8], hold_ms: int) -> bytes:
    """The rectangle that changed; what stayed within it is transparent, which packs better."""
    height, width = now.shape[:2]
    left = top = 0
    area = now
    clear = False
    if before is not None:
        red, green, blue = np.moveaxis(before != now, 2, 0)
        changed = red | green | blue
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if not len(rows):
            rows = columns = np.zeros(1, dtype=np.intp)
        # Places are told in halves.
        left, top = int(columns[0]) & ~1, int(rows[0]) & ~1
        inside = np.s_[top : rows[-1] + 1, left : columns[-1] + 1]
        alpha = np.where(changed[inside], 255, 0).astype(np.uint8)
        area = np.dstack((now[inside], alpha))
        clear = True
    picture = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(area)).save(
        picture, "WEBP", lossless=True, quality=20, method=EFFORT
    )
    height, width = area.shape[:2]
    head = _three(left // 2) + _three(top // 2) + _size(width, height) + _three(hold_ms)
    flags = bytes([0 if clear else NO_BLENDING])
    return _chunk(b"ANMF", head + flags + picture.getvalue()[len(b"RIFF....WEBP") :])


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _size(width: int, height: int) -> bytes:
    return _three(width - 1) + _three(height - 1)


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")
