"""Alarms held against labels."""

from hypothesis import given
from hypothesis import strategies as st

from streaming.scoring import Alarm, Label, merged, score

LABELS = [Label(100_000, 200_000, "flash_sale"), Label(400_000, 450_000, "bot_storm")]


def test_found_missed_false_and_delays():
    alarms = [Alarm(99_999, "early"), Alarm(120_000, "a"), Alarm(260_000, "b"), Alarm(300_000, "c")]
    scores = score(LABELS, alarms)
    assert (scores.precision, scores.recall) == (0.5, 0.5)
    assert scores.delay_s == {"p50": 20.0, "max": 20.0}
    assert (scores.false_alarms, scores.missed) == (2, 1)
    assert [alarm.name for alarm in scores.false] == ["early", "c"]
    assert scores.kinds == {
        "flash_sale": {"found": 1, "missed": 0}, "bot_storm": {"found": 0, "missed": 1}
    }  # fmt: skip


def test_nothing_to_divide_by_is_not_zero():
    assert score([], []).precision is score([], []).recall is None
    assert score([], [Alarm(1, "x")]).precision == 0.0
    assert score(LABELS, []).recall == 0.0 and score(LABELS, []).precision is None


def test_what_no_alarm_looks_for_is_neither_missed_nor_false():
    late = [Label(0, 10_000, "late")]
    assert score(late, []).recall is None
    assert score(late, [Alarm(5_000, "x")]).false_alarms == 0


def test_an_incident_of_two_generators_is_one():
    parts = [Label(0, 60_000, "hot_key"), Label(30_000, 60_500, "hot_key"), Label(0, 5, "late")]
    assert merged(parts) == [Label(0, 5, "late"), Label(0, 60_500, "hot_key")]
    assert score(parts, [Alarm(1_000, "x")]).incidents == 1


times = st.integers(0, 1_000_000)
labels = st.lists(
    st.builds(lambda a, n, k: Label(a, a + n, k), times, st.integers(1, 90_000),
              st.sampled_from(["hot_key", "slow_drift", "late"])), max_size=8,
)  # fmt: skip


@given(labels, st.lists(st.builds(Alarm, times, st.just("x")), max_size=8))
def test_every_alarm_is_true_or_false_and_every_incident_found_or_missed(known, alarms):
    scores = score(known, alarms)
    assert 0 <= scores.false_alarms <= len(alarms) and 0 <= scores.missed <= scores.incidents
    found = sum(counts["found"] for counts in scores.kinds.values())
    assert found + scores.missed == scores.incidents
    if scores.recall is not None:
        assert scores.recall == found / scores.incidents
