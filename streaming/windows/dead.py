"""Records that are no events: why not, and the row they become."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from streaming.lab.messages import DeadRow
from streaming.windows.records import MAX_VALUE_BYTES

DEAD_KEEP_BYTES: Final = 64 * 1024


class _TooLarge(Exception):
    pass


def check_size(value: bytes | None) -> None:
    """Raises for a value that is missing or too long; `why_dead` says it in words."""
    if value is None:
        raise _TooLarge("the record has no value")
    if len(value) > MAX_VALUE_BYTES:
        raise _TooLarge(f"{len(value)} bytes are over the limit of {MAX_VALUE_BYTES}")


def why_dead(error: Exception) -> tuple[str, str]:
    """A dead letter's reason (a short fixed word) and detail."""
    if isinstance(error, _TooLarge):
        return ("null_value" if "no value" in str(error) else "too_large"), str(error)
    if isinstance(error, msgspec.ValidationError):
        return "schema", str(error)
    if isinstance(error, msgspec.DecodeError | UnicodeDecodeError):
        return "not_json", str(error)
    return "undecodable", f"{type(error).__name__}: {error}"


def dead_row(
    stream: str, shard: int, record: Any, reason: str, detail: str, sub: int = 0
) -> DeadRow:
    """The record with its first bytes and why it does not count."""
    value, key = record.value, record.key
    return DeadRow(
        stream,
        shard,
        record.offset,
        reason,
        detail[:500],
        key[:DEAD_KEEP_BYTES] if key is not None else None,
        value[:DEAD_KEEP_BYTES] if value is not None else None,
        len(value) if value is not None else 0,
        sub,
    )
