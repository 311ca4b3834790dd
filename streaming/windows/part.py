"""A record that travelled in an aggregate with others."""

from __future__ import annotations

from typing import Any, NamedTuple


class Part(NamedTuple):
    """A record of an aggregate: place and time of the log's record, `sub` is its number in it."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[()]
    sub: int


def sub_of(record: Any) -> int:
    """The number of a record within the log's record: 0 for one that is alone."""
    return record.sub if isinstance(record, Part) else 0
