"""Single records inside a batch: the first one at a time, and those that a topic refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from streaming.broker.embedded import compression
from streaming.broker.embedded.batch import HEADER_BYTES, BatchHeader
from streaming.broker.embedded.errors import ApiError, ErrorCode, RecordsRefusedError
from streaming.broker.embedded.rules import LogRules

_NO_TIME: Final = -1
_LONGEST_VARINT: Final = 10  # bytes of a 64-bit number
_EARLIEST: Final = -(2**62)  # older than any clock shows: the setting asks for no check


def first_at(
    batch: bytes, header: BatchHeader, timestamp: int, from_offset: int
) -> tuple[int, int] | None:
    """Offset and time of the first record at or after `timestamp`, not before `from_offset`.

    A batch that cannot be decompressed is answered by its first offset: a consumer then reads a
    few records too many, never too few.
    """
    if header.log_append_time:
        if header.max_timestamp < timestamp:
            return None
        return max(header.base_offset, from_offset), header.max_timestamp
    try:
        payload = compression.decompress(header.compression, memoryview(batch)[HEADER_BYTES:])
    except compression.UnreadableError:
        return max(header.base_offset, from_offset), header.max_timestamp
    for record in _records(payload, header.records):
        offset = header.base_offset + record.offset_delta
        time = header.base_timestamp + record.time_delta
        if time >= timestamp and offset >= from_offset:
            return offset, time
    return None


def check_records(batch: bytearray, header: BatchHeader, rules: LogRules, now_ms: int) -> None:
    """Refuse records whose times are too far from now (KIP-937), or without a key that is needed.

    Records are only looked at when the topic's settings or the header's times, the first and the
    latest, leave a doubt. Raises ApiError.
    """
    low, high = now_ms - rules.before_max_ms, now_ms + rules.after_max_ms
    timed = not rules.log_append_time and (header.max_timestamp > high or low > _EARLIEST)
    if not timed and not rules.needs_keys:
        return
    try:
        payload = compression.decompress(header.compression, memoryview(batch)[HEADER_BYTES:])
    except compression.UnreadableError as error:
        raise ApiError(ErrorCode.INVALID_RECORD, str(error)) from error
    far, keyless = [], []
    for index, record in enumerate(_records(payload, header.records)):
        time = header.base_timestamp + record.time_delta
        if rules.needs_keys and record.key_size < 0:
            keyless.append((index, "a compacted topic takes no record without a key"))
        elif timed and time != _NO_TIME and not low <= time <= high:
            far.append((index, f"its time {time} is not within {low} to {high}"))
    bad = sorted(keyless + far)
    if far:
        raise RecordsRefusedError(
            ErrorCode.INVALID_TIMESTAMP, "the times of some records are too far from now", bad
        )
    if keyless:
        raise RecordsRefusedError(ErrorCode.INVALID_RECORD, "some records have no key", bad)


class _Record(NamedTuple):
    """What a record begins with, relative to its batch; no key has the size -1."""

    offset_delta: int
    time_delta: int
    key_size: int


def _records(payload: bytes | memoryview, count: int) -> Iterator[_Record]:
    """The beginnings of records; stops where the bytes make no sense.

    A record: length, attributes (1 byte), time delta, offset delta, then key, value, headers;
    numbers are zigzag varints (Kafka's message format).
    """
    position = 0
    try:
        for _ in range(count):
            length, position = _varint(payload, position)
            if length <= 0:  # forged: reading on would go round in circles
                return
            time_delta, at = _varint(payload, position + 1)
            offset_delta, at = _varint(payload, at)
            key_size, _ = _varint(payload, at)
            yield _Record(offset_delta, time_delta, key_size)
            position += length
    except IndexError:
        return


def _varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    """A zigzag varint and the position after it. Raises IndexError when it does not end."""
    value = 0
    for at, byte in enumerate(data[position : position + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * at)
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), position + at + 1
    raise IndexError("a number that does not end")
