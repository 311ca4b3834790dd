"""Conditions: they compute as Python does, know what is unknown, and can do nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.tapes.expressions import Expression, ExpressionError, condition

KINDS: Any = {
    "a": "number", "b": "number", "name": "text", "ok": "truth", "per": "numbers", "words": "texts",
}  # fmt: skip
VALUES: dict[str, Any] = {
    "a": 3.0, "b": None, "name": "country", "ok": True, "per": {0: 1.0, 2: 5.0},
    "words": ("x", "y"),
}  # fmt: skip


def value(text: str, **more: Any) -> Any:
    values = {**VALUES, **more}
    return Expression(text, KINDS, ("clicks",)).value(lambda _, name: values[name])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a + 1", 4), ("a * 2 - 1 > 4", True), ("1 < a < 5", True), ("a == 3 and ok", True),
        ('name == "country"', True), ('name != "x" or b > 1', True), ("per[2]", 5),
        ("max(per) - min(per)", 4), ("len(words) == 2", True), ('"x" in words', True),
        ("sum(per) / a", 2), ("abs(-a)", 3), ("known(a)", True), ("known(b)", False),
    ],
)  # fmt: skip
def test_it_computes(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text", ["b > 1", "not b > 1", "b == b", "a + b > 0", "per[1] > 0", "a / 0 > 1", "b > 1 and ok"]
)
def test_what_is_not_known_does_not_hold(text: str) -> None:
    assert not condition(text, KINDS, ()).holds(lambda _, name: VALUES[name])


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')", "().__class__", "a.__class__", "a ** 9", "9**9**9**9", "lambda: 1",
        "[x for x in per]", "f'{a}'", "open('x')", "a if ok else b", "(a := 1)", "a @ a", "a << 99",
        "'x' * 10", "name + name", "eval('1')", "per['x']", "exec", "a(1)", "max", "1j", "...",
        "a < name", "unknown > 1", "orders.a > 1", "", "a >", "a\x00", "(" * 300 + "a" + ")" * 300,
        "a + " * 200 + "a", "x" * 500, "b'x' == b'x'", "await a", "*per", "{1: 2}", "max(**per)",
    ],
)  # fmt: skip
def test_nothing_else_can_be_done(text: str) -> None:
    with pytest.raises(ExpressionError, match="column"):
        condition(text, KINDS, ("clicks",))


numbers = st.recursive(
    st.sampled_from(["a", "2", "7", "0.5"]),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from("+-*"), inner),
    max_leaves=8,
)


@given(numbers, numbers, st.sampled_from(["<", "<=", "==", "!=", ">", ">="]))
def test_it_agrees_with_python(left: str, right: str, sign: str) -> None:
    text = f"{left} {sign} {right}"
    if len(text) < 400:
        assert value(text) == eval(text, {"a": 3.0})  # noqa: S307 - our own text


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        condition(text, KINDS, ("clicks",))
    except ExpressionError as error:
        assert error.column >= 1
