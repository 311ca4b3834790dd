"""What an export can be and what came of it, apart from the packages that write it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

FORMATS: Final = ("csv", "parquet")


class ExportError(Exception):
    """Nothing was written; the text says why."""


class Exported(NamedTuple):
    """What was written."""

    path: Path
    rows: int
    size_bytes: int


def format_of(path: Path) -> str:
    """The format that a file's name asks for. Raises ExportError."""
    found = path.suffix.lower().removeprefix(".")
    if found not in FORMATS:
        raise ExportError("The file's name must end in .csv or .parquet.")
    return found
