"""Statistics, metric maths and rules of composite alarms."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.alarms.composite import BadRule, CompositeRule, in_order
from streaming.alarms.maths import BadExpression, Expression
from streaming.alarms.statistics import datapoint, known


@pytest.mark.parametrize(
    ("statistic", "value"),
    [
        ("Average", 4.0), ("Sum", 20.0), ("Minimum", 1.0), ("Maximum", 10.0), ("SampleCount", 5.0),
        ("p50", 3.0), ("p0", 1.0), ("p100", 10.0), ("p75", 4.0), ("p90", 7.6),
    ],
)  # fmt: skip
def test_statistics(statistic: str, value: float) -> None:
    samples = [10.0, 1.0, 3.0, math.nan, 4.0, math.inf, 2.0]
    assert known(statistic)
    assert datapoint(statistic, samples) == pytest.approx(value)
    assert datapoint(statistic, [math.nan]) is None


def test_unknown_statistics() -> None:
    for wrong in ("average", "p101", "p", "Median"):
        assert not known(wrong)


M1 = [1.0, None, 4.0, 8.0]
M2 = [2.0, 2.0, 0.0, 2.0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("m1 / m2", 4.0), ("m1 - m2 * 2", 4.0), ("-m1 ^ 2", -64.0), ("(m1 + 2) / 5", 2.0),
        ("m1 > 7", 1.0), ("m1 >= 9", 0.0), ("m1 > 7 AND m2 < 1", 0.0), ("m1 > 7 OR m2 < 1", 1.0),
        ("AVG(m1)", 13 / 3), ("SUM(m1)", 13.0), ("MIN(m1)", 1.0), ("MAX(m1)", 8.0),
        ("DIFF(m1)", 4.0), ("RATE(m1)", 0.8), ("ABS(-m1)", 8.0), ("LOG10(m1 * 12.5)", 2.0),
        ("IF(m1 > 5, m2, 0)", 2.0), ("m1 / 0", None), ("SUM(FILL(m1, 100))", 113.0),
        ("SUM(FILL(m1, REPEAT))", 14.0), ("m1 == 8", 1.0), ("9 ^ 9 ^ 9", None),
        ("(0 - 8) ^ 0.5", None),
    ],
)  # fmt: skip
def test_maths(text: str, value: float | None) -> None:
    result = Expression(text).last({"m1": list(M1), "m2": list(M2)}, 5.0)
    assert result == (None if value is None else pytest.approx(value))


def test_a_missing_datapoint_is_missing_in_what_is_made_of_it() -> None:
    missing = {"m1": [1.0, None], "m2": [1.0, 1.0]}
    for text in ("m1 + m2", "m1 > 0", "m1 > 0 AND m2 > 0", "IF(m1, 1, 2)", "DIFF(m1)", "-m1"):
        assert Expression(text).last(missing, 1.0) is None, text
    assert Expression("AVG(m1)").last({"m1": [None, None]}, 1.0) is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no expression"), ("m1 +", "no expression"), ("M1", "begin in lower case"),
        ("foo(m1)", "no function foo"), ("AVG()", "takes 1 argument"), ("IF(m1, 2)", "takes 3"),
        ("m1.x", "not possible here"), ("[m1]", "not possible"), ("'a'", "not possible"),
        ("__import__('os')", "no function __import__"), ("m1 if m2 else 3", "not possible"),
        ("lambda: 1", "not possible"), ("True", "write 1 and 0"), ("1 < m1 < 3", "not possible"),
        ("m1" + " + m1" * 200, "characters at most"), ("1e999", "too large"),
        ("AVG(x=m1)", "not possible"), ("(" * 120 + "m1" + ")" * 120, ""),
    ],
)  # fmt: skip
def test_what_is_no_expression(text: str, says: str) -> None:
    try:
        Expression(text)
    except BadExpression as error:
        assert says in str(error)
    else:
        assert not says, "it was taken"


@given(st.text(alphabet="m12 +-*/^()<>=ANDORVGIFSUM,.", max_size=40))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        made = Expression(text)
    except BadExpression:
        return
    made.last({name: [1.0, None, 2.0] for name in made.names}, 1.0)


STATES = {"a": "ALARM", "b": "OK", "c": "INSUFFICIENT_DATA"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("ALARM(a)", True), ("OK(a)", False), ("NOT ALARM(b)", True),
        ("INSUFFICIENT_DATA(c)", True),
        ("ALARM(a) AND ALARM(b) OR OK(b)", True), ("ALARM(a) AND (ALARM(b) OR OK(b))", True),
        ("NOT (ALARM(a) OR OK(b))", False), ("TRUE AND NOT FALSE", True), ('ALARM("a")', True),
        ("ALARM(a) OR ALARM(b) AND FALSE", True), ("  ALARM ( a )  ", True),
    ],
)  # fmt: skip
def test_rules(text: str, holds: bool) -> None:
    assert CompositeRule(text).holds(STATES) is holds  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "at"),
    [("", 1), ("ALARM", 1), ("ALARM(a) ALARM(b)", 9), ("(ALARM(a)", 10), ("ALARM(a) AND", 13),
     ("NOT", 4), ("ALARM()", 1), ("alarm(a)", 1), ("ALARM(a) XOR OK(b)", 9)],
)  # fmt: skip
def test_what_is_no_rule(text: str, at: int) -> None:
    with pytest.raises(BadRule, match=f"character {at} "):
        CompositeRule(text)


def test_composites_come_after_what_they_speak_of_and_not_in_circles() -> None:
    rules = {"x": CompositeRule("ALARM(y)"), "y": CompositeRule("ALARM(z) OR OK(leaf)"),
             "z": CompositeRule("OK(leaf)")}  # fmt: skip
    assert in_order(rules) == ["z", "y", "x"]
    rules["z"] = CompositeRule("OK(x)")
    with pytest.raises(BadRule, match="speak of each other"):
        in_order(rules)
