"""The forest: what it refuses, that it goes on bit for bit, and that damage is noticed."""

import math
import random

import pytest

from streaming.anomaly.forest import Forest, ForestSettings
from streaming.anomaly.sealed import SnapshotDamaged, seal, unseal

SMALL = ForestSettings(dimensions=2, trees=10, sample=32, seed=3)


def _points(count: int, seed: int = 1) -> list[list[float]]:
    roll = random.Random(seed)
    return [[roll.gauss(0, 1), roll.gauss(5, 2)] for _ in range(count)]


def _fed(points: list[list[float]], settings: ForestSettings = SMALL) -> Forest:
    forest = Forest(settings)
    for point in points:
        forest.learn(point)
    return forest


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 3.5e38, 1e300])
def test_what_the_engine_would_choke_on_leaves_no_trace(wrong: float) -> None:
    forest = _fed(_points(100))
    before = forest.dump()
    for call in (forest.score, forest.learn, forest.attribution):
        with pytest.raises(ValueError, match="finite numbers"):
            call([0.0, wrong])
    assert forest.dump() == before


def test_a_score_is_nothing_until_the_sample_is_full() -> None:
    forest = Forest(SMALL)
    scores = []
    for point in _points(40):
        scores.append(forest.score(point))
        forest.learn(point)
    assert not any(scores[:32])
    assert all(scores[32:])
    assert forest.seen == 40


def test_the_parts_of_a_score_add_up_to_it_and_point_the_right_way() -> None:
    forest = _fed(_points(300))
    point = [0.0, 60.0]
    parts = forest.attribution(point)
    assert sum(high + low for high, low in parts) == pytest.approx(forest.score(point), rel=1e-6)
    (_, _), (high, low) = parts
    assert high > 0.9 * forest.score(point) > low


def test_a_shingle_is_told_by_column() -> None:
    forest = _fed(_points(300), ForestSettings(dimensions=2, trees=10, sample=32, shingle=4))
    point = [0.0, 60.0]
    parts = forest.attribution(point)
    assert len(parts) == 2
    assert sum(high + low for high, low in parts) == pytest.approx(forest.score(point), rel=1e-6)


@pytest.mark.parametrize("cut", [0, 1, 31, 32, 33, 200])
def test_a_loaded_forest_goes_on_bit_for_bit(cut: int) -> None:
    points = _points(300)
    whole, part = _fed(points[:cut]), _fed(points[:cut])
    part = Forest.load(part.dump())
    for point in points[cut:]:
        assert part.score(point) == whole.score(point)
        part.learn(point)
        whole.learn(point)
    assert part.dump() == whole.dump()


def test_damaged_and_foreign_snapshots_are_refused() -> None:
    sealed = _fed(_points(60)).dump()
    roll = random.Random(5)
    for _ in range(100):
        at = roll.randrange(len(sealed))
        damaged = bytearray(sealed)
        damaged[at] ^= 1 << roll.randrange(8)
        with pytest.raises(SnapshotDamaged):
            Forest.load(bytes(damaged))
    for cut in (0, 3, 8, 20, len(sealed) - 1):
        with pytest.raises(SnapshotDamaged):
            Forest.load(sealed[:cut])
    with pytest.raises(SnapshotDamaged, match="written by another 9"):
        unseal("krcf 0.4.0", seal("another 9", b"x"))
    with pytest.raises(SnapshotDamaged):
        Forest.load(seal("krcf 0.4.0", b"\x93no"))


def test_a_forest_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        Forest(ForestSettings(dimensions=30, trees=1000, sample=1000, shingle=30))
