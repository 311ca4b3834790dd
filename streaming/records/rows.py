"""Records of the log as rows of a reply: text, cut to what was asked for, the true sizes told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from streaming.records.views import RecordRow
from streaming.verify.log import LogRecord

MOST_HEADERS: Final = 20
HEADER_KEPT: Final = 200
TYPE_KEPT: Final = 200
_FARTHEST_MS: Final = 2**53


def row_of(
    record: LogRecord, sub: int, of: int, event: object, keep: int, dropped: bool
) -> RecordRow:
    """The row of a record; `event` is what its value decodes to."""
    value, key = record.value, record.key
    fields = event if isinstance(event, Mapping) else {}
    at, kind = fields.get("ts"), fields.get("type")
    timed = isinstance(at, int) and not isinstance(at, bool) and abs(at) < _FARTHEST_MS
    text, utf8 = (None, True) if value is None else text_of(value, keep)
    return RecordRow(
        shard=record.shard,
        offset=record.offset,
        sub=sub,
        timestamp_ms=record.timestamp_ms,
        event_ms=at if timed else None,
        type=kind[:TYPE_KEPT] if isinstance(kind, str) else None,
        key=None if key is None else text_of(key, keep)[0],
        key_size=len(key or b""),
        value=text,
        size=len(value or b""),
        cut=len(value or b"") > keep,
        utf8=utf8,
        headers=tuple(
            (_named(name), text_of(data or b"", HEADER_KEPT)[0])
            for name, data in list(record.headers)[:MOST_HEADERS]
        ),
        of=of,
        dropped=dropped,
    )


def _named(name: str) -> str:
    """A header's name as text that can travel."""
    return name[:HEADER_KEPT].encode("utf-8", "replace").decode()


def text_of(data: bytes, keep: int) -> tuple[str, bool]:
    """The first `keep` bytes as text, and whether they are UTF-8; what is not becomes escapes."""
    part = data[:keep]
    try:
        return part.decode(), True
    except UnicodeDecodeError as error:
        # A character that the cut itself has split is no fault of the data.
        if (
            len(data) > keep
            and error.start >= len(part) - 3
            and error.reason == "unexpected end of data"
        ):
            return part[: error.start].decode(), True
        return part.decode("utf-8", "backslashreplace"), False
