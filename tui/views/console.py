"""The console's own lines: what is under way, what came of it, and how old the copy is."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from streaming.store.ready import READY, ReadyQuery
from tui import numbers
from tui.console.asking import PAGE_ROWS
from tui.console.completion import Offer
from tui.console.copies import Copy
from tui.console.desk import Desk, Page
from tui.glyphs import Glyphs
from tui.lines import Line, crop, merged, width_of
from tui.safe import fit, safe

ERROR_LIMIT = 1000
ERROR_LINES = 7
TEXT_LIMIT = 400
OFFER_ROWS = 8
OFFER_WIDTH = 44
KIND_WIDTH = 18
HINT = "F5 runs, tab completes, F2: ready queries. Nothing here changes the store."
NO_ROWS = "no rows"
NO_COPY = "no copy of the store yet"
WORKING = {
    "copying": "copying the store",
    "running": "running",
    "exporting": "writing",
}


def status_lines(desk: Desk, asked: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Return what is under way or what came of it; `asked` is a question that goes before."""
    if desk.work:
        rows = f", {desk.exported:,} rows so far" if desk.work == "exporting" else ""
        text = f"{WORKING[desk.work]} {desk.elapsed_s:.1f} s{rows} (esc cancels)"
        return [_line(glyphs.moving, text, "busy", width)]
    if desk.error:
        return error_lines(desk.error, width, glyphs)
    if asked:
        return [_line(glyphs.warn, part, "warn", width) for part in _broken(asked, width - 2)]
    if desk.said:
        return [_line(glyphs.good, desk.said, "good", width)]
    if desk.page is not None:
        return [_line(glyphs.good, page_words(desk.page, glyphs), "good", width)]
    return [((fit(HINT, width), "dim"),)]


def _line(shape: str, text: str, style: str, width: int) -> Line:
    return merged([(shape + " ", style), (fit(safe(text, TEXT_LIMIT), max(1, width - 2)), style)])


def _broken(text: str, width: int) -> list[str]:
    return textwrap.wrap(safe(text, TEXT_LIMIT), max(width, 10))[:2] or [""]


def error_lines(error: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Return DuckDB's words cleaned, their line breaks kept: a caret may stand below its place."""
    parts = [safe(part, ERROR_LIMIT).rstrip() for part in error[:ERROR_LIMIT].splitlines()]
    room = max(width - 2, 10)
    lines = [
        line
        for part in parts
        if part
        for line in ([part] if len(part) <= room else textwrap.wrap(part, room) or [part])
    ]
    return [
        merged([(f"{glyphs.alarm} " if y == 0 else "  ", "bad"), (fit(line, room), "bad")])
        for y, line in enumerate(lines[:ERROR_LINES] or [""])
    ]


def page_words(page: Page, glyphs: Glyphs) -> str:
    """Return which rows these are, of how many, and what they took."""
    if not page.result.rows:
        return f"{NO_ROWS}, {page.result.seconds:.2f} s"
    total = f"{page.total:,}" if page.total is not None else "?"
    if page.counting:
        total = "? (counting)"
    words = [f"rows {page.offset + 1:,}-{page.end:,} of {total}"]
    if page.total is None or page.total > PAGE_ROWS:
        pages = "?" if page.total is None else f"{-(-page.total // PAGE_ROWS):,}"
        words.append(f"page {page.offset // PAGE_ROWS + 1:,} of {pages}")
    if page.result.truncated and len(page.result.rows) < PAGE_ROWS:
        words.append("cut at 1 MiB, n goes on")
    words.append(f"{page.result.seconds:.2f} s")
    return f" {glyphs.dot} ".join(words)


def copy_line(copy: Copy | None, age_s: float | None, width: int, glyphs: Glyphs) -> Line:
    """Return as of when the data are, how old that is, and what the copy took."""
    if copy is None:
        return ((fit(NO_COPY, width), "dim"),)
    size = "" if copy.size_bytes is None else f", {numbers.shortened(copy.size_bytes)}B"
    parts = [
        (f"as of {numbers.clock(copy.as_of_ms)}", "strong"),
        (f", {numbers.duration(age_s)} old", "text"),
        (f" {glyphs.dot} the copy took {copy.seconds:.2f} s{size}", "dim"),
    ]
    line = merged(parts)
    return line if width_of(line) <= width else (*crop(line, width - 1), (glyphs.more, "dim"))


def offer_lines(offer: Offer, chosen: int, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the suggestions around the chosen one, each with what it is."""
    count = len(offer.items)
    first = min(max(0, chosen - OFFER_ROWS + 1), max(0, count - OFFER_ROWS))
    lines = []
    room = max(4, width - 2 - KIND_WIDTH - 1)
    for place in range(first, min(first + OFFER_ROWS, count)):
        item, here = offer.items[place], place == chosen
        lines.append(
            merged(
                [
                    (f"{glyphs.cursor} " if here else "  ", "strong"),
                    (fit(safe(item.text, TEXT_LIMIT), room) + " ", "chosen" if here else "text"),
                    (fit(safe(item.kind, TEXT_LIMIT), KIND_WIDTH), "dim"),
                ]
            )
        )
    return lines


def ready_lines(width: int) -> list[Line]:
    """Return the ready queries, one a line."""
    return [((fit("  " + query.name, width), "text"),) for query in READY]


def ready_heading(width: int) -> Line:
    """Return what the list is."""
    return ((fit("  ready queries", width), "label"),)


def ready_detail(query: ReadyQuery, width: int) -> list[Line]:
    """Return what a ready query answers, and its text."""
    lines: list[Line] = [((part, "text"),) for part in textwrap.wrap(query.text, max(width, 10))]
    lines.append(())
    sql: Sequence[str] = query.sql.splitlines()
    return [*lines, *(((fit(part, width), "dim"),) for part in sql)]
