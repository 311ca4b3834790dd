"""Which panels the live screen shows in how much room: fewer on a small one, never none."""

from __future__ import annotations

from typing import Final

PANELS: Final = ("shards", "heat", "rates", "keys", "events")

FRAMED_COLUMNS: Final = 100
FRAMED_ROWS: Final = 32
STRIP_ROWS: Final = 15
"""From here up there is a line that names the panels."""
PAIR_ROWS: Final = 11
"""From here up there is room for a second panel."""

_BESIDE: Final = {
    "shards": {"shards", "rates", "events"},
    "heat": {"heat", "rates", "events"},
    "rates": {"rates", "events"},
    "keys": {"keys", "events"},
    "events": {"events"},
}


def framed(columns: int, rows: int) -> bool:
    """Return whether all panels fit, with frames."""
    return columns >= FRAMED_COLUMNS and rows >= FRAMED_ROWS


def shown(columns: int, rows: int, chosen: str, *, zoomed: bool) -> frozenset[str]:
    """Return the panels to show when one of them is chosen."""
    if zoomed or rows < PAIR_ROWS:
        return frozenset({chosen})
    if framed(columns, rows):
        return frozenset(PANELS)
    if rows < STRIP_ROWS:
        return frozenset(_BESIDE[chosen] - {"events"}) or frozenset({chosen})
    return frozenset(_BESIDE[chosen])


def has_strip(columns: int, rows: int) -> bool:
    """Return whether a line names the panels: where not all are in sight, and there is a line."""
    return rows >= STRIP_ROWS and not framed(columns, rows)
