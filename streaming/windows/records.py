"""What a record must be to count: the event's whole contract, checked as it is decoded.

A record is poison when it is not JSON, when a field of its event is missing, of the wrong type or
out of bounds, or when its event time is outside the accepted range. `value` is the stream's
measure (see `spec.MEASURES`).
"""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

import msgspec

from generators.wire import ACCESS, CLICKS, ORDERS
from streaming.windows.spec import MAX_MEASURE

Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Measure: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_MEASURE)]
Version: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1)]

MAX_VALUE_BYTES: Final = 1024 * 1024
"""A record whose value is longer is poison, whatever is in it."""


class OrderLine(msgspec.Struct, frozen=True, gc=False):
    """One product of an order; the price of one piece in cents."""

    product_id: Text
    category: Text
    quantity: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
    price_cents: Count


class _Base(msgspec.Struct, frozen=True, gc=False):
    v: Version
    id: Name
    ts: Count
    seq: Count
    type: Name
    customer_id: Name
    session_id: Name
    category: Text
    country: Text


class CountedClick(_Base, frozen=True, gc=False, rename={"value": "load_ms"}):
    """A click as it is counted."""

    product_id: Text
    device: Text
    campaign: Text
    page: Text
    query: Text
    value: Measure


class CountedOrder(_Base, frozen=True, gc=False, rename={"value": "total_cents"}):
    """An order as it is counted."""

    product_id: Text
    device: Text
    campaign: Text
    order_id: Name
    checkout_id: Name
    payment: Text
    city: Text
    lines: Annotated[tuple[OrderLine, ...], msgspec.Meta(max_length=1000)]
    value: Measure


class CountedAccess(_Base, frozen=True, gc=False, rename={"value": "size"}):
    """An access-log record as it is counted."""

    product_id: Text
    device: Text
    request_id: Name
    ip: Text
    method: Text
    path: Annotated[str, msgspec.Meta(max_length=4096)]
    status: Count
    line: Annotated[str, msgspec.Meta(max_length=8192)]
    value: Measure


Counted: TypeAlias = CountedClick | CountedOrder | CountedAccess

DECODERS: Final[dict[str, msgspec.json.Decoder[Any]]] = {
    CLICKS: msgspec.json.Decoder(CountedClick),
    ORDERS: msgspec.json.Decoder(CountedOrder),
    ACCESS: msgspec.json.Decoder(CountedAccess),
}
