"""The lab's shop: ticks of clicks and orders, each with its JSON bytes."""

from __future__ import annotations

from typing import Any

from benchmarks.side import Clock
from generators.shop import Shop, ShopConfig
from streaming.windows.records import DECODERS


def run(config: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Make records tick by tick and let go of them, as after sending.

    Afterwards a shop of the same seed makes them again, and those that keep the contract count.
    """
    shop = Shop(ShopConfig(rate=config["rate"]), config["start_ms"])
    records = ticks = 0
    clock.start()
    while records < config["records"]:
        records += len(shop.tick())
        ticks += 1
    clock.stop()
    again = Shop(ShopConfig(rate=config["rate"]), config["start_ms"])
    valid = sum(
        DECODERS[record.stream].decode(record.value) is not None
        for _ in range(ticks)
        for record in again.tick()
    )
    return {"records": records, "valid": valid}
