"""Compressed records of a batch.

Codecs as Kafka numbers them in a batch's attributes: 0 none, 1 gzip, 2 snappy, 3 lz4 (frames),
4 zstd. Snappy comes in blocks as the Java library writes them, or as one bare block.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from typing import Any, Final

import cramjam

NONE: Final = 0
GZIP: Final = 1
SNAPPY: Final = 2
LZ4: Final = 3
ZSTD: Final = 4

_GZIP_WINDOW: Final = 31  # zlib's number for "a gzip stream"
_MOST: Final = 128 * 1024 * 1024  # bytes of records: a small batch must not fill the memory
_SNAPPY_MAGIC: Final = b"\x82SNAPPY\x00"
_SNAPPY_HEADER: Final = 16  # the magic, and two version numbers
_LENGTH: Final = struct.Struct(">i")


class UnreadableError(ValueError):
    """The bytes are not what their codec writes, or far too many when decompressed."""


def decompress(codec: int, payload: bytes | memoryview) -> bytes | memoryview:
    """The records of a batch as they are without compression. Raises UnreadableError."""
    if codec == NONE:
        return payload
    try:
        if codec == GZIP:
            return zlib.decompressobj(_GZIP_WINDOW).decompress(payload, _MOST)
        if codec == SNAPPY:
            return _from_snappy(bytes(payload))
        return _bounded(cramjam.lz4 if codec == LZ4 else cramjam.zstd, payload)
    except (zlib.error, cramjam.DecompressionError, struct.error) as error:
        raise UnreadableError(f"codec {codec}: {error}") from error


def _bounded(codec: Any, payload: bytes | memoryview) -> bytes:
    with mmap.mmap(-1, _MOST) as room:  # the system gives memory only for what is written
        size = codec.decompress_into(bytes(payload), room)
        return room[:size]


def _from_snappy(payload: bytes) -> bytes:
    if not payload.startswith(_SNAPPY_MAGIC):
        return _snappy_block(payload, _MOST)
    blocks, position, left = [], _SNAPPY_HEADER, _MOST
    while position < len(payload):
        (size,) = _LENGTH.unpack_from(payload, position)
        position += _LENGTH.size
        blocks.append(_snappy_block(payload[position : position + size], left))
        left -= len(blocks[-1])
        position += max(size, 0)
    return b"".join(blocks)


def _snappy_block(data: bytes, most: int) -> bytes:
    if cramjam.snappy.decompress_raw_len(data) > most:
        raise UnreadableError("a snappy block is too large")
    return bytes(cramjam.snappy.decompress_raw(data))
