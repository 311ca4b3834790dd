"""The file beside a finished segment, so that a start need not read the segment."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final

import crc32c
import msgspec

from streaming.broker.embedded.producers import ProducerRow

log = logging.getLogger(__name__)

SUFFIX: Final = ".summary"
_VERSION: Final = 1


class Summary(msgspec.Struct, array_like=True, kw_only=True):
    """The index of a segment of `size` bytes, and the producers known at its end."""

    version: int = _VERSION
    size: int
    next_offset: int
    offsets: list[int]
    positions: list[int]
    times: list[int]
    producers: list[ProducerRow]


def save(path: Path, summary: Summary) -> None:
    """Write the file in one step; when that fails, the next start reads more."""
    raw = msgspec.msgpack.encode(summary)
    try:
        partial = path.with_suffix(".partial")
        partial.write_bytes(crc32c.crc32c(raw).to_bytes(4, "big") + raw)
        partial.replace(path)
    except OSError as error:
        log.warning("%s was not written: %s", path, error)


def load(path: Path, size: int) -> Summary | None:
    """Read the file; None when it is missing, damaged, or not of a segment of that size."""
    try:
        raw = path.read_bytes()
        if crc32c.crc32c(raw[4:]) != int.from_bytes(raw[:4], "big"):
            return None
        summary = msgspec.msgpack.decode(raw[4:], type=Summary)
    except (OSError, msgspec.MsgspecError):
        return None
    return summary if summary.version == _VERSION and summary.size == size else None
