"""Single records inside a batch, for the one question that needs them: the first one at T."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

from streaming.broker.embedded.batch import HEADER_BYTES, BatchHeader

_GZIP: Final = 1
_CODECS: Final = {2: "snappy", 3: "lz4", 4: "zstd"}
_GZIP_WINDOW: Final = 31  # zlib's number for "a gzip stream"
_MAX_INFLATED: Final = 256 * 1024 * 1024


def first_at(
    batch: bytes, header: BatchHeader, timestamp: int, from_offset: int
) -> tuple[int, int] | None:
    """Offset and time of the first record at or after `timestamp`, not before `from_offset`.

    A batch whose compression has no decoder here is answered by its first offset: a consumer
    then reads a few records too many, never too few.
    """
    if header.log_append_time:
        if header.max_timestamp < timestamp:
            return None
        return max(header.base_offset, from_offset), header.max_timestamp
    payload = _inflate(batch[HEADER_BYTES:], header.compression)
    if payload is None:
        return max(header.base_offset, from_offset), header.max_timestamp
    for offset_delta, time_delta in _deltas(payload, header.records):
        offset, time = header.base_offset + offset_delta, header.base_timestamp + time_delta
        if time >= timestamp and offset >= from_offset:
            return offset, time
    return None


def _inflate(payload: bytes, compression: int) -> bytes | None:
    if compression == 0:
        return payload
    try:
        if compression == _GZIP:
            return zlib.decompressobj(_GZIP_WINDOW).decompress(payload, _MAX_INFLATED)
        import aiokafka.codec  # heavy, and needed for few batches only

        decode = getattr(aiokafka.codec, f"{_CODECS[compression]}_decode")
        return bytes(decode(payload))
    except Exception:
        # Codecs raise their own kinds of errors, also for being absent; all mean "unreadable".
        return None


def _deltas(payload: bytes, count: int) -> Iterator[tuple[int, int]]:
    """Offset and time of each record relative to the batch's; stops where the bytes make no sense.

    A record: length, attributes (1 byte), time delta, offset delta, then key, value, headers;
    numbers are zigzag varints (Kafka's message format).
    """
    position = 0
    try:
        for _ in range(count):
            length, position = _varint(payload, position)
            time_delta, at = _varint(payload, position + 1)
            offset_delta, _ = _varint(payload, at)
            yield offset_delta, time_delta
            position += length
    except IndexError:
        return


def _varint(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), position
        shift += 7
