"""The exam surface: names, defaults, ranges, warm-up and columns of the SQL reference."""

import json
import random

import pytest

from streaming.anomaly.hotspots import Hotspots
from streaming.anomaly.kinesis import (
    COLUMNS,
    EXPLAINED,
    FOREST,
    HOTSPOTS,
    RandomCutForest,
    checked,
)

DEFAULTS = {"numberOfTrees": 100, "subSampleSize": 256, "timeDecay": 100_000, "shingleSize": 1}
"""Amazon Kinesis Data Analytics SQL Reference, RANDOM_CUT_FOREST, optional parameters."""


def test_defaults_and_output_columns_are_the_reference_s() -> None:
    assert checked(FOREST, ["a"], {}) == DEFAULTS
    assert checked(EXPLAINED, ["a"], {}) == {**DEFAULTS, "withDirectionality": 0}
    assert COLUMNS[FOREST] == ("ANOMALY_SCORE",)
    assert COLUMNS[EXPLAINED] == ("ANOMALY_SCORE", "ANOMALY_EXPLANATION")


@pytest.mark.parametrize(
    ("function", "given"),
    [
        (FOREST, {"numberOfTrees": 1, "subSampleSize": 10, "timeDecay": 11, "shingleSize": 30}),
        (FOREST, {"numberOfTrees": 1000, "subSampleSize": 1000, "timeDecay": 2147483647}),
        (HOTSPOTS, {"windowSize": 100, "scanRadius": 1e-9, "minimumNumberOfPointsInAHotspot": 2}),
        (HOTSPOTS, {"windowSize": 1000, "scanRadius": 9, "minimumNumberOfPointsInAHotspot": 1000}),
    ],
)
def test_the_ends_of_the_ranges_are_allowed(function: str, given: dict[str, float]) -> None:
    assert given.items() <= checked(function, ["a"], given).items()


