"""What a record must be to count: the fields the windows use, checked as it is decoded.

A record is poison when it is not JSON, when one of these fields is missing, of the wrong type or
out of bounds, or when its event time is outside the accepted range.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from generators.wire import ACCESS, CLICKS, ORDERS

Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=200)]
Name: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Version: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=1)]

MAX_VALUE_BYTES: Final = 1024 * 1024
"""A record whose value is longer is poison, whatever is in it."""


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


class LeanClick(_Base, frozen=True, gc=False, rename={"value": "load_ms"}):
    """A click as the windows see it."""

    value: Count


class LeanOrder(_Base, frozen=True, gc=False, rename={"value": "total_cents"}):
    """An order as the windows see it."""

    value: Count


class LeanAccess(_Base, frozen=True, gc=False, rename={"value": "size"}):
    """An access-log record as the windows see it."""

    value: Count


Lean: TypeAlias = LeanClick | LeanOrder | LeanAccess

DECODERS: Final = {
    CLICKS: msgspec.json.Decoder(LeanClick),
    ORDERS: msgspec.json.Decoder(LeanOrder),
    ACCESS: msgspec.json.Decoder(LeanAccess),
}
