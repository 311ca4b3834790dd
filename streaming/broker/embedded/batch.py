"""Record batches, format 2 (Kafka's message format, KIP-98): the header, its check, its times.

A batch is opaque here but for its 61-byte header. The server writes only the base offset and
the leader epoch, which the checksum does not cover; with LogAppendTime also the time, and then
it computes the checksum again.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

import crc32c

from streaming.broker.embedded import compression
from streaming.broker.embedded.errors import ApiError, ErrorCode

_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
HEADER_BYTES: Final = _HEADER.size  # 61
LENGTH_OVERHEAD: Final = 12  # base offset and length, not counted by the length itself
_ENTRY: Final = struct.Struct(">qiib")  # how a batch of any format begins
_LEAST_LENGTH: Final = 14  # of the oldest format's smallest message
_MAGIC: Final = 2
_MAGIC_AT: Final = 16
_LENGTH_AT: Final = 8
_CRC_AT: Final = 17
_CRC_FROM: Final = 21
_MAX_TIMESTAMP_AT: Final = 35
_COMPRESSION_MASK: Final = 0x07
_LOG_APPEND_TIME: Final = 0x08
_TRANSACTIONAL: Final = 0x10
_CONTROL: Final = 0x20
_LAST_COMPRESSION: Final = 4  # zstd


class BatchHeader(NamedTuple):
    """The header's fields in wire order. Times are milliseconds since the Unix epoch."""

    base_offset: int
    length: int
    leader_epoch: int
    magic: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    records: int

    @property
    def size(self) -> int:
        """Bytes of the whole batch."""
        return self.length + LENGTH_OVERHEAD

    @property
    def next_offset(self) -> int:
        """The offset after the last record."""
        return self.base_offset + self.last_offset_delta + 1

    @property
    def compression(self) -> int:
        """0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd."""
        return self.attributes & _COMPRESSION_MASK

    @property
    def log_append_time(self) -> bool:
        """Whether all records carry the time of their arrival, `max_timestamp`."""
        return bool(self.attributes & _LOG_APPEND_TIME)


def read_header(data: bytes | bytearray | memoryview, position: int = 0) -> BatchHeader:
    """The header at `position`; struct.error when fewer than 61 bytes are there."""
    return BatchHeader._make(_HEADER.unpack_from(data, position))


def walk(data: bytes | bytearray | memoryview) -> Iterator[tuple[int, BatchHeader]]:
    """Positions and headers of batches that start in `data`, as far as headers are whole."""
    position, end = 0, len(data) - HEADER_BYTES
    while position <= end:
        header = read_header(data, position)
        if header.size < HEADER_BYTES:
            return
        yield position, header
        position += header.size


def crc_ok(data: bytes | bytearray | memoryview, header: BatchHeader) -> bool:
    """Whether the batch that fills `data` has the CRC32C its header names."""
    return bool(crc32c.crc32c(memoryview(data)[_CRC_FROM:]) == header.crc)


def check(data: memoryview, max_bytes: int) -> BatchHeader:
    """Accept the one batch a producer sent for a partition, or raise ApiError.

    The order of the checks follows Kafka: shape (`ProduceRequest.validateRecords`), then size,
    checksum and content (`UnifiedLog.append`, `LogValidator`). The batch may be shorter than
    `data`: Kafka drops bytes behind it that are no whole batch.
    """
    header = _only(data)
    if header.base_offset != 0:
        raise ApiError(ErrorCode.INVALID_RECORD, "a producer's batch begins at offset 0")
    if header.size > max_bytes:
        raise ApiError(ErrorCode.MESSAGE_TOO_LARGE, f"{header.size} bytes, {max_bytes} allowed")
    if not crc_ok(data[: header.size], header):
        raise ApiError(ErrorCode.CORRUPT_MESSAGE, "the batch's CRC32C does not match")
    if header.records < 1 or header.last_offset_delta != header.records - 1:
        raise ApiError(
            ErrorCode.INVALID_RECORD,
            f"{header.records} records with a last offset delta of {header.last_offset_delta}",
        )
    if header.attributes & _CONTROL:
        raise ApiError(ErrorCode.INVALID_RECORD, "producers write no control records")
    if header.compression > _LAST_COMPRESSION:
        raise ApiError(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, f"compression {header.compression}")
    if header.producer_id >= 0 and header.base_sequence < 0:
        raise ApiError(ErrorCode.INVALID_RECORD, "a producer id without a sequence")
    return header


