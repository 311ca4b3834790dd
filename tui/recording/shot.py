"""How a film is made of a trace."""

from __future__ import annotations

import msgspec

ENGLISH = "en"


class Shot(msgspec.Struct, frozen=True):
    """The screen's size in cells, and the rest as `record --help` tells.

    `rows` are the screen's alone: the captions' come below them.
    """

    columns: int
    rows: int
    theme: str
    language: str = ENGLISH
    fps: float = 10.0
    speed: float = 1.0
    caption_rows: int = 2
    keys: bool = True
    ascii: bool = False
