"""Compressed records of a batch: read, and made where a topic names a compression.

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
_SNAPPY_BLOCK: Final = 32 * 1024
_LENGTH: Final = struct.Struct(">i")
# LZ4 frames as Kafka's Java client reads them: independent blocks of 64 KiB, no checksums.
_LZ4_HEADER: Final = bytes.fromhex("04224d18604082")
_LZ4_BLOCK: Final = 64 * 1024
_LZ4_LENGTH: Final = struct.Struct("<I")
_LZ4_PLAIN: Final = 1 << 31  # marks a block that did not become smaller

CODECS: Final = {"uncompressed": NONE, "gzip": GZIP, "snappy": SNAPPY, "lz4": LZ4, "zstd": ZSTD}
"""What `compression.type` of a topic names."""


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


def compress(codec: int, records: bytes | memoryview) -> bytes:
    """The records of a batch in a codec, at its library's usual level."""
    plain = bytes(records)
    if codec == GZIP:
        packer = zlib.compressobj(wbits=_GZIP_WINDOW)
        return packer.compress(plain) + packer.flush()
    if codec == SNAPPY:
        return _to_snappy(plain)
    if codec == LZ4:
        return _to_lz4(plain)
    return bytes(cramjam.zstd.compress(plain)) if codec == ZSTD else plain


def _to_snappy(plain: bytes) -> bytes:
    out = bytearray(_SNAPPY_MAGIC + _LENGTH.pack(1) + _LENGTH.pack(1))
    for at in range(0, len(plain), _SNAPPY_BLOCK):
        block = bytes(cramjam.snappy.compress_raw(plain[at : at + _SNAPPY_BLOCK]))
        out += _LENGTH.pack(len(block)) + block
    return bytes(out)


def _to_lz4(plain: bytes) -> bytes:
    out = bytearray(_LZ4_HEADER)
    for at in range(0, len(plain), _LZ4_BLOCK):
        block = plain[at : at + _LZ4_BLOCK]
        packed = bytes(cramjam.lz4.compress_block(block, store_size=False))
        if len(packed) < len(block):
            out += _LZ4_LENGTH.pack(len(packed)) + packed
        else:
            out += _LZ4_LENGTH.pack(len(block) | _LZ4_PLAIN) + block
    return bytes(out + _LZ4_LENGTH.pack(0))
