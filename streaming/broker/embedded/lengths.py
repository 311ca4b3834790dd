"""What stands before texts, bytes and arrays on the wire, and the tags after flexible messages.

Older versions of a message use numbers of fixed size, with -1 for null. Flexible versions
(KIP-482) use an unsigned varint of the length plus one, 0 for null, and end every message with
tagged fields, of which none is known here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

NO_TAGS: Final = b"\0"
_LONGEST_VARINT: Final = 5  # bytes of a 32-bit number


class DecodeError(ValueError):
    """The bytes are not the message they claim to be."""


class Length(NamedTuple):
    """One way to write a length; null is -1. `least` is its smallest size in bytes."""

    read: Callable[[bytes, int], tuple[int, int]]
    write: Callable[[bytearray, int], None]
    least: int


def fixed(fmt: str) -> Length:
    """A signed number; `fmt` is its format for `struct`."""
    packed = struct.Struct(fmt)

    def read(frame: bytes, position: int) -> tuple[int, int]:
        return packed.unpack_from(frame, position)[0], position + packed.size

    def write(out: bytearray, length: int) -> None:
        out += packed.pack(length)

    return Length(read, write, packed.size)


def _read_compact(frame: bytes, position: int) -> tuple[int, int]:
    length, position = _read_varint(frame, position)
    return length - 1, position


def _write_compact(out: bytearray, length: int) -> None:
    _write_varint(out, length + 1)


COMPACT: Final = Length(_read_compact, _write_compact, 1)


def skip_tags(frame: bytes, position: int) -> int:
    """The position after a message's tagged fields. Raises DecodeError."""
    count, position = _read_varint(frame, position)
    for _ in range(count):
        _, position = _read_varint(frame, position)
        size, position = _read_varint(frame, position)
        position += size
        if position > len(frame):
            raise DecodeError("a tagged field goes past the end")
    return position


def _read_varint(frame: bytes, position: int) -> tuple[int, int]:
    value = 0
    for at, byte in enumerate(frame[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            return value, position + at + 1
    raise DecodeError("a length that does not end")


def _write_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
