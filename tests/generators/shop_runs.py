"""Runs of a shop for tests: so many seconds of event time, with changes at given moments."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from generators.incidents import KINDS
from generators.shop import Shop, ShopConfig
from generators.wire import ACCESS, CLICKS, ORDERS, Emitted

START_MS = 1_790_000_000_000
ALL = (CLICKS, ORDERS, ACCESS)
STREAM_SETS = ((CLICKS, ORDERS), ALL, (CLICKS,), (ORDERS,), (ACCESS,), (ORDERS, ACCESS))


def new_shop(**config: Any) -> Shop:
    """A shop with a small pool, so that tests are quick."""
    return Shop(ShopConfig(**{"customers": 400, "products": 120, **config}), START_MS)


def ticks(shop: Shop, seconds: float) -> list[list[Emitted]]:
    """The records of each tick of the next `seconds` of event time."""
    return [shop.tick() for _ in range(round(seconds * 1000 / shop.tick_ms))]


def records(shop: Shop, seconds: float) -> list[Emitted]:
    """All records of the next `seconds` of event time."""
    return [record for tick in ticks(shop, seconds) for record in tick]


def share(records_: Iterable[Emitted], picked: Callable[[Emitted], bool]) -> float:
    """The share of records that are picked."""
    flags = [picked(record) for record in records_]
    return sum(flags) / len(flags)


def digest(
    config: Mapping[str, object], count: int, calls: Mapping[int, Callable[[Shop], None]]
) -> str:
    """Hash of everything about the first `count` records; `calls` are made before those ticks."""
    shop = new_shop(**config)
    hashed = hashlib.sha256()
    seen = number = 0
    while seen < count:
        if number in calls:
            calls[number](shop)
        for record in shop.tick():
            seen += 1
            hashed.update(
                b"\0".join(
                    (
                        record.stream.encode(),
                        record.label.encode(),
                        record.key_hint.encode(),
                        record.value,
                    )
                )
            )
        number += 1
    hashed.update(repr(shop.ground_truth()).encode())
    return hashed.hexdigest()


def busy_calls() -> dict[int, Callable[[Shop], None]]:
    """Every kind of change, spread over the first two hundred ticks."""
    calls: dict[int, Callable[[Shop], None]] = {
        20: lambda shop: shop.set_rate(1_500.0),
        60: lambda shop: shop.set_shape("diurnal"),
    }
    for place, kind in enumerate(KINDS):
        calls[30 + 15 * place] = lambda shop, kind=kind: shop.plant(kind, 4.0)  # type: ignore[misc]
    return calls


if __name__ == "__main__":
    print(digest({"streams": ALL, "seed": int(sys.argv[1])}, 20_000, busy_calls()))
