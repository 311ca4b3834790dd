"""Records no consumer can use: each kind breaks in its own way, and some attack the screen.

Every function takes the JSON bytes of a real event and gives bytes that are not JSON or not that
event; what is broken is the syntax, the time or the customer, so that a reader of a few fields
notices too. Bytes that are not UTF-8 make msgspec raise UnicodeDecodeError, which is none of its
own errors.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

BLOB_BYTES: Final = 64 * 1024
NESTING: Final = 5_000

_TS: Final = re.compile(rb'"ts":\d+')


def not_json(_value: bytes) -> bytes:
    """A line of some other protocol."""
    return b"HELO shop.example\r\nQUIT\r\n"


def truncated(value: bytes) -> bytes:
    """The first half of an event, as a crashed writer leaves it."""
    return value[: len(value) // 2]


def not_a_number(value: bytes) -> bytes:
    """NaN for the time: some JSON writers emit it, the standard knows no such word."""
    return _TS.sub(b'"ts":NaN', value, count=1)


def wrong_type(value: bytes) -> bytes:
    """A word for the time."""
    return _TS.sub(b'"ts":"yesterday"', value, count=1)


def missing_field(value: bytes) -> bytes:
    """An event without its customer."""
    fields = msgspec.json.decode(value, type=dict[str, object])
    del fields["customer_id"]
    return msgspec.json.encode(fields)


def bad_utf8(value: bytes) -> bytes:
    """A customer id that starts with bytes no UTF-8 text can hold."""
    return value.replace(b'"customer_id":"', b'"customer_id":"\xff\xfe', 1)


def deep_nesting(value: bytes) -> bytes:
    """A time nested deeper than many a recursive reader can follow.

    In the place of a field that is read: how deep a reader follows depends on its Python.
    """
    return _TS.sub(b'"ts":' + b"[" * NESTING + b"]" * NESTING, value, count=1)


def markup(value: bytes) -> bytes:
    """Valid JSON whose texts are markup for a careless screen; the time is one of them."""
    hostile = value.replace(b'"session_id":"', b'"session_id":"[/red][blink]', 1)
    return _TS.sub(b'"ts":"[/red][link=file:///etc/passwd]"', hostile, count=1)


def escapes(value: bytes) -> bytes:
    """Terminal control sequences: a new window title, a cleared screen, an alternate buffer."""
    return b"\x1b]0;shop\x07\x1b[2J\x1b[?1049h" + value


def blob(_value: bytes) -> bytes:
    """64 KiB of one letter in a field nobody knows."""
    head, tail = b'{"blob":"', b'"}'
    return head + b"x" * (BLOB_BYTES - len(head) - len(tail)) + tail


POISONS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "not_json": not_json,
    "truncated": truncated,
    "nan": not_a_number,
    "wrong_type": wrong_type,
    "missing_field": missing_field,
    "bad_utf8": bad_utf8,
    "deep_nesting": deep_nesting,
    "markup": markup,
    "escapes": escapes,
    "blob": blob,
}
"""In the order they are planted, over and over."""
