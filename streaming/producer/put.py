"""What is put into a shard: usually one record, with aggregation several together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from generators.wire import Emitted

Headers: TypeAlias = list[tuple[str, bytes]]

Put: TypeAlias = tuple[bytes | None, bytes, Headers, Sequence[Emitted]]
"""Key, value and headers as the log gets them, and the records that are in it."""

_NONE: Headers = []


def puts_of(keyed: Iterable[tuple[bytes | None, Emitted]]) -> list[Put]:
    """Records as they are, with their keys; what was planted carries its label."""
    return [
        (
            key,
            record.value,
            [("label", record.label.encode())] if record.label else _NONE,
            (record,),
        )
        for key, record in keyed
    ]


def size_of(put: Put) -> int:
    """What a shard's limits count: key and data, in bytes."""
    return len(put[1]) + len(put[0] or b"")