@pytest.mark.parametrize(
    ("function", "given", "says"),
    [
        (FOREST, {"numberOfTrees": 0}, "numberOfTrees is 1 to 1,000, not 0"),
        (FOREST, {"numberOfTrees": 1001}, "1 to 1,000"),
        (FOREST, {"subSampleSize": 9}, "10 to 1,000"),
        (FOREST, {"shingleSize": 31}, "1 to 30"),
        (FOREST, {"shingleSize": 1.5}, "whole number"),
        (FOREST, {"timeDecay": 0}, "timeDecay"),
        (FOREST, {"timeDecay": 2**31}, "timeDecay"),
        (FOREST, {"timeDecay": 256}, "below timeDecay"),
        (FOREST, {"trees": 5}, "has no 'trees'"),
        (FOREST, {"withDirectionality": 1}, "has no 'withDirectionality'"),
        (HOTSPOTS, {}, "needs windowSize"),
        (
            HOTSPOTS,
            {"windowSize": 99, "scanRadius": 1, "minimumNumberOfPointsInAHotspot": 2},
            "100 to 1,000",
        ),
        (
            HOTSPOTS,
            {"windowSize": 100, "scanRadius": 0, "minimumNumberOfPointsInAHotspot": 2},
            "above 0",
        ),
        (
            HOTSPOTS,
            {"windowSize": 100, "scanRadius": 1, "minimumNumberOfPointsInAHotspot": 101},
            "at most the windowSize",
        ),
    ],
)
def test_everything_else_is_refused(function: str, given: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        checked(function, ["a"], given)


def test_thirty_columns_and_no_more() -> None:
    checked(FOREST, [f"c{i}" for i in range(30)], {})
    with pytest.raises(ValueError, match="30 numeric columns"):
        checked(FOREST, [f"c{i}" for i in range(31)], {})


def test_the_score_is_zero_until_the_sub_sample_is_full() -> None:
    roll = random.Random(1)
    forest = RandomCutForest(FOREST, ["price"], {}, seed=1)
    scores = [forest.process([roll.gauss(50, 5)])[0] for _ in range(300)]
    assert scores[:256] == [0.0] * 256
    assert all(score for score in scores[256:])
    spike, explanation = forest.process([500.0])
    assert spike is not None and spike > max(s or 0 for s in scores) > 0
    assert explanation is None


def test_an_explanation_adds_up_and_points_the_right_way() -> None:
    roll = random.Random(2)
    forest = RandomCutForest(EXPLAINED, ["Systolic", "Diastolic"], {"withDirectionality": 1}, 1)
    for i in range(300):
        _, told = forest.process([roll.gauss(120, 5), roll.gauss(80, 4)])
        parts = json.loads(told or "")
        if i < 256:
            zero = {"DIRECTION": "LOW", "STRENGTH": "0.0000", "ATTRIBUTION_SCORE": "0.0000"}
            assert parts == {"Systolic": zero, "Diastolic": zero}
    score, told = forest.process([60.0, 81.0])
    parts = json.loads(told or "")
    total = sum(float(part["ATTRIBUTION_SCORE"]) for part in parts.values())
    assert total == pytest.approx(score, abs=2e-4)
    assert parts["Systolic"]["DIRECTION"] == "LOW"
    assert float(parts["Systolic"]["ATTRIBUTION_SCORE"]) > 0.8 * (score or 0)


def test_direction_is_told_only_when_asked_for() -> None:
    forest = RandomCutForest(EXPLAINED, ["a"], {}, 1)
    assert json.loads(forest.process([1.0])[1] or "") == {"a": {"ATTRIBUTION_SCORE": "0.0000"}}


def test_a_row_without_a_number_is_passed_on_and_not_learnt() -> None:
    forest = RandomCutForest(FOREST, ["a", "b"], {}, 1)
    forest.process([1.0, 2.0])
    before = forest.dump()
    assert forest.process([1.0, None]) == (None, None)
    assert forest.process([float("nan"), 2.0]) == (None, None)
    assert forest.dump() == before


def _dbscan(points: list[tuple[float, float]], radius: float, fewest: int) -> set[frozenset[int]]:
    """Another way to the clusters: merge cores that are near, then give borders to every one."""
    near = [
        {j for j, q in enumerate(points) if (p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2 <= radius**2}
        for p in points
    ]
    groups = [{i} for i, around in enumerate(near) if len(around) >= fewest]
    merged = True
    while merged:
        merged = False
        for a in range(len(groups)):
            for b in range(a + 1, len(groups)):
                if any(near[i] & groups[b] for i in groups[a]):
                    groups[a] |= groups.pop(b)
                    merged = True
                    break
            if merged:
                break
    return {frozenset(set().union(*(near[i] for i in group))) for group in groups}


@pytest.mark.parametrize("seed", range(6))
def test_hotspots_are_dbscan_s_clusters_of_the_last_rows(seed: int) -> None:
    roll = random.Random(seed)
    rows = [(roll.choice((roll.random() * 10, roll.gauss(5, 0.2))), roll.random() * 3) for _ in
            range(160)]  # fmt: skip
    given = {"windowSize": 100, "scanRadius": 0.4, "minimumNumberOfPointsInAHotspot": 4}
    spots = Hotspots(["x", "y"], given)
    for i, row in enumerate(rows):
        told = json.loads(spots.process(row) or "")["hotspots"]
        if i % 20 == 19:
            window = rows[max(0, i - 99) : i + 1]
            expected = {
                (
                    round(len(members) / len(window), 6),
                    min(window[m][0] for m in members),
                    max(window[m][1] for m in members),
                )
                for members in _dbscan(window, 0.4, 4)
            }
            assert {
                (spot["density"], spot["minValues"][0], spot["maxValues"][1]) for spot in told
            } == expected


def test_hotspots_go_on_from_a_dump() -> None:
    roll = random.Random(9)
    given = {"windowSize": 100, "scanRadius": 0.2, "minimumNumberOfPointsInAHotspot": 3}
    whole, part = Hotspots(["x"], given), Hotspots(["x"], given)
    for _ in range(130):
        row = [roll.random() * 5]
        assert part.process(row) == whole.process(row)
        again = Hotspots(["x"], given)
        again.load(part.dump())
        part = again
    assert whole.process([None]) is None