def _only(data: memoryview) -> BatchHeader:
    """The header of the only whole batch in `data`, of format 2. Raises ApiError."""
    size = _whole(data, 0)
    if size is None:
        raise ApiError(ErrorCode.INVALID_RECORD, f"{len(data)} bytes hold no whole batch")
    if data[_MAGIC_AT] != _MAGIC:
        raise ApiError(ErrorCode.INVALID_RECORD, f"message format {data[_MAGIC_AT]}, not 2")
    if size < HEADER_BYTES:
        raise ApiError(ErrorCode.CORRUPT_MESSAGE, f"a batch of {size} bytes")
    if _whole(data, size) is not None:
        raise ApiError(ErrorCode.INVALID_RECORD, "more than one batch for a partition")
    header = read_header(data)
    if header.attributes & _TRANSACTIONAL:
        raise ApiError(
            ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, "transactions are not offered"
        )
    return header


def _whole(data: memoryview, position: int) -> int | None:
    """The size of the batch at `position`, None when it is not whole. Raises ApiError."""
    if len(data) - position <= _MAGIC_AT:
        return None
    _, length, _, magic = _ENTRY.unpack_from(data, position)
    if length < _LEAST_LENGTH:
        raise ApiError(ErrorCode.CORRUPT_MESSAGE, f"a batch of length {length}")
    if not 0 <= magic <= _MAGIC:
        raise ApiError(ErrorCode.CORRUPT_MESSAGE, f"message format {magic}")
    size = int(length) + LENGTH_OVERHEAD
    return size if position + size <= len(data) else None


def place(data: bytearray, base_offset: int) -> None:
    """Write the offset the log gave and the leader epoch, always 0 here."""
    struct.pack_into(">q", data, 0, base_offset)
    struct.pack_into(">i", data, 12, 0)


def stamp(data: bytearray, header: BatchHeader, now_ms: int) -> BatchHeader:
    """Give all records the time of their arrival (LogAppendTime, KIP-32)."""
    struct.pack_into(">q", data, _MAX_TIMESTAMP_AT, now_ms)
    header = header._replace(max_timestamp=now_ms)
    return _with_attributes(data, header, header.attributes | _LOG_APPEND_TIME)


def unstamp(data: bytearray, header: BatchHeader) -> BatchHeader:
    """Take a mark off that only a server may set: all records carry the time of their arrival."""
    return _with_attributes(data, header, header.attributes & ~_LOG_APPEND_TIME)


def _with_attributes(data: bytearray, header: BatchHeader, attributes: int) -> BatchHeader:
    struct.pack_into(">h", data, _CRC_FROM, attributes)
    crc = crc32c.crc32c(memoryview(data)[_CRC_FROM:])
    struct.pack_into(">I", data, _CRC_AT, crc)
    return header._replace(attributes=attributes, crc=crc)


def repack(data: bytearray, header: BatchHeader, codec: int) -> tuple[bytearray, BatchHeader]:
    """The same records in another compression. Raises ApiError when they cannot be read."""
    try:
        plain = compression.decompress(header.compression, memoryview(data)[HEADER_BYTES:])
    except compression.UnreadableError as error:
        raise ApiError(ErrorCode.INVALID_RECORD, str(error)) from error
    changed = data[:HEADER_BYTES] + compression.compress(codec, plain)
    length = len(changed) - LENGTH_OVERHEAD
    struct.pack_into(">i", changed, _LENGTH_AT, length)
    attributes = header.attributes & ~_COMPRESSION_MASK | codec
    return changed, _with_attributes(changed, header._replace(length=length), attributes)
