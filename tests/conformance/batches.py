"""Record batches that no ordinary producer makes: damaged, forged, compressed by other means."""

import struct

import crc32c
import pyarrow as pa

from tests.broker.support import make_batch

HEADER_BYTES = 61
CODECS = {"gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}

# Where the fields of a batch's header are, and their formats (Kafka's message format 2).
BASE_OFFSET = (0, ">q")
LENGTH = (8, ">i")
LEADER_EPOCH = (12, ">i")
MAGIC = (16, ">b")
CRC = (17, ">I")
ATTRIBUTES = (21, ">h")
LAST_OFFSET_DELTA = (23, ">i")
MAX_TIMESTAMP = (35, ">q")
PRODUCER_ID = (43, ">q")
COUNT = (57, ">i")


def forged(raw, field, value):
    """The batch with one field changed and a checksum that fits."""
    changed = bytearray(raw)
    struct.pack_into(field[1], changed, field[0], value)
    struct.pack_into(CRC[1], changed, CRC[0], crc32c.crc32c(bytes(changed[ATTRIBUTES[0] :])))
    return bytes(changed)


def field_of(raw, field):
    return struct.unpack_from(field[1], raw, field[0])[0]


def compressed(values, codec, **fields):
    """A batch whose records Arrow compressed: neither the broker's codecs nor aiokafka's."""
    plain = make_batch(values, **fields)
    records = pa.compress(plain[HEADER_BYTES:], codec=codec, asbytes=True)
    raw = bytearray(plain[:HEADER_BYTES] + records)
    struct.pack_into(LENGTH[1], raw, LENGTH[0], len(raw) - 12)
    return forged(raw, ATTRIBUTES, CODECS[codec])


def as_stored(raw, base_offset):
    """The batch as a broker keeps it: with its offset, and the first leader's epoch."""
    stored = bytearray(raw)
    struct.pack_into(BASE_OFFSET[1], stored, BASE_OFFSET[0], base_offset)
    struct.pack_into(LEADER_EPOCH[1], stored, LEADER_EPOCH[0], 0)
    return bytes(stored)
