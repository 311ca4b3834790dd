"""What a shard of Kinesis takes: numbers from one dated file, and what follows from them."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal, TypeAlias

Numbers: TypeAlias = Literal["course", "today"]

FILE: Final = "limits.toml"

MOST_SHARDS: Final = 10_000
"""What a stream may have at most (Kinesis API, UpdateShardCount)."""


@dataclass(frozen=True, slots=True)
class ShardLimits:
    """Limits of one shard, of one PutRecords (`..._per_call`), and of how many a stream may have.

    Sizes are bytes, rates a second.
    """

    records_in_per_s: int
    bytes_in_per_s: int
    bytes_out_per_s: int
    reads_per_s: int
    record_bytes: int
    key_characters: int
    shards_per_stream: int
    records_per_call: int
    bytes_per_call: int


@cache
def shard_limits(numbers: Numbers = "today") -> ShardLimits:
    """The limits as courses teach them, or as they are today."""
    text = resources.files("streaming.shards").joinpath(FILE).read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return ShardLimits(**{name: row[numbers] for name, row in table.items() if name != "as_of"})


def load(records_per_s: float, mean_bytes: float, limits: ShardLimits) -> float:
    """A shard's part of what it takes, the tighter of records and bytes; 1.0 is full."""
    by_bytes = records_per_s * mean_bytes / limits.bytes_in_per_s
    return max(records_per_s / limits.records_in_per_s, by_bytes)
