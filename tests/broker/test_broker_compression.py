"""Compressed records, without a server: what the conformance suite cannot reach."""

import contextlib
import gzip
import struct

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.broker.embedded import compression
from streaming.broker.embedded.compression import UnreadableError, decompress

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
