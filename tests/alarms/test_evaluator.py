"""The tables of CloudWatch's guide on missing data, and plain thresholds and bands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.alarms.evaluator import (
    BANDS,
    THRESHOLDS,
    Datapoint,
    Rule,
    breaches,
    evaluate,
)

OK, ALARM, NO_DATA, KEEP = "OK", "ALARM", "INSUFFICIENT_DATA", "KEEP"
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def rule(datapoints: int, missing: str = "missing", periods: int = 3) -> Rule:
    return Rule(
        comparison="GreaterThanThreshold", threshold=1.0, datapoints=datapoints, periods=periods,
        missing=missing,  # type: ignore[arg-type]
    )  # fmt: skip


def points(text: str) -> list[Datapoint | None]:
    """As the guide draws them: 0 is good, X breaching, - missing; the newest on the right."""
    values = {"0": Datapoint(0.0), "X": Datapoint(2.0), "-": None}
    return [values[sign] for sign in text.split()]


# Amazon CloudWatch User Guide, "How alarm state is evaluated when data is missing": the first table
# (3 of 3), the second (2 of 3), and the examples of "Avoiding premature transitions". The columns
# are missing, ignore, breaching, notBreaching.
GUIDE = [
    (3, "0 - X - X", (OK, OK, OK, OK)),
    (3, "0 - - - -", (OK, OK, OK, OK)),
    (3, "- - - - -", (NO_DATA, KEEP, ALARM, OK)),
    (3, "0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
    (3, "- - X - -", (ALARM, KEEP, ALARM, OK)),
    (2, "0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
    (2, "0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
    (2, "0 - X - -", (OK, OK, ALARM, OK)),
    (2, "- - - - 0", (OK, OK, ALARM, OK)),
    (2, "- - - X -", (ALARM, KEEP, ALARM, OK)),
]


@pytest.mark.parametrize("present", [OK, ALARM, NO_DATA])
@pytest.mark.parametrize(
    ("datapoints", "drawn", "missing", "state"),
    [
        (datapoints, drawn, missing, state)
        for datapoints, drawn, states in GUIDE
        for missing, state in zip(TREATMENTS, states, strict=True)
    ],
)
def test_the_guide_s_tables(
    datapoints: int, drawn: str, missing: str, state: str, present: str
) -> None:
    verdict = evaluate(rule(datapoints, missing), points(drawn), present)  # type: ignore[arg-type]
    assert verdict.state == (present if state == KEEP else state)
    assert verdict.reason


@pytest.mark.parametrize("drawn", ["- - - - X", "- - - X -", "- - - X 0", "- - X - 0"])
def test_an_alarm_does_not_go_off_before_its_time(drawn: str) -> None:
    assert evaluate(rule(3), points(drawn), OK).state == OK


def test_one_of_one_needs_one() -> None:
    one = rule(1, periods=1)
    assert evaluate(one, points("0 X"), OK).state == ALARM
    assert evaluate(one, points("X 0"), ALARM).state == OK
    assert evaluate(one, points("- - -"), OK).state == NO_DATA
    assert one.reach == 3


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("GreaterThanThreshold", (False, False, True)),
        ("GreaterThanOrEqualToThreshold", (False, True, True)),
        ("LessThanThreshold", (True, False, False)),
        ("LessThanOrEqualToThreshold", (True, True, False)),
    ],
)
def test_thresholds(comparison: str, expected: tuple[bool, ...]) -> None:
    assert set(THRESHOLDS) >= {comparison}
    made = Rule(comparison=comparison, threshold=5.0, datapoints=1, periods=1, missing="missing")
    assert tuple(breaches(made, Datapoint(x)) for x in (4.0, 5.0, 6.0)) == expected


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("LessThanLowerOrGreaterThanUpperThreshold", (True, False, True)),
        ("LessThanLowerThreshold", (True, False, False)),
        ("GreaterThanUpperThreshold", (False, False, True)),
    ],
)
def test_bands(comparison: str, expected: tuple[bool, ...]) -> None:
    assert comparison in BANDS
    made = Rule(comparison=comparison, threshold=None, datapoints=1, periods=1, missing="missing")
    assert tuple(breaches(made, Datapoint(x, 3.0, 7.0)) for x in (2.0, 5.0, 8.0)) == expected


drawings = st.lists(st.sampled_from("0X-"), max_size=12).map(" ".join)


@given(
    drawings, st.integers(1, 3), st.sampled_from(TREATMENTS), st.sampled_from([OK, ALARM, NO_DATA])
)
def test_only_the_evaluation_range_matters(
    drawn: str, datapoints: int, missing: str, present: str
) -> None:
    made, seen = rule(datapoints, missing), points(drawn)
    whole = evaluate(made, seen, present)  # type: ignore[arg-type]
    assert evaluate(made, seen[-made.reach :], present) == whole  # type: ignore[arg-type]
    states = {evaluate(made, seen, p).state for p in (OK, ALARM, NO_DATA)}  # type: ignore[arg-type]
    assert missing == "ignore" or len(states) == 1, "only ignore looks at the state before"
