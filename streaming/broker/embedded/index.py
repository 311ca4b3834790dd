"""The sparse index of a segment: where its batches are, by offset and by time, in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right


class SparseIndex:
    """One entry for each block of about `interval` bytes; a block begins at a batch.

    `times[i]` is the latest timestamp in the segment up to the end of block i, so it never
    falls, and the first entry that reaches a time is the first block with a record that late.
    """

    __slots__ = ("interval", "offsets", "positions", "times")

    def __init__(self, interval: int) -> None:
        self.interval = interval
        self.offsets = array("q")
        self.positions = array("q")
        self.times = array("q")

    def add(self, offset: int, position: int, max_timestamp: int) -> None:
        """Note a batch. Batches come in the order of the file."""
        if not self.positions:
            self.times.append(max_timestamp)
        elif position - self.positions[-1] >= self.interval:
            self.times.append(max(max_timestamp, self.times[-1]))
        else:
            if max_timestamp > self.times[-1]:
                self.times[-1] = max_timestamp
            return
        self.offsets.append(offset)
        self.positions.append(position)

    def before_offset(self, offset: int) -> int:
        """Position of the last block that begins at or before `offset`."""
        at = bisect_right(self.offsets, offset) - 1
        return self.positions[at] if at >= 0 else 0

    def before_position(self, position: int) -> int:
        """Start of the last block at or before `position`."""
        at = bisect_right(self.positions, position) - 1
        return self.positions[at] if at >= 0 else 0

    def at_time(self, timestamp: int) -> int | None:
        """Position of the first block with a record at or after `timestamp`."""
        at = bisect_left(self.times, timestamp)
        return self.positions[at] if at < len(self.positions) else None
