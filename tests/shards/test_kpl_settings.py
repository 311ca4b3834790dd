"""The KPL's knobs: its defaults and what it refuses."""

from __future__ import annotations

import pytest

from streaming.shards.kpl_settings import DEFAULTS, KplSettings
from streaming.shards.limits import shard_limits


def test_the_kpl_s_defaults() -> None:
    assert (
        KplSettings(
            record_max_buffered_time_ms=100,
            aggregation_max_size=51_200,
            aggregation_max_count=2**32 - 1,
            collection_max_count=500,
            collection_max_size=5_242_880,
            rate_limit_percent=150,
        )
        == DEFAULTS
    )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("record_max_buffered_time_ms", -1, "takes 0 to"),
        ("aggregation_max_size", 63, "64 to 10485760"),
        ("aggregation_max_count", 0, "takes 1 to"),
        ("collection_max_count", 501, "takes 1 to 500"),
        ("collection_max_size", 52_223, "takes 52224 to"),
        ("rate_limit_percent", 0, "takes 1 to"),
    ],
)
def test_what_the_kpl_refuses(name: str, value: int, says: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}.*{says}"):
        KplSettings(**{name: value})


@pytest.mark.parametrize(("numbers", "size"), [("course", 5 * 2**20), ("today", 10 * 2**20)])
def test_a_kpl_s_call_is_one_that_the_service_takes(numbers: str, size: int) -> None:
    limits = shard_limits(numbers)
    assert limits.records_per_call == DEFAULTS.collection_max_count == 500
    assert limits.bytes_per_call == size >= DEFAULTS.collection_max_size
