"""What is put into a shard: usually one record, with aggregation several together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from generators.wire import Emitted
from streaming.shards.route import Route, explicit_headers

Headers: TypeAlias = list[tuple[str, bytes]]

Put: TypeAlias = tuple[bytes | None, bytes, Headers, Sequence[Emitted]]
"""Key, value and headers as the log gets them, and the records that are in it."""

_NONE: Headers = []


def puts_of(routed: Iterable[tuple[Route, Emitted]]) -> list[Put]:
    """Records as they are, with their keys; what was planted carries its label."""
    return [
        (
            route.key,
            record.value,
            _headers(route, record) if record.label or route.explicit is not None else _NONE,
            (record,),
        )
        for route, record in routed
    ]


def _headers(route: Route, record: Emitted) -> Headers:
    headers = explicit_headers(route.explicit)
    return [("label", record.label.encode()), *headers] if record.label else headers


def size_of(put: Put) -> int:
    """What a shard's limits count: key and data, in bytes."""
    return len(put[1]) + len(put[0] or b"")
