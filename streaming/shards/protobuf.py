"""Protobuf's wire format, as far as the KPL's records need it.

https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_VARINT_BITS: Final = 70  # ten bytes of seven bits carry a 64-bit number
_ONE_BYTE: Final = [bytes((value,)) for value in range(0x80)]


def varint(value: int) -> bytes:
    """A number as protobuf writes it: seven bits a byte, the lowest first."""
    if value < 0x80:
        return _ONE_BYTE[value]
    if value < 0x4000:
        return bytes((value & 0x7F | 0x80, value >> 7))
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def fields(message: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each field of a protobuf message: its tag, and its number or its bytes.

    Raises ValueError or IndexError for what is no message, or has groups (which nobody writes).
    """
    at, end = 0, len(message)
    while at < end:
        tag, at = _read_varint(message, at)
        kind, number, stop = tag & 7, 0, at
        if kind == _VARINT:
            number, at = _read_varint(message, at)
        elif kind == _BYTES:
            length, at = _read_varint(message, at)
            stop = at + length
        elif kind == _FIXED64:
            stop = at + 8
        elif kind == _FIXED32:
            stop = at + 4
        else:
            raise ValueError("a wire type that is not in use")
        if stop > end or not tag >> 3:
            raise ValueError("a field that ends after the message, or has no number")
        if kind == _VARINT:
            yield tag, number, b""
        else:
            yield tag, 0, message[at:stop]
            at = stop


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    """The number that begins at `at`, and where it ends. Raises ValueError or IndexError."""
    byte = message[at]
    at += 1
    if byte < 0x80:
        return byte, at
    value, shift = byte & 0x7F, 7
    while shift < _MOST_VARINT_BITS:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("a number without an end")
