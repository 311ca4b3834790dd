"""The events as they travel: msgspec structs for the hot path, one JSON form per stream.

`generators.events` holds the same shapes as pydantic models (the published contract); a test
keeps the two in step. Field order here is the order of the JSON keys, so that the same event is
the same bytes. Times are event times in milliseconds since the Unix epoch, UTC; money is in
integer cents, so that sums are exact.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

SCHEMA_VERSION: Final = 1

CLICKS: Final = "clicks"
ORDERS: Final = "orders"
ACCESS: Final = "access"
STREAMS: Final = (CLICKS, ORDERS, ACCESS)

CLICK_TYPES: Final = ("land", "view", "search", "add_to_cart", "checkout", "leave")
ORDER_TYPES: Final = ("paid", "declined")
ACCESS_TYPES: Final = ("2xx", "3xx", "4xx", "5xx")


class Click(msgspec.Struct, frozen=True, gc=False):
    """One step of a visitor's session. `load_ms` is the page's load time in milliseconds."""

    v: int
    id: str
    ts: int
    seq: int
    type: str
    customer_id: str
    session_id: str
    product_id: str
    category: str
    country: str
    device: str
    campaign: str
    page: str
    query: str
    load_ms: int


class OrderLine(msgspec.Struct, frozen=True, gc=False):
    """One product of an order; `price_cents` is the price of one piece."""

    product_id: str
    category: str
    quantity: int
    price_cents: int


class Order(msgspec.Struct, frozen=True, gc=False):
    """An order placed at the end of a session; `category` and `product_id` are the dearest line's.

    `checkout_id` is the id of the checkout click it follows from, so that the join is real.
    """

    v: int
    id: str
    ts: int
    seq: int
    type: str
    customer_id: str
    session_id: str
    product_id: str
    category: str
    country: str
    device: str
    campaign: str
    order_id: str
    checkout_id: str
    payment: str
    city: str
    lines: tuple[OrderLine, ...]
    total_cents: int


class Access(msgspec.Struct, frozen=True, gc=False):
    """The web server's log line of the same request as the click `request_id`.

    `line` is the request in the combined log format; `type` is the status class.
    """

    v: int
    id: str
    ts: int
    seq: int
    type: str
    customer_id: str
    session_id: str
    product_id: str
    category: str
    country: str
    device: str
    request_id: str
    ip: str
    method: str
    path: str
    status: int
    size: int
    line: str


Event: TypeAlias = Click | Order | Access


class Emitted(msgspec.Struct, frozen=True, gc=False):
    """One record on its way to the log: the event, its JSON bytes and its ground truth.

    `event` is None for a poison record, whose `value` is not an event at all; its `key_hint` is
    then the customer id to route it by. `label` is "" for an ordinary record, else the name of
    the incident that planted it ("late", "duplicate", "poison", "hot_key", …).
    """

    stream: str
    event: Event | None
    value: bytes
    key_hint: str
    label: str = ""
