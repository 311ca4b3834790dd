"""Reads records of a log on and back, within bounds of count, bytes and time.

All shards are read over the same slices of the log's time, so that a page has each shard's true
part. A slice is four times as long as the one before it: what is rare is found far back, too, and
what is frequent costs little. Where a reply stops is told by places, one of each shard.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from streaming.lab.record_commands import ReadRecords
from streaming.records.filters import Filter
from streaming.records.scan import Found, Scan, TimedLog
from streaming.records.views import RecordRow, RecordsPage
from streaming.shards.log_place import offset_of, place_of
from streaming.verify.log import Range, Shard

FIRST_S: Final = 0.5
MOST_SINCE: Final = 4_000
"""Records of the log that are looked through for a filter at each look at what came since."""

MOST_S: Final = 3.0
MOST_REPLY: Final = 8 << 20
SHORT: Final = 256
"""Bytes kept of each value once a reply has grown to `MOST_REPLY`."""

_FAR_S: Final = 4e9
"""Past the Unix epoch, however the log is dated."""


async def read_page(log: TimedLog, asked: ReadRecords, wanted: Filter, now_ms: int) -> RecordsPage:
    """The page that was asked for. Raises VerifyError when the log cannot be read."""
    bounds = await log.bounds(asked.stream)
    named = wanted.shards
    kept = {
        shard: bound
        for shard, bound in bounds.items()
        if asked.shard in (None, shard) and (named is None or shard in named)
    }
    scan = Scan(log, asked, wanted, kept, now_ms, time.monotonic() + MOST_S)
    match asked.start:
        case "newest" if asked.cursor:
            return await _since(scan)
        case "newest":
            return await _back(scan, {s: place_of(end) for s, (_, end) in kept.items()})
        case "before":
            return await _back(scan, _places(scan, asked.cursor, default_end=True))
        case "after":
            return await _on(scan, _places(scan, asked.cursor, default_end=False))
        case "offset":
            return await _on(
                scan, {s: place_of(max(b, min(asked.at, e))) for s, (b, e) in kept.items()}
            )
        case "time":
            starts = await log.starts(asked.stream, kept, asked.at) if kept else {}
            return await _on(scan, {s: place_of(max(kept[s][0], at)) for s, at in starts.items()})


def _places(scan: Scan, cursor: Mapping[int, int], *, default_end: bool) -> dict[int, int]:
    """The cursor within the log as it is now; shards it lacks begin at their begin or end."""
    found = {}
    for shard, (begin, end) in scan.bounds.items():
        place = cursor.get(shard, place_of(end if default_end else begin))
        found[shard] = max(place_of(begin), min(place, place_of(end)))
    return found


async def _since(scan: Scan) -> RecordsPage:
    """What came since; of more than can be read (or shown, unfiltered) only the newest part."""
    low = _places(scan, scan.asked.cursor, default_end=False)
    ends = {shard: end for shard, (_, end) in scan.bounds.items()}
    ranges = {shard: (offset_of(low[shard]), end) for shard, end in ends.items()}
    asked, limit = _total(ranges), scan.asked.limit
    most = MOST_SINCE if scan.filter else limit
    if limit:
        await scan.take(_newest_part(ranges, most), low, {})
    rows = _cut(sorted(scan.found)[-limit:] if limit else [])
    after = {shard: place_of(end) for shard, end in ends.items()}
    skipped = asked - scan.read if limit else 0
    return RecordsPage(
        tuple(row for _, _, row in rows), low, after, asked, scan.read, scan.matched, skipped,
        "", True,
    )  # fmt: skip


async def _back(scan: Scan, high: dict[int, int]) -> RecordsPage:
    """The newest matching records below these places."""
    limit, reached, back_s = max(1, scan.asked.limit), dict(high), FIRST_S
    from_ms, begins = scan.asked.at or scan.now_ms, _edges(scan, 0)
    while back_s < _FAR_S and reached != begins and scan.matched < limit and not scan.stopped:
        starts = await _starts(scan, from_ms - back_s * 1000)
        while scan.matched < limit:
            ranges = {}
            for shard, (begin, _) in scan.bounds.items():
                end = _upto(reached[shard])
                ranges[shard] = (max(begin, min(starts.get(shard, begin), end)), end)
            if not _total(ranges) or not (chunk := scan.chunk):
                break
            ranges = _newest_part(ranges, chunk)
            await scan.take(ranges, {}, reached)
            reached |= {s: place_of(b) for s, (b, e) in ranges.items() if b < e}
        back_s *= 4
    ordered = sorted(scan.found)
    rows, left = ordered[-limit:], ordered[:-limit]
    before = dict(reached)
    for _, place, row in left:
        last = row.sub + 1 >= row.of
        behind = place_of(row.offset + 1) if last else place + 1
        before[row.shard] = max(before[row.shard], behind)
    return _page(scan, rows, before, high, at_end=False)


async def _on(scan: Scan, low: dict[int, int]) -> RecordsPage:
    """The oldest matching records from these places on."""
    limit, reached, on_s = max(1, scan.asked.limit), dict(low), FIRST_S
    from_ms, ends = await _first_ms(scan, low) or 0, _edges(scan, 1)
    while on_s < _FAR_S and reached != ends and scan.matched < limit and not scan.stopped:
        starts = await _starts(scan, from_ms + on_s * 1000)
        while scan.matched < limit:
            ranges = {}
            for shard, (_, end) in scan.bounds.items():
                first = offset_of(reached[shard])
                ranges[shard] = (first, max(first, min(starts.get(shard, end), end)))
            if not _total(ranges) or not (chunk := scan.chunk):
                break
            ranges = _oldest_part(ranges, chunk)
            await scan.take(ranges, low, {})
            reached |= {s: place_of(e) for s, (b, e) in ranges.items() if b < e}
        on_s *= 4
    ordered = sorted(scan.found)
    rows, left = ordered[:limit], ordered[limit:]
    after = dict(reached)
    for _, place, row in left:
        after[row.shard] = min(after[row.shard], place)
    return _page(scan, rows, low, after, at_end=after == ends)


def _edges(scan: Scan, side: int) -> dict[int, int]:
    """The places where the log begins (0) or ends (1)."""
    return {shard: place_of(bound[side]) for shard, bound in scan.bounds.items()}


def _upto(place: int) -> int:
    """The offset below which everything before a place is."""
    offset = offset_of(place)
    return offset + 1 if place > place_of(offset) else offset


async def _first_ms(scan: Scan, low: Mapping[int, int]) -> int | None:
    """The time of the oldest record at these places, None when there is nothing from them on."""
    stream = scan.asked.stream
    firsts: dict[Shard, Range] = {
        (stream, shard): (offset_of(low[shard]), offset_of(low[shard]) + 1)
        for shard, (_, end) in scan.bounds.items()
        if offset_of(low[shard]) < end
    }
    times = []
    if firsts:
        async for batch in scan.log.read(firsts):
            times += [record.timestamp_ms for record in batch]
    return min(times, default=None)


async def _starts(scan: Scan, at_ms: float) -> dict[int, int]:
    if not scan.bounds:
        return {}
    return await scan.log.starts(scan.asked.stream, scan.bounds, max(0, int(at_ms)))


def _total(ranges: Mapping[int, Range]) -> int:
    return sum(end - begin for begin, end in ranges.values())


def _oldest_part(ranges: Mapping[int, Range], most: int) -> dict[int, Range]:
    """The oldest `most` offsets, each shard's in proportion."""
    mirrored = {shard: (-end, -begin) for shard, (begin, end) in ranges.items()}
    return {shard: (-e, -b) for shard, (b, e) in _newest_part(mirrored, most).items()}


