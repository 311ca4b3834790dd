"""Many readers of a long backlog in many partitions cost the broker little memory."""

from __future__ import annotations

import asyncio

import pytest

from streaming.broker.embedded import batch
from tests.broker.support import Wire, make_batch

pytestmark = [
    pytest.mark.soak,
    pytest.mark.timeout(300),
    pytest.mark.parametrize("broker_kind", ["embedded"], scope="session"),
]

PARTITIONS = 64
BATCHES = 5  # a partition, of close to 1 MiB each
READERS = 6
RSS_LIMIT = 60 * 2**20


async def read_all(port, expected):
    """Read every partition to its end, asking for all of them and for much at once."""
    offsets = dict.fromkeys(range(PARTITIONS), 0)
    got = 0
    async with Wire(port) as wire:
        while got < expected:
            # As clients do: the next request begins with partitions the last one left out.
            order = list(offsets.items())
            offsets = dict(order[3:] + order[:3])
            for part in await wire.fetch("t", offsets, max_bytes=2**26):
                got += len(part.records)
                for _, header in batch.walk(part.records):
                    offsets[part.index] = header.next_offset
    assert got == expected
    assert len(set(offsets.values())) == 1


async def test_six_readers_catch_up(measured):
    raw = make_batch([b"x" * 1000] * 900)
    async with Wire(measured.port) as wire:
        await wire.create("t", PARTITIONS, retention_ms=-1)
        for number in range(PARTITIONS * BATCHES):
            await wire.produce("t", raw, number % PARTITIONS)
    size = PARTITIONS * BATCHES * len(raw)
    with measured.watched():
        await asyncio.gather(*(read_all(measured.port, size) for _ in range(READERS)))
    measured.tell(
        f"{READERS} readers of {size / 2**20:.0f} MiB in {PARTITIONS} partitions each: "
        f"largest resident set {measured.peak_rss / 2**20:.1f} MiB"
    )
    assert measured.peak_rss <= RSS_LIMIT
