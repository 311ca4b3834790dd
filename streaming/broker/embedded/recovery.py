"""What a segment's file holds after a hard end: batch by batch, as far as they are whole."""

from __future__ import annotations

from typing import Final

from streaming.broker.embedded.batch import HEADER_BYTES, crc_ok, read_header
from streaming.broker.embedded.producers import ProducerTable
from streaming.broker.embedded.segment import Segment

_SCAN_BYTES: Final = 1024 * 1024


def recover(segment: Segment, producers: ProducerTable, now_ms: int) -> int:
    """Read the whole file and return how many bytes at its tail are torn. Raises OSError.

    A batch counts when its header fits what came before and its checksum is right. Index and
    producers are filled on the way.
    """
    total = segment.restart()
    position = at = 0
    data = b""
    while position + HEADER_BYTES <= total:
        if at + HEADER_BYTES > len(data):
            data, at = segment.read_raw(position, _SCAN_BYTES), 0
        header = read_header(data, at)
        fits = header.magic == 2 and header.base_offset == segment.next_offset
        if not fits or not HEADER_BYTES <= header.size <= total - position:
            break
        if at + header.size > len(data):
            data, at = segment.read_raw(position, max(header.size, _SCAN_BYTES)), 0
        if not crc_ok(memoryview(data)[at : at + header.size], header):
            break
        segment.note(header, position)
        if header.producer_id >= 0:
            producers.note(header, header.base_offset, now_ms)
        position += header.size
        at += header.size
    return total - position
