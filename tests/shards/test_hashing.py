"""Hashes of many keys at once, against the services' vectors and slower code of others."""

from __future__ import annotations

import random
from hashlib import md5

import numpy as np
import pytest
from aiokafka.partitioner import murmur2 as murmur2_of_aiokafka

from streaming.shards.hash_keys import HASH_KEYS, even_starts, hash_key
from streaming.shards.hashing import kinesis_shards, murmur2
from tests.shards.test_kafka_partitioner import VECTORS


def some_keys(count: int) -> list[bytes]:
    chance = random.Random(count)
    lengths = [chance.randrange(40) for _ in range(count)]
    return [chance.randbytes(length) for length in lengths]


def test_murmur2_of_kafkas_own_vectors() -> None:
    signed = murmur2([key.encode() for key in VECTORS]).view(np.int32)
    assert signed.tolist() == list(VECTORS.values())


def test_murmur2_is_the_one_of_aiokafka_for_any_bytes() -> None:
    keys = [b"", b"\x00", b"\xff" * 7, *some_keys(3000)]
    assert murmur2(keys).tolist() == [murmur2_of_aiokafka(key) & 0xFFFFFFFF for key in keys]
    assert murmur2([]).tolist() == []


def test_ranges_of_three_shards_as_the_service_gives_them() -> None:
    # Seen on production by the authors of kinesalite: test/mergeShards.js, test/splitShard.js.
    assert even_starts(3) == [
        0,
        113427455640312821154458202477256070485,
        226854911280625642308916404954512140970,
    ]
    assert even_starts(1) == [0]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7, 16, 1000])
def test_the_shard_is_the_one_whose_range_holds_the_hash(count: int) -> None:
    keys = some_keys(2000)
    starts = [*even_starts(count), HASH_KEYS]
    (shards,) = kinesis_shards(keys, [even_starts(count)])
    for key, shard in zip(keys, shards.tolist(), strict=True):
        assert (
            starts[shard]
            <= int(md5(key, usedforsecurity=False).hexdigest(), 16)
            < starts[shard + 1]
        )


def test_the_hash_key_of_a_partition_key() -> None:
    assert hash_key("") == 0xD41D8CD98F00B204E9800998ECF8427E  # RFC 1321, test suite
    assert hash_key("a") == 0x0CC175B9C0F1B6A831C399E269772661
    assert hash_key("message digest") == 0xF96B697D7CB7938D525A2F31AAF161D0