def _newest_part(ranges: Mapping[int, Range], most: int) -> dict[int, Range]:
    """The newest `most` offsets, each shard's in proportion, whole ones by largest remainder."""
    total = _total(ranges)
    if total <= most:
        return dict(ranges)
    parts = {shard: divmod((end - begin) * most, total) for shard, (begin, end) in ranges.items()}
    left = most - sum(whole for whole, _ in parts.values())
    more = set(sorted(parts, key=lambda shard: -parts[shard][1])[:left])
    return {
        shard: (end - parts[shard][0] - (shard in more), end) for shard, (_, end) in ranges.items()
    }


def _distance(low: Mapping[int, int], high: Mapping[int, int]) -> int:
    """Offsets between places."""
    return sum(max(0, offset_of(high[shard]) - offset_of(place)) for shard, place in low.items())


def _page(
    scan: Scan, rows: Sequence[Found], before: dict[int, int], after: dict[int, int],
    *, at_end: bool,
) -> RecordsPage:  # fmt: skip
    asked = _distance(before, after)
    return RecordsPage(
        tuple(row for _, _, row in _cut(rows)), before, after, asked, scan.read, scan.matched, 0,
        scan.stopped, at_end,
    )  # fmt: skip


def _cut(rows: Iterable[Found]) -> list[Found]:
    """The rows with values made short once the reply is as long as it may be."""
    kept, size = [], 0
    for order, place, row in rows:
        size += len(row.value or "") + len(row.key or "")
        if size > MOST_REPLY and (row.value is not None or row.key is not None):
            row = _shortened(row)
        kept.append((order, place, row))
    return kept


def _shortened(row: RecordRow) -> RecordRow:
    value = None if row.value is None else row.value[:SHORT]
    key = None if row.key is None else row.key[:SHORT]
    return msgspec.structs.replace(
        row, value=value, key=key, cut=row.cut or len(row.value or "") > SHORT
    )
