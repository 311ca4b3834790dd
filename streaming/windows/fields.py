"""Which fields the events of a stream have, and how to take them out of a decoded record."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeAlias

import msgspec

from generators.wire import ACCESS, CLICKS, ORDERS
from streaming.windows.records import Counted, CountedAccess, CountedClick, CountedOrder
from streaming.windows.spec import MAX_MEASURE

Getter: TypeAlias = Callable[[Counted], Any]

_STRUCTS: Final[dict[str, type[Counted]]] = {
    CLICKS: CountedClick,
    ORDERS: CountedOrder,
    ACCESS: CountedAccess,
}
_HIDDEN: Final = ("v", "ts", "seq", "status")
"""Versions, times, numbers of numbering and codes: nothing to add up."""


def _items(event: Any) -> int:
    return min(MAX_MEASURE, sum(int(line.quantity) for line in event.lines))


def _lowest_price(event: Any) -> int:
    return min(MAX_MEASURE, *(int(line.price_cents) for line in event.lines))


def _fields(stream: str, kind: type) -> dict[str, Getter]:
    """Fields of one type by the name they have in the event's JSON."""
    found: dict[str, Getter] = {}
    for field in msgspec.structs.fields(_STRUCTS[stream]):
        base = field.type.__origin__ if hasattr(field.type, "__origin__") else field.type
        if base is kind and field.encode_name not in _HIDDEN:
            found[field.encode_name] = attrgetter(field.name)
    return found


TEXTS: Final[dict[str, dict[str, Getter]]] = {s: _fields(s, str) for s in _STRUCTS}
"""Text fields of each stream: what windows are grouped and filtered by."""

NUMBERS: Final[dict[str, dict[str, Getter]]] = {s: _fields(s, int) for s in _STRUCTS}
"""Integer fields of each stream, 0 to MAX_MEASURE: what is summed.

Of an order, `items` are the pieces of all its lines, `lowest_price` the least price_cents of one.
"""
NUMBERS[ORDERS] |= {"items": _items, "lowest_price": _lowest_price}
