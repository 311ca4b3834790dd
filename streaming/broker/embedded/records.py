"""Single records inside a batch: the first one at a time, and those too far from now."""

from __future__ import annotations

from collections.abc import Iterator

from streaming.broker.embedded import compression
from streaming.broker.embedded.batch import HEADER_BYTES, BatchHeader
from streaming.broker.embedded.errors import ErrorCode, RecordsRefusedError
from streaming.broker.embedded.rules import LogRules

_NO_TIME = -1


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
    for offset_delta, time_delta in _deltas(payload, header.records):
        offset, time = header.base_offset + offset_delta, header.base_timestamp + time_delta
        if time >= timestamp and offset >= from_offset:
            return offset, time
    return None


def check_times(batch: bytearray, header: BatchHeader, rules: LogRules, now_ms: int) -> None:
    """Refuse records too far from now (KIP-937). Raises RecordsRefusedError.

    Records are only looked at when the header's times, the first and the latest, leave a doubt.
    """
    low, high = now_ms - rules.before_max_ms, now_ms + rules.after_max_ms
    if header.max_timestamp <= high and low <= -(2**62):
        return
    payload: bytes | memoryview = b""
    try:
        payload = compression.decompress(header.compression, memoryview(batch)[HEADER_BYTES:])
    except compression.UnreadableError:
        if low <= header.base_timestamp and header.max_timestamp <= high:
            return
    far = []
    for index, (_, delta) in enumerate(_deltas(payload, header.records)):
        time = header.base_timestamp + delta
        if time != _NO_TIME and not low <= time <= high:
            far.append((index, f"its time {time} is not within {low} to {high}"))
    if far:
        raise RecordsRefusedError(
            ErrorCode.INVALID_TIMESTAMP, "the times of some records are too far from now", far
        )


def _deltas(payload: bytes | memoryview, count: int) -> Iterator[tuple[int, int]]:
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


def _varint(data: bytes | memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), position
        shift += 7
