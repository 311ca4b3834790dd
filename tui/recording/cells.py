"""A row of a film cell by cell, as the formats that draw or compare need it."""

from __future__ import annotations

from typing import NamedTuple

from rich.cells import split_graphemes

from tui.recording.film import Film, Look, Row


class Cell(NamedTuple):
    """What one cell shows: a character with its marks, or "" in the second half of a wide one."""

    text: str
    look: Look


def cells_of(row: Row) -> tuple[Cell, ...]:
    """Return the cells of a row from left to right.

    Widths are those of Textual's own screen (`rich.cells`). A mark without a character before it
    stands on the one before its run; at the start of a row it is left out.
    """
    cells: list[Cell] = []
    for run in row:
        if run.text.isascii():
            cells += [Cell(character, run.look) for character in run.text]
            continue
        for start, end, width in split_graphemes(run.text)[0]:
            text = run.text[start:end]
            if width:
                cells.append(Cell(text, run.look))
                cells += [Cell("", run.look)] * (width - 1)
            elif cells and cells[-1].text:
                cells[-1] = Cell(cells[-1].text + text, cells[-1].look)
    return tuple(cells)


def distinct_rows(film: Film) -> dict[Row, int]:
    """Every different row of a film with its number, in the order in which they first appear."""
    numbers: dict[Row, int] = {}
    before: tuple[Row, ...] = ()
    for frame in film.frames:
        for row, old in zip(frame.rows, before or (None,) * film.height, strict=True):
            if row is not old:
                numbers.setdefault(row, len(numbers))
        before = frame.rows
    return numbers
