"""`dasprep-tui records`: records of a running lab, and the path of one."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from streaming.lab.commands import Command, Reply
from streaming.lab.link import LabError
from streaming.lab.record_commands import MOST_KEPT, MOST_RECORDS, ReadRecords, TraceRecord
from streaming.records.filters import BadFilter, parse_filter
from streaming.records.views import RecordPath, RecordRow, RecordsPage
from tui.commands.common import find_root
from tui.commands.running import REFUSED, ask, look
from tui.glyphs import UNICODE, glyphs_for
from tui.lines import text_of
from tui.numbers import UNKNOWN
from tui.options import fail
from tui.safe import safe
from tui.seek import BadSeek, parse_seek
from tui.views.record_path import path_lines
from tui.views.records import STOPPED, clock_ms, offset_text, summary

WIDTH: Final = 100
TEXT_LIMIT: Final = 2000


def main(options: argparse.Namespace) -> int:
    """Read, or follow one record; see `records_options` for the exit codes."""
    try:
        _check(options)
        root = find_root(options.data_dir)
        stream = options.stream or asyncio.run(look(root)).streams[0].name
        reply = asyncio.run(ask(root, _command(options, stream)))
    except (BadFilter, BadSeek, FileNotFoundError, LabError) as error:
        return fail(str(error))
    return _told(options, reply)


def _check(options: argparse.Namespace) -> None:
    parse_filter(options.filter)
    if options.last > MOST_RECORDS:
        raise BadSeek(f"--last goes from 1 to {MOST_RECORDS:,}")
    if options.place is not None:
        seek = parse_seek(options.place, _now_ms())
        if seek.at_ms is None and seek.shard is None and options.shard is None:
            raise BadSeek(f"offset {seek.offset:,} of which shard? Say --shard N too")


def _command(options: argparse.Namespace, stream: str) -> Command:
    if options.path is not None:
        return TraceRecord(stream, *options.path)
    if options.place is None:
        return ReadRecords(
            stream, options.shard, limit=options.last, filter=options.filter, keep=MOST_KEPT
        )
    seek = parse_seek(options.place, _now_ms())
    shard = options.shard if seek.shard is None else seek.shard
    start, at = ("offset", seek.offset) if seek.at_ms is None else ("time", seek.at_ms)
    return ReadRecords(
        stream, shard, start, at or 0,  # type: ignore[arg-type]
        limit=options.last, filter=options.filter, keep=MOST_KEPT,
    )  # fmt: skip


def _told(options: argparse.Namespace, reply: Reply) -> int:
    if not reply.ok:
        return fail(reply.text or "the lab ended before it could answer", REFUSED)
    if options.json:
        # In ASCII: what a terminal might act on, or not show, is an escape of JSON.
        print(json.dumps(json.loads(reply.data)).replace("\x7f", "\\u007f"))
        return 0 if options.path is not None or _page(reply).rows else REFUSED
    if options.path is not None:
        followed = msgspec.json.decode(reply.data, type=RecordPath)
        glyphs = UNICODE if _speaks_unicode() else glyphs_for(plain=True)
        print("\n".join(text_of(line).rstrip() for line in path_lines(followed, WIDTH, glyphs)))
        return 0
    page = _page(reply)
    for line in listed(page.rows):
        print(line)
    if page.stopped:
        print(f"dasprep-tui: {STOPPED[page.stopped]} ({page.read:,} read)", file=sys.stderr)
    return 0 if page.rows else fail(f"no record matched; {page.read:,} read", REFUSED)


def listed(rows: Sequence[RecordRow]) -> list[str]:
    """One line a record: shard, offset, event time, key, type and what the value is about."""
    wide = max((len(offset_text(row)) for row in rows), default=0)
    return [
        f"{row.shard:02} {offset_text(row):>{wide}} {clock_ms(row.event_ms):>12} "
        f"{UNKNOWN if row.key is None else safe(row.key, TEXT_LIMIT)} "
        f"{safe(row.type or UNKNOWN, TEXT_LIMIT)} {summary(row)}".rstrip()
        for row in rows
    ]


def _page(reply: Reply) -> RecordsPage:
    return msgspec.json.decode(reply.data, type=RecordsPage)


def _speaks_unicode() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")


def _now_ms() -> int:
    return int(time.time() * 1000)
