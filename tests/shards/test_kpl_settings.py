"""The KPL's knobs: its defaults and what it refuses."""

from __future__ import annotations

import pytest

from streaming.shards.kpl_settings import DEFAULTS, KplSettings


def test_the_kpl_s_defaults() -> None:
    assert (
        KplSettings(
            record_max_buffered_time_ms=100,
            aggregation_max_size=51_200,
            aggregation_max_count=2**32 - 1,
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
        ("rate_limit_percent", 0, "takes 1 to"),
    ],
)
def test_what_the_kpl_refuses(name: str, value: int, says: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is {value}.*{says}"):
        KplSettings(**{name: value})
