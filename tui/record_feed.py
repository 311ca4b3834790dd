"""What the screen of records has read, and what it has to ask for next.

It follows the newest records, holds still and counts what comes, or shows a page of older ones.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from streaming.lab.record_commands import ReadRecords
from streaming.records.views import RecordRow, RecordsPage
from streaming.shards.log_place import place_of
from tui.seek import Seek

Mode: TypeAlias = Literal["live", "paused", "paging"]

PAGE: Final = 200
LIVE: Final = 300
"""Records asked for at once: of a page, and of what came since the last time."""

KEPT: Final = 600
"""Rows that the tail has; the oldest go."""

SHARD_BITS: Final = 12


def row_id(row: RecordRow) -> int:
    """One number for a record of a stream."""
    return (place_of(row.offset, row.sub) << SHARD_BITS) + row.shard


class Feed:
    """Rows of one stream under one filter, oldest first, and the places around them."""

    def __init__(self) -> None:
        self.stream, self.filter = "", ""
        self.turn = 0
        """Grows with each other stream, filter or page: answers to earlier questions are void."""
        self.restart("", "")

    def restart(self, stream: str, filter: str) -> None:
        """Follow the newest records of a stream."""
        self.stream, self.filter = stream, filter
        self.turn += 1
        self.mode: Mode = "live"
        self.rows: list[RecordRow] = []
        self.before: dict[int, int] = {}
        self.after: dict[int, int] = {}
        self.waiting = 0
        self.began = False
        self.came = self.read = self.matched = self.shown = 0
        self.page: RecordsPage | None = None

    def pause(self) -> None:
        """Hold still; what comes is counted."""
        if self.mode == "live" and self.began:
            self.mode, self.waiting = "paused", 0

    def resume(self) -> None:
        """Follow the newest records again."""
        if self.mode == "paging":
            self.restart(self.stream, self.filter)
        elif self.mode == "paused":
            self.mode, self.waiting = "live", 0

    def poll(self) -> ReadRecords | None:
        """What to ask for when nobody wants anything else."""
        if not self.stream or self.mode == "paging":
            return None
        if not self.began:
            return ReadRecords(self.stream, limit=PAGE, filter=self.filter)
        limit = 0 if self.mode == "paused" else LIVE
        return ReadRecords(self.stream, cursor=self.after, limit=limit, filter=self.filter)

    def older(self) -> ReadRecords:
        """The page before what is shown."""
        cursor = dict(self.before if self.mode == "paging" else self.after)
        if self.mode != "paging":
            for row in reversed(self.rows):
                cursor[row.shard] = place_of(row.offset, row.sub)
        at = self.rows[0].timestamp_ms if self.rows else 0
        return ReadRecords(
            self.stream, start="before", cursor=cursor, at=at, limit=PAGE, filter=self.filter
        )

    def newer(self) -> ReadRecords:
        """The page after what is shown."""
        return ReadRecords(
            self.stream, start="after", cursor=self.after, limit=PAGE, filter=self.filter
        )

    def seek(self, seek: Seek, shard: int | None) -> ReadRecords:
        """The page from an offset (of `shard`, unless the seek names one) or a time on."""
        if seek.at_ms is not None:
            return ReadRecords(
                self.stream, start="time", at=seek.at_ms, limit=PAGE, filter=self.filter
            )
        return ReadRecords(
            self.stream,
            shard if seek.shard is None else seek.shard,
            "offset",
            seek.offset or 0,
            limit=PAGE,
            filter=self.filter,
        )

    def take(self, asked: ReadRecords, page: RecordsPage) -> bool:
        """Take an answer in; whether rows changed."""
        if asked.start != "newest":
            if not page.rows and self.rows and page.stopped == "":
                return False
            self.mode, self.rows, self.page = "paging", list(page.rows), page
            self.before, self.after = page.before, page.after
            return True
        if not self.began:
            self.began, self.rows, self.page = True, list(page.rows), page
            self.before, self.after = page.before, page.after
            return True
        if asked.limit == 0:
            if self.mode == "paused":
                self.waiting = page.asked
            return False
        if self.mode != "live":
            return False  # it was asked for before the pause, and is counted from now on
        self.came += page.asked
        self.read += page.read
        self.matched += page.matched
        self.shown += len(page.rows)
        self.after = page.after
        self.rows = [*self.rows, *page.rows][-KEPT:]
        return bool(page.rows)
