"""The detector: what it says of plain cases, and that nothing it is given harms it."""

import json
import math
import random

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from streaming.anomaly.detector import Detector
from streaming.anomaly.running import Range, Sustained
from streaming.anomaly.scores import DetectorSettings, Score
from streaming.anomaly.sealed import SnapshotDamaged

ONE = DetectorSettings(features=("orders",), fill=("missing",), seed=1)
QUICK = DetectorSettings(
    features=("orders",), fill=("missing",), seed=1, trees=5, sample=32, decay=1000
)


def _noise(count: int, mid: float = 100.0, seed: int = 1) -> list[float]:
    roll = random.Random(seed)
    return [roll.gauss(mid, 5.0) for _ in range(count)]


def _run(detector: Detector, values: list[float]) -> list[Score]:
    return [detector.process([value]) for value in values]


def test_it_warms_up_then_is_quiet_then_tells_of_a_spike_and_why() -> None:
    detector = Detector(ONE)
    scores = _run(detector, _noise(400))
    assert [score.state for score in scores[:256]] == ["WARMING"] * 256
    assert scores[99].reason == "warming up, 100 of 256 points"
    assert all(score.anomaly_score == 0 for score in scores[:256])
    assert {score.state for score in scores[256:]} == {"OK"}
    assert detector.warmed == (256, 256)
    spike = detector.process([400.0])
    assert spike.state == "ANOMALY"
    assert spike.grade > 0.2
    assert spike.reason.startswith("orders is high: 400, ")
    assert spike.expected is not None
    assert 80 < spike.expected.low < 100 < spike.expected.high < 120
    assert json.loads(spike.explanation)["orders"]["DIRECTION"] == "HIGH"


def test_an_echo_is_graded_but_not_told_again_and_worse_is() -> None:
    detector = Detector(ONE)
    _run(detector, _noise(400))
    first, echo = detector.process([160.0]), detector.process([160.0])
    assert first.state == "ANOMALY"
    assert echo.state in ("SUPPRESSED", "OK")
    worse = [detector.process([1000.0]) for _ in range(3)]
    assert "ANOMALY" in [score.state for score in worse]
    assert all(score.grade > 0 for score in worse)


def test_a_constant_series_that_moves_a_little_is_no_anomaly_and_a_lot_is_one() -> None:
    detector = Detector(ONE)
    scores = _run(detector, [5.0] * 300)
    assert {score.state for score in scores} == {"WARMING", "OK"}
    near = detector.process([5.001])
    assert (near.state, near.grade) == ("SUPPRESSED", 0.0)
    assert "close to what was expected" in near.reason
    detector = Detector(ONE)
    _run(detector, [5.0] * 300)
    assert detector.process([9.0]).state == "ANOMALY"


@pytest.mark.parametrize(("direction", "told"), [("above", False), ("below", True)])
def test_only_the_side_that_is_asked_for_is_told(direction: str, told: bool) -> None:
    detector = Detector(
        DetectorSettings(features=("x",), fill=("missing",), direction=direction, seed=1)  # type: ignore[arg-type]
    )
    _run(detector, _noise(400))
    low = detector.process([1.0])
    assert (low.state == "ANOMALY") is told
    assert (low.grade > 0) is told


def test_of_two_features_the_right_one_is_blamed_whatever_their_sizes() -> None:
    detector = Detector(
        DetectorSettings(features=("revenue", "rate"), fill=("missing", "missing"), seed=1)
    )
    roll = random.Random(3)
    for _ in range(400):
        detector.process([roll.gauss(1e6, 1e5), abs(roll.gauss(0.05, 0.01))])
    score = detector.process([1e6, 0.5])
    assert score.state == "ANOMALY"
    assert score.expected is not None and score.expected.feature == "rate"
    parts = json.loads(score.explanation)
    assert float(parts["rate"]["ATTRIBUTION_SCORE"]) > float(parts["revenue"]["ATTRIBUTION_SCORE"])


@pytest.mark.parametrize("wrong", [None, math.nan, math.inf, -math.inf, 1e39])
def test_a_missing_value_is_said_and_leaves_the_scores_as_they_are(wrong: float | None) -> None:
    with_gap, without = Detector(QUICK), Detector(QUICK)
    values = _noise(120)
    for value in values[:80]:
        with_gap.process([value])
        without.process([value])
    gap = with_gap.process([wrong])
    assert (gap.state, gap.reason) == ("MISSING", "no value of orders")
    for value in values[80:]:
        one, other = with_gap.process([value]), without.process([value])
        assert one.evidence == other.evidence
        assert one.confidence < other.confidence


def test_a_gap_is_worth_what_its_feature_says() -> None:
    zero = Detector(DetectorSettings(features=("n",), fill=("zero",), seed=1))
    _run(zero, _noise(400))
    silence = zero.process([None])
    assert silence.state == "ANOMALY"
    assert silence.expected is not None and silence.expected.value == 0.0
    previous = Detector(DetectorSettings(features=("n",), fill=("previous",), seed=1))
    assert previous.process([None]).state == "MISSING"
    _run(previous, _noise(400))
    assert previous.process([None]).state == "OK"


@hypothesis_settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.floats(allow_nan=True, allow_infinity=True),
            st.sampled_from([0.0, 5e-324, 1e30, -1e30, 3.3e38, 1.0, 1.0 + 2**-52]),
        ),
        min_size=40,
        max_size=120,
    ),
    st.integers(0, 119),
)
def test_nothing_harms_it_and_a_dump_goes_on_bit_for_bit(
    values: list[float | None], cut: int
) -> None:
    whole, part = Detector(QUICK), Detector(QUICK)
    for i, value in enumerate([*values, *_noise(40)]):
        if i == cut:
            part = Detector.load(part.dump())
        assert whole.process([value]) == part.process([value])


def test_a_damaged_dump_is_refused() -> None:
    sealed = Detector(QUICK).dump()
    with pytest.raises(SnapshotDamaged):
        Detector.load(sealed[:-1] + bytes((sealed[-1] ^ 1,)))


def test_the_likelihood_is_the_normal_tail_in_parts_of_a_tenth_power() -> None:
    """Table of the normal distribution: the upper tails at 1 and 3 deviations."""
    for z, tail in ((1.0, 0.158655), (3.0, 0.001350)):
        sustained = Sustained(1, 10_000, last=[], n=1_000_000, mean=1.0, variance=0.25)
        assert sustained.add(1.0 + 0.5 * z) == pytest.approx(-math.log10(tail) / 10, rel=1e-3)
    assert Sustained(20, 10_000).add(5.0) == 0.0


def test_a_range_starts_without_outliers_and_follows_step_by_step() -> None:
    room = Range()
    for value in [*map(float, range(149)), 10_000.0]:
        assert room.left(value, 0.02) == 0
        room.add(value, 1.0)
    assert (room.low, room.high) == (0.0, pytest.approx(111.75 + 3 * 74.5))
    width = room.high
    assert room.left(width * 1.019, 0.02) == 0
    assert room.left(width * 1.021, 0.02) == 1
    assert room.left(-width, 0.02) == -1
    room.add(1e6, 1.0)
    assert room.high == pytest.approx(2 * width)
