"""The values of a window: what a specification asks for, and the measures that panes keep for it.

A value is written as a function of a field, with a filter where it does not speak of all events:

    orders       = "count()"
    revenue      = "sum(total_cents) where type = paid"
    decline_rate = "ratio(declined, orders)"
    slow         = "quantile(load_ms, 0.99)"

Panes keep measures, from which the values of every window that contains them follow: an average is
a sum and a count, a ratio is two values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Final, Literal, TypeAlias

import msgspec

Op: TypeAlias = Literal["count", "sum", "min", "max", "distinct", "quantiles", "first", "last"]
Scalar: TypeAlias = int | float | str | None

FUNCTIONS: Final = (
    "count", "sum", "min", "max", "avg", "distinct", "quantile", "first", "last", "ratio"
)  # fmt: skip

_CALL: Final = re.compile(
    r"\s*(?P<name>[a-z]+)\s*\(\s*(?P<args>[^()]*?)\s*\)\s*(?:where\s+(?P<where>.+?))?\s*"
)
_EQUALS: Final = re.compile(r"\s*(?P<field>[a-z_]+)\s*=\s*(?P<value>[^\s=](?:.*[^\s])?)\s*")


class Measure(msgspec.Struct, frozen=True, order=True):
    """What a pane keeps: an operation on a field, over the events that pass all of `where`."""

    op: Op
    field: str
    where: tuple[tuple[str, str], ...] = ()


class Value(msgspec.Struct, frozen=True):
    """One value of a window. `of` are the two values of a ratio, `part` the quantile's (0 to 1)."""

    name: str
    function: str
    measures: tuple[Measure, ...]
    part: float = 0.0
    of: tuple[str, str] = ("", "")


class Known(msgspec.Struct, frozen=True):
    """The fields that a stream's values may speak of."""

    texts: Collection[str]
    numbers: Collection[str]


def parse_values(texts: Mapping[str, str], known: Known) -> tuple[Value, ...]:
    """The values of a specification. Raises ValueError in the user's words."""
    values = tuple(_value(name, text, known) for name, text in texts.items())
    functions = {value.name: value.function for value in values}
    for value in values:
        for other in value.of if value.function == "ratio" else ():
            if functions.get(other) in (None, "ratio", "first", "last"):
                raise ValueError(
                    f"{value.name}: a ratio is of two other numbers of this window; "
                    f"{other!r} is none of them"
                )
    return values


def _value(name: str, text: str, known: Known) -> Value:
    call = _CALL.fullmatch(text)
    if call is None or call["name"] not in FUNCTIONS:
        raise ValueError(
            f"{name}: {text!r} is not a value; write FUNCTION(FIELD) with one of "
            f'{", ".join(FUNCTIONS)}, and after it "where FIELD = TEXT" if need be'
        )
    function = call["name"]
    args = [arg.strip() for arg in call["args"].split(",")] if call["args"] else []
    where = _where(name, call["where"], known)
    if function == "ratio":
        if len(args) != 2 or where:
            raise ValueError(f"{name}: write ratio(VALUE, VALUE), with the names of two values")
        return Value(name, function, (), of=(args[0], args[1]))
    if function == "count":
        if args:
            raise ValueError(f"{name}: count() takes no field; it counts events")
        return Value(name, function, (Measure("count", "", where),))
    return _of_field(name, function, args, where, known)


def _of_field(
    name: str, function: str, args: list[str], where: tuple[tuple[str, str], ...], known: Known
) -> Value:
    part = 0.0
    if function == "quantile":
        if len(args) != 2 or not re.fullmatch(r"0?\.\d{1,6}", args[1]) or not float(args[1]):
            raise ValueError(f"{name}: write quantile(FIELD, PART) with a part such as 0.99")
        part = float(args.pop())
    if len(args) != 1:
        raise ValueError(f"{name}: {function}() takes one field")
    fields = known.numbers if function in ("sum", "min", "max", "avg", "quantile") else (
        [*known.texts, *known.numbers] if function in ("first", "last") else known.texts
    )  # fmt: skip
    if args[0] not in fields:
        raise ValueError(
            f"{name}: {function}() of {args[0]!r} is not possible here; it takes one of "
            f"{', '.join(sorted(fields))}"
        )
    ops: dict[str, tuple[Op, ...]] = {"avg": ("sum", "count"), "quantile": ("quantiles",)}
    plain: tuple[Op, ...] = (function,)  # type: ignore[assignment]
    measures = tuple(
        Measure(op, "" if op == "count" else args[0], where) for op in ops.get(function, plain)
    )
    return Value(name, function, measures, part)


def _where(name: str, text: str | None, known: Known) -> tuple[tuple[str, str], ...]:
    if text is None:
        return ()
    pairs = []
    for term in re.split(r"\s+and\s+", text):
        match = _EQUALS.fullmatch(term)
        if match is None:
            raise ValueError(f"{name}: {term!r} is not a filter; write FIELD = TEXT")
        if match["field"] not in known.texts:
            raise ValueError(
                f"{name}: there is no field {match['field']!r} to filter by; there are "
                f"{', '.join(sorted(known.texts))}"
            )
        pairs.append((match["field"], match["value"].strip("'\"")))
    return tuple(sorted(pairs))
