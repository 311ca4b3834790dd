"""Whether a record is in the shard that its hash key belongs to (kinesis view).

Stated a second time, from the plans in the store as JSON: a shard's range holds from the offset on
where the epoch began, and a record's hash key is its ExplicitHashKey or the MD5 of its key.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from hashlib import md5
from operator import itemgetter
from typing import NamedTuple, TypeAlias

import duckdb

from streaming.verify.log import LogRecord, Shard

_EXPLICIT = "ExplicitHashKey"


class Span(NamedTuple):
    """From this offset of a shard on its hash keys go from `low` to `high`, both included.

    None where it is a partition of Kafka, or no shard at all.
    """

    first: int
    low: int | None
    high: int


Spans: TypeAlias = dict[Shard, list[Span]]
"""Of each shard, in the order of its offsets."""


def read_spans(con: duckdb.DuckDBPyConnection) -> Spans:
    """Fetch them, inside the caller's transaction."""
    starts = {
        (stream, epoch, shard): first
        for stream, epoch, shard, first in con.execute("FROM epoch_starts").fetchall()
    }
    spans: Spans = {}
    for stream, epoch, text in con.execute(
        "SELECT stream, epoch, plan FROM epochs ORDER BY epoch"
    ).fetchall():
        plan = json.loads(text)
        shards = (plan.get("shard_map") or {}).get("shards")
        for number in range(plan["shards"]):
            first = starts.get((stream, epoch, number), 0)
            span = Span(first, None, 0)
            if shards is not None:
                span = Span(first, int(shards[number]["low"], 16), int(shards[number]["high"], 16))
            spans.setdefault((stream, number), []).append(span)
    return spans


def misplaced(record: LogRecord, spans: Sequence[Span]) -> tuple[str, str] | None:
    """The hash key of a record and the range it is not in, in words; None when all is well.

    Nothing can be said of a record without a key: no lab of the kinesis view makes one.
    """
    at = bisect_right(spans, record.offset, key=itemgetter(0)) - 1
    if at < 0 or spans[at].low is None or record.key is None:
        return None
    _, low, high = spans[at]
    hash_key = _hash_key(record.key, record.headers)
    if low is not None and low <= hash_key <= high:
        return None
    return f"hash key {hash_key}", f"a shard of {low} to {high}"


def _hash_key(key: bytes, headers: Sequence[tuple[str, bytes]]) -> int:
    explicit = dict(headers).get(_EXPLICIT)
    if explicit is not None and len(explicit) < 40 and explicit.isdigit():
        number = int(explicit)
        if number < 1 << 128:
            return number
    return int(md5(key, usedforsecurity=False).hexdigest(), 16)
