"""Anybody's series from a CSV file, scored with the lab's own code."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import TextIO

import msgspec

from streaming.anomaly.forest import MOST, usable


class BadSeries(ValueError):
    """The file is no series; the text says where and why, and what to do."""


class Row(msgspec.Struct, frozen=True):
    """One line: its time as it is written, and a number or None (an empty cell) per column."""

    time: str
    values: tuple[float | None, ...]


def read(source: TextIO, name: str, time: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a CSV with a header, one by one. Raises BadSeries."""
    lines = csv.reader(source)
    try:
        header = next(lines, None)
        if header is None:
            raise BadSeries(f"{name} is empty: a CSV begins with a line of column names.")
        places = [_place(header, column, name) for column in (time, *columns)]
        rows = 0
        for cells in lines:
            if not cells:
                continue
            if len(cells) != len(header):
                raise BadSeries(
                    f"{name}, line {lines.line_num}: {len(cells)} cells, and the header has "
                    f"{len(header)}."
                )
            at, *numbers = (cells[place] for place in places)
            rows += 1
            yield Row(
                at,
                tuple(
                    _number(text, f"{name}, line {lines.line_num}, {column}")
                    for text, column in zip(numbers, columns, strict=True)
                ),
            )
    except (csv.Error, UnicodeDecodeError) as error:
        raise BadSeries(f"{name}, line {lines.line_num + 1}: it is no CSV: {error}.") from None
    if not rows:
        raise BadSeries(f"{name} has a header and no rows: there is nothing to score.")


def _place(header: Sequence[str], column: str, name: str) -> int:
    found = [i for i, cell in enumerate(header) if cell.strip() == column]
    if len(found) == 1:
        return found[0]
    if found:
        raise BadSeries(f"{name} has {len(found)} columns called {column!r}; rename all but one.")
    there = ", ".join(cell.strip() for cell in header)
    raise BadSeries(f"{name} has no column {column!r}; it has {there}.")


def _number(text: str, where: str) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        raise BadSeries(
            f"{where}: {text!r} is not a number; leave the cell empty where there is none."
        ) from None
    if not usable((value,)):
        raise BadSeries(
            f"{where}: {text.strip()} cannot be scored (finite numbers below {MOST:g} can); leave "
            "the cell empty where there is no value."
        )
    return value
