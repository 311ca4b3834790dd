"""What both sides of the row `whatif` are asked."""

from __future__ import annotations

from typing import Final

from generators.shop import Shop, ShopConfig

KEYS: Final = (
    "customer_id", "session_id", "category", "country", "device", "event_type", "event_id",
    "constant", "{country}:{device}", "{customer_id}/{category}", "{country}-{category}",
    "{session_id}:{category}",
)  # fmt: skip
COUNTS: Final = (4, 8, 16, 32)
START_MS: Final = 1_700_000_000_000


def sample_lines(records: int) -> list[bytes]:
    """The clicks of a busy shop, always the same."""
    shop = Shop(ShopConfig(seed=7, rate=5000, streams=("clicks",)), START_MS)
    lines: list[bytes] = []
    while len(lines) < records:
        lines += [record.value for record in shop.tick()]
    return lines[:records]
