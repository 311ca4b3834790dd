"""From the styles of a drawn screen to the looks of a film: every colour is made final."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import TerminalTheme

from tui.recording.film import Look, Rgb, Row, Run

_DIM: Final = 0.5
"""How much of a dim text's colour is left over its background."""


class Looks:
    """Turns segments into rows; equal rows are the same object, so that films stay small."""

    def __init__(self, theme: TerminalTheme) -> None:
        self._theme = theme
        self._rows: dict[Row, Row] = {}
        self._look = lru_cache(maxsize=4096)(self._resolved)

    def row(self, segments: Iterable[Segment], width: int) -> Row:
        """Return a row of exactly `width` cells."""
        runs: list[Run] = []
        used = 0
        for text, style, control in segments:
            if control or not text:
                continue
            room = width - used
            size = cell_len(text)
            if size > room:
                text, size = set_cell_size(text, room), room
            if not text:
                break
            look = self._look(style or Style.null())
            if runs and runs[-1].look == look:
                runs[-1] = Run(runs[-1].text + text, look)
            else:
                runs.append(Run(text, look))
            used += size
        if used < width:
            runs.append(Run(" " * (width - used), self._look(Style.null())))
        row = tuple(runs)
        return self._rows.setdefault(row, row)

    def _resolved(self, style: Style) -> Look:
        ground = self._rgb(style.bgcolor, False)
        ink = self._rgb(style.color, True)
        if style.reverse:
            ground, ink = ink, ground
        if style.dim:
            ink = mixed(ink, ground, _DIM)
        return Look(
            ink, ground, bool(style.bold), bool(style.italic),
            bool(style.underline), bool(style.strike),
        )  # fmt: skip

    def _rgb(self, color: Color | None, foreground: bool) -> Rgb:
        plain = Color.default() if color is None else color
        red, green, blue = plain.get_truecolor(self._theme, foreground)
        return red, green, blue


def mixed(ink: Rgb, ground: Rgb, part: float) -> Rgb:
    """Return `part` of one colour over another."""
    red, green, blue = (
        round(over * part + under * (1 - part)) for over, under in zip(ink, ground, strict=True)
    )
    return red, green, blue
