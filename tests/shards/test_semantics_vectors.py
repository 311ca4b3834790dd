"""Figures measured outside of the lab, which its rules have to give again."""

from __future__ import annotations

import zlib
from collections import Counter

import numpy as np
import pytest

from generators.shop import Shop, ShopConfig
from streaming.shards.hash_keys import HASH_KEYS, even_starts, hash_key
from streaming.shards.hashing import kafka_partitions
from streaming.shards.keys import shop
from streaming.shards.limits import shard_limits
from streaming.shards.sample import Sample, read_lines
from streaming.shards.whatif import Question, Row, compare
from tests.shards.kafka_moves import moved_share

KEYS = [f"customer-{number}" for number in range(20_000)]


@pytest.mark.parametrize(
    ("before", "after", "moved"), [(4, 5, 0.801), (4, 6, 0.665), (4, 8, 0.501)]
)
def test_keys_that_move_when_partitions_are_added(before: int, after: int, moved: float) -> None:
    share = moved_share([key.encode() for key in KEYS], before, after)
    assert share.keys == share.records == pytest.approx(moved, abs=0.01)


def test_a_split_of_one_shard_in_four_moves_an_eighth_of_the_keys() -> None:
    """Half of one shard's range gets a new home, and no other key does."""
    start, end = even_starts(4)[1:3]
    middle = (start + end) // 2
    hashes = [hash_key(key) for key in KEYS]
    assert np.mean([middle <= key < end for key in hashes]) == pytest.approx(0.125, abs=0.01)
    assert end - middle == HASH_KEYS // 8


def test_librdkafka_s_default_puts_a_quarter_of_keys_where_java_does() -> None:
    """CRC32 against murmur2 on four partitions: they agree by chance, one time in four.

    librdkafka's `consistent_random` takes the CRC32 of the key modulo the partitions; its
    `murmur2_random` is Java's.
    """
    keys = [key.encode() for key in KEYS[:200]]
    (java,) = kafka_partitions(keys, [4])
    agree = np.mean([zlib.crc32(key) % 4 for key in keys] == java)
    assert agree == pytest.approx(0.25, abs=0.1)


@pytest.fixture(scope="module")
def sample() -> Sample:
    made = Shop(ShopConfig(seed=7, rate=20_000), 0)
    lines: list[bytes] = []
    while len(lines) < 60_000:
        lines += [r.value for r in made.tick() if r.event is not None]
    return read_lines(lines)


def skew(sample: Sample, key: str, shards: int = 4) -> Row:
    """As Kinesis would route them."""
    (row,), _ = compare(sample, [shop(key)], Question("kinesis", (shards,), 1000, shard_limits()))
    return row


@pytest.mark.parametrize(
    ("key", "max_over_mean", "jain", "tolerance"),
    [
        ("event_id", 1.01, 1.00, 0.02),  # no two records share a key
        ("constant", 4.00, 0.25, 1e-9),
        # Few values whose weights the shop fixes, so that no seed changes them much.
        ("country", 2.0, 0.61, 0.05),
        ("event_type", 2.84, 0.44, 0.05),
    ],
)
def test_skew_of_the_shop_s_keys(
    sample: Sample, key: str, max_over_mean: float, jain: float, tolerance: float
) -> None:
    row = skew(sample, key)
    assert row.max_over_mean == pytest.approx(max_over_mean, abs=tolerance)
    assert row.jain == pytest.approx(jain, abs=tolerance)


def test_more_shards_do_not_cure_skew(sample: Sample) -> None:
    found = [skew(sample, "customer_id", shards).max_over_mean for shards in (4, 8, 16)]
    assert found == sorted(found) and found[2] > found[0] + 0.3


def test_the_heaviest_key_or_an_even_share_is_the_least_that_order_allows(sample: Sample) -> None:
    counts = Counter(sample.encoded(shop("customer_id")).numbers.tolist())
    heaviest = max(counts.values()) / len(sample)
    for shards in (4, 8, 64, 1000):
        assert skew(sample, "customer_id", shards).hottest_share >= max(heaviest, 1 / shards)
