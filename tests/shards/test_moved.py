"""What adding partitions moves: against arithmetic, and weighed by records."""

from __future__ import annotations

from math import lcm

import pytest

from streaming.shards.kafka import MurmurPartitioner
from streaming.shards.moved import Moved
from tests.shards.kafka_moves import moved_share

KEYS = [f"customer-{number}".encode() for number in range(20_000)]


@pytest.mark.parametrize("after", [5, 6, 7, 8, 12, 16])
def test_the_share_follows_from_the_counts(after: int) -> None:
    # Over lcm hashes in a row, the four with rests 0 to 3 under both counts stay.
    assert moved_share(KEYS, 4, after).keys == pytest.approx(1 - 4 / lcm(4, after), abs=0.01)


def test_it_counts_the_keys_that_change_their_partition() -> None:
    four, six = MurmurPartitioner(4), MurmurPartitioner(6)
    names = [key.decode() for key in KEYS[:500]]
    weights = [1.0 + number % 7 for number in range(500)]
    moves = [four(name) != six(name) for name in names]
    moved = moved_share(KEYS[:500], 4, 6, weights)
    assert moved.keys == pytest.approx(sum(moves) / 500)
    assert moved.records == pytest.approx(
        sum(weight for weight, move in zip(weights, moves, strict=True) if move) / sum(weights)
    )


def test_one_heavy_key_decides_for_the_records() -> None:
    stays = next(key for key in KEYS if moved_share([key], 4, 6).keys == 0)
    leaves = next(key for key in KEYS if moved_share([key], 4, 6).keys == 1)
    assert moved_share([stays, leaves], 4, 6, [98, 2]) == Moved(0.5, 0.02)
    assert moved_share([stays, leaves], 4, 6) == Moved(0.5, 0.5)


def test_nothing_moves_nothing() -> None:
    assert moved_share(KEYS, 4, 4) == Moved(0, 0)
    assert moved_share([], 4, 6) == moved_share([], 4, 6, []) == Moved(0, 0)
    assert moved_share(KEYS[:3], 4, 6, [0, 0, 0]).records == 0
