"""Durations as people write them: `500ms`, `10s`, `5m`, `2h`, `1d`."""

from __future__ import annotations

import re
from typing import Final

_UNITS_MS: Final = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def milliseconds(text: str) -> int:
    """The duration in milliseconds. Raises ValueError for anything else."""
    match = re.fullmatch(r"\s*(\d{1,9}(?:\.\d{1,3})?)\s*(ms|s|m|h|d)\s*", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration; write it as 500ms, 10s, 5m, 2h or 1d")
    return round(float(match[1]) * _UNITS_MS[match[2]])


def in_words(ms: int) -> str:
    """The duration in its largest whole unit, such as "90s"."""
    for unit, size in reversed(_UNITS_MS.items()):
        if ms and not ms % size:
            return f"{ms // size}{unit}"
    return f"{ms}ms"
