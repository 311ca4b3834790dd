"""Compressed records of a batch: read and made.

Codecs as Kafka numbers them in a batch's attributes: 0 none, 1 gzip, 2 snappy, 3 lz4 (frames),
4 zstd. Snappy comes in blocks as the Java library writes them, or as one bare block. pyarrow is
imported when first needed: most servers never look into a batch.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

NONE: Final = 0
GZIP: Final = 1
SNAPPY: Final = 2
LZ4: Final = 3
ZSTD: Final = 4

_GZIP_WINDOW: Final = 31  # zlib's number for "a gzip stream"
_MOST: Final = 256 * 1024 * 1024  # bytes a batch may have when decompressed
_SNAPPY_MAGIC: Final = b"\x82SNAPPY\x00"
_SNAPPY_HEADER: Final = 16  # the magic, and two version numbers
_LENGTH: Final = struct.Struct(">i")


class UnreadableError(ValueError):
    """The bytes are not what their codec writes."""


def decompress(codec: int, payload: bytes | memoryview) -> bytes | memoryview:
    """The records of a batch as they are without compression. Raises UnreadableError."""
    if codec == NONE:
        return payload
    try:
        if codec == GZIP:
            return zlib.decompressobj(_GZIP_WINDOW).decompress(payload, _MOST)
        if codec == SNAPPY:
            return _from_snappy(bytes(payload))
        return _from_stream({LZ4: "lz4", ZSTD: "zstd"}[codec], payload)
    except (zlib.error, OSError, ValueError, KeyError, IndexError, struct.error) as error:
        raise UnreadableError(f"codec {codec}: {error}") from error


def _from_stream(name: str, payload: bytes | memoryview) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(pa.py_buffer(payload)), name) as stream:
        return bytes(stream.read(_MOST))


def _from_snappy(payload: bytes) -> bytes:
    import pyarrow as pa

    codec = pa.Codec("snappy")

    def block(data: bytes) -> bytes:
        size = _uvarint(data)
        if size > _MOST:
            raise ValueError(f"a block of {size} bytes")
        return bytes(codec.decompress(data, decompressed_size=size, asbytes=True))

    if not payload.startswith(_SNAPPY_MAGIC):
        return block(payload)
    blocks, position = [], _SNAPPY_HEADER
    while position < len(payload):
        (size,) = _LENGTH.unpack_from(payload, position)
        position += _LENGTH.size
        blocks.append(block(payload[position : position + size]))
        position += size
    return b"".join(blocks)


def _uvarint(data: bytes) -> int:
    """The size a snappy block begins with."""
    value = shift = 0
    for byte in data:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value
        shift += 7
    raise ValueError("no size")
