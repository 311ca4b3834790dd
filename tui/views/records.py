"""Records of a stream as a table, and what is known of where the table stands in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from streaming.records.views import RecordRow
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, crop, merged, width_of
from tui.record_feed import Feed
from tui.safe import fit, safe

NO_RECORDS = "No records yet."
NONE_MATCH = "No record matches in what was read."
READING = "Reading the log..."
SHARD, TIME, TYPE = 5, 12, 12
LEAST_OFFSET = 9
TEXT_LIMIT = 600
NAME_LIMIT = 40
FILTER_LIMIT = 60
SAID_ELSEWHERE = frozenset({"v", "ts", "seq", "type", "id"})
"""Fields of an event that have a column or say little."""

STOPPED = {
    "records": "stopped: enough was read for one page",
    "bytes": "stopped: 32 MiB were read",
    "time": "stopped: it took too long",
}


def heading(rows: Sequence[RecordRow], width: int) -> Line:
    """Return the names of the columns."""
    offset, key, kind = _columns(rows, width)
    cells = [fit("   SH", SHARD), fit("OFFSET", offset, right=True), fit("EVENT TIME", TIME)]
    cells += [fit("KEY", key)] if key else []
    cells += [fit("TYPE", kind)] if kind else []
    return ((fit(" ".join([*cells, "VALUE"]), width), "label"),)


def record_lines(rows: Sequence[RecordRow], width: int, glyphs: Glyphs) -> list[Line]:
    """Return one line a record."""
    columns = _columns(rows, width)
    return [_line(row, columns, width, glyphs) for row in rows]


def _columns(rows: Sequence[RecordRow], width: int) -> tuple[int, int, int]:
    """Cells of offset, key and type; 0 where there is no room for one."""
    offset = max(LEAST_OFFSET, *(len(offset_text(row)) for row in rows), 0) if rows else 9
    key = 0 if width < 56 else 12 if width < 100 else 18
    return offset, key, TYPE if width >= 70 else 0


def _line(row: RecordRow, columns: tuple[int, int, int], width: int, glyphs: Glyphs) -> Line:
    offset, key, kind = columns
    segments: list[Segment] = [
        (fit(f"   {row.shard:02}", SHARD) + " ", "text"),
        (fit(offset_text(row), offset, right=True) + " ", "text"),
        (fit(clock_ms(row.event_ms), TIME) + " ", "dim"),
    ]
    if key:
        shown = numbers.UNKNOWN if row.key is None else safe(row.key, TEXT_LIMIT)
        segments.append((fit(shown, key) + " ", "strong"))
    if kind:
        segments.append((fit(safe(row.type or numbers.UNKNOWN, TEXT_LIMIT), kind) + " ", "label"))
    if row.dropped:
        segments.append((f"{glyphs.warn} dropped by readers: ", "warn"))
    room = width - width_of(segments)
    segments.append((fit(summary(row), room).rstrip() if room > 0 else "", "text"))
    return crop(merged(segments), max(width, 1))


def offset_text(row: RecordRow) -> str:
    """Return the offset, with the record's number where it travels in an aggregate."""
    return f"{row.offset:,}.{row.sub}" if row.of else f"{row.offset:,}"


def clock_ms(at_ms: int | None) -> str:
    """Return the local time of day with milliseconds."""
    text = numbers.clock(at_ms)
    return text if at_ms is None or text == numbers.UNKNOWN else f"{text}.{at_ms % 1000:03}"


@lru_cache(maxsize=2048)
def summary(row: RecordRow) -> str:
    """Return what a value is about in one harmless line: its telling fields, or its text."""
    if row.value is None:
        return "no value"
    fields = _fields(row)
    if fields is not None:
        pairs = (f"{name}={_short(value)}" for name, value in fields.items())
        return safe(" ".join(pairs), TEXT_LIMIT)
    about = f"{numbers.count(row.size)} bytes: " if row.cut or not row.utf8 else ""
    return safe(about + row.value[:TEXT_LIMIT], TEXT_LIMIT)


def _fields(row: RecordRow) -> dict[str, object] | None:
    """The fields worth showing of a JSON object; None for any other value."""
    if row.cut or not row.utf8:
        return None
    try:
        event = msgspec.json.decode(row.value or "")
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    if not isinstance(event, Mapping) or not event:
        return None
    return {
        name: value
        for name, value in event.items()
        if name not in SAID_ELSEWHERE and value not in ("", None)
    }


def _short(value: object) -> str:
    if isinstance(value, str):
        return value[:TEXT_LIMIT]
    if isinstance(value, list):
        return f"[{len(value)}]"
    if isinstance(value, Mapping):
        return "{" + str(len(value)) + "}"
    return msgspec.json.encode(value).decode()[:TEXT_LIMIT]


def status(feed: Feed, width: int, glyphs: Glyphs) -> Line:
    """Return whether the table follows the log, and how much of it is shown."""
    if feed.mode == "paused":
        segments: list[Segment] = [
            (f"{glyphs.waiting} PAUSED ", "warn"),
            (f"+{numbers.count(feed.waiting)} while paused", "strong"),
        ]
    elif feed.mode == "paging":
        segments = [(f"{glyphs.note} PAGE ", "busy"), (page_words(feed), "text")]
    else:
        segments = [(f"{glyphs.moving} LIVE ", "good"), (live_words(feed), "text")]
    segments.append((f"  {safe(feed.stream, NAME_LIMIT)}", "strong"))
    if feed.filter:
        segments.append((f"  filter {safe(feed.filter, FILTER_LIMIT)}", "mark"))
    line = merged(segments)
    return line if width_of(line) <= width else (*crop(line, width - 1), (glyphs.more, "dim"))


def live_words(feed: Feed) -> str:
    """Return how much of what came is shown; a sample says that it is one."""
    if not feed.began:
        return "reading"
    if not feed.came:
        return f"the newest {len(feed.rows):,}, none since"
    came, read = numbers.count(feed.came), numbers.count(feed.read)
    if feed.filter:
        words = f"{feed.matched:,} match of {read} read"
        words += f", {came} came: a sample" if feed.read < feed.came else ""
        return words + (f", {feed.shown:,} shown" if feed.shown < feed.matched else "")
    if feed.read == feed.came and feed.shown == feed.matched:
        return f"all {numbers.count(feed.shown)} new shown"
    shown = numbers.count(feed.shown)
    if feed.read == feed.came:
        return f"{shown} of {numbers.count(feed.matched)} new shown: a sample"
    if feed.matched == feed.read:
        return f"{shown} of {came} new shown: a sample"
    return f"{shown} shown, from {read} of {came} new in the log: a sample"


def page_words(feed: Feed) -> str:
    """Return what a page has, and how much was read for it."""
    page, rows = feed.page, feed.rows
    if page is None:
        return ""
    words = [f"{len(rows):,} records"]
    if rows:
        words[0] += f", put {numbers.clock(rows[0].timestamp_ms)}"
        words[0] += f" to {numbers.clock(rows[-1].timestamp_ms)}"
    if feed.filter:
        words.append(f"{numbers.count(page.read)} read")
    if page.at_end:
        words.append("the end of the log")
    if page.stopped:
        words.append(STOPPED.get(page.stopped, page.stopped))
    return ", ".join(words)
