"""Compressed records, without a server: what the conformance suite cannot reach."""

import contextlib
import gzip
import random
import struct

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.broker.embedded import compression
from streaming.broker.embedded.compression import UnreadableError, compress, decompress

RECORDS = b"some records " * 5000


def xerial(*blocks):
    """Snappy as the Java library writes it: a header, then blocks behind their lengths."""
    packed = [bytes(cramjam.snappy.compress_raw(block)) for block in blocks]
    header = b"\x82SNAPPY\x00" + struct.pack(">ii", 1, 1)
    return header + b"".join(struct.pack(">i", len(block)) + block for block in packed)


MADE = {
    "none": (0, RECORDS),
    "gzip": (1, gzip.compress(RECORDS)),
    "bare snappy": (2, bytes(cramjam.snappy.compress_raw(RECORDS))),
    "snappy of Java": (2, xerial(RECORDS[:30_000], RECORDS[30_000:])),
    "lz4": (3, bytes(cramjam.lz4.compress(RECORDS))),
    "zstd": (4, bytes(cramjam.zstd.compress(RECORDS))),
}


@pytest.mark.parametrize("name", MADE)
def test_every_codec_is_read(name):
    codec, payload = MADE[name]
    assert decompress(codec, memoryview(payload)) == RECORDS


@pytest.mark.parametrize("records", [b"", b"x", RECORDS, random.Random(1).randbytes(200_000)])
@pytest.mark.parametrize("codec", range(5))
def test_what_is_written_is_read(codec, records):
    assert decompress(codec, compress(codec, records)) == records


def test_lz4_blocks_are_independent_as_javas_reader_demands():
    raw = compress(3, RECORDS)
    assert raw[:4] == bytes.fromhex("04224d18") and raw[4] & 0x20
    assert bytes(cramjam.lz4.decompress(raw)) == RECORDS


@pytest.mark.parametrize("name", [name for name in MADE if name not in ("none", "gzip")])
def test_a_small_batch_does_not_fill_the_memory(monkeypatch, name):
    monkeypatch.setattr(compression, "_MOST", len(RECORDS) - 1)
    codec, payload = MADE[name]
    with pytest.raises(UnreadableError):
        decompress(codec, payload)


@given(codec=st.integers(1, 4), payload=st.binary(max_size=100), header=st.booleans())
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_records_or_unreadable(codec, payload, header):
    with contextlib.suppress(UnreadableError):
        decompress(codec, xerial() + payload if header and codec == 2 else payload)
