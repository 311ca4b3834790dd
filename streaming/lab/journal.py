"""The lab's diary: everything that happened, for the screens and for the store's journal."""

from __future__ import annotations

import time
from collections import deque
from typing import Final, TypeAlias

from streaming.lab.snapshot import EventLevel, EventView

Row: TypeAlias = tuple[int, int, str, str, str]
"""Sequence number, time in ms, level, kind, text."""

SHOWN: Final = 200


class Journal:
    """Append-only. `take` gives the writer what is not yet stored."""

    def __init__(self, earlier: list[Row]) -> None:
        self._shown: deque[EventView] = deque(maxlen=SHOWN)
        self._waiting: list[Row] = []
        self._next = 1
        for row in earlier:
            self._show(row)

    def add(self, level: EventLevel, kind: str, text: str) -> None:
        """Write one line. Bytes of a file name that are no text become question marks."""
        text = text.encode("utf-8", "replace").decode()
        row = (self._next, int(time.time() * 1000), level, kind, text)
        self._waiting.append(row)
        self._show(row)

    def take(self) -> list[Row]:
        """Lines that are not in the store yet; the caller stores them."""
        rows, self._waiting = self._waiting, []
        return rows

    def shown(self) -> tuple[EventView, ...]:
        """The newest lines, oldest first."""
        return tuple(self._shown)

    def _show(self, row: Row) -> None:
        seq, at_ms, level, kind, text = row
        self._next = seq + 1
        known: EventLevel = level if level in ("info", "good", "warn", "alarm") else "info"  # type: ignore[assignment]
        self._shown.append(EventView(seq, at_ms, known, kind, text))
