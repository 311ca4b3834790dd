"""Metric maths: expressions over the datapoints of several metrics.

As CloudWatch's, as far as alarms need it: + - * / ^, comparisons (1 or 0), AND, OR, and functions
over a series (AVG, SUM, MIN, MAX, DIFF, RATE, FILL) or a number (ABS, LOG10, IF). A series is the
last datapoints of a metric, oldest first; None is a missing one. A division by zero is missing.
Parsed with Python's own parser and walked over a short list of what is allowed; never evaluated.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

Series: TypeAlias = list[float | None]

MOST: Final = 500
"""Characters of an expression."""

_BINARY: Final[dict[type[ast.AST], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARGUMENTS: Final = {
    "ABS": 1, "AVG": 1, "DIFF": 1, "FILL": 2, "IF": 3, "LOG10": 1, "MAX": 1, "MIN": 1,
    "RATE": 1, "SUM": 1,
}  # fmt: skip


class BadExpression(ValueError):
    """The text is no expression; says where and why."""


class Expression:
    """A parsed expression. `names` are the metrics it speaks of."""

    def __init__(self, text: str) -> None:
        """Raises BadExpression."""
        if len(text) > MOST:
            raise BadExpression(f"an expression has {MOST} characters at most")
        python = re.sub(r"\bAND\b", "and", re.sub(r"\bOR\b", "or", text.replace("^", "**")))
        try:
            self._tree = ast.parse(python.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise BadExpression(f"{text!r} is no expression") from None
        self.names: set[str] = set()
        self._check(self._tree)

    def _check(self, node: ast.AST) -> None:
        match node:
            case ast.Constant(value=bool()):
                raise BadExpression("write 1 and 0 for true and false")
            case ast.Constant(value=int() | float() as number):
                if not -1e300 < number < 1e300:
                    raise BadExpression(f"{number} is too large a number")
            case ast.Name(id=name):
                if not re.fullmatch(r"[a-z][a-zA-Z0-9_]*", name):
                    raise BadExpression(f"{name!r} is no metric: their ids begin in lower case")
                self.names.add(name)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                self._check(left)
                self._check(right)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                self._check(operand)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _BINARY:
                self._check(left)
                self._check(right)
            case ast.BoolOp(values=values):
                for value in values:
                    self._check(value)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                self._check_call(name, args)
            case _:
                where = getattr(node, "col_offset", 0) + 1
                raise BadExpression(f"what stands at character {where} is not possible here")

    def _check_call(self, name: str, args: Sequence[ast.expr]) -> None:
        wanted = _ARGUMENTS.get(name)
        if wanted is None:
            raise BadExpression(f"there is no function {name}; there are {', '.join(_ARGUMENTS)}")
        if len(args) != wanted:
            raise BadExpression(f"{name} takes {wanted} argument{'s' * (wanted > 1)}")
        for i, arg in enumerate(args):
            repeat = name == "FILL" and i == 1 and isinstance(arg, ast.Name) and arg.id == "REPEAT"
            if not repeat:
                self._check(arg)

    def last(self, metrics: Mapping[str, Series], step_s: float) -> float | None:
        """The newest datapoint of the expression; the metrics' series have one length.

        `step_s` is the seconds from one datapoint to the next.
        """
        length = max((len(series) for series in metrics.values()), default=1)
        value = _Walk(metrics, length, step_s).series(self._tree)[-1]
        return value if value is not None and math.isfinite(value) else None


class _Walk:
    """Computes whole series, since functions look back."""

    def __init__(self, metrics: Mapping[str, Series], length: int, step_s: float) -> None:
        self._metrics = metrics
        self._length = length
        self._step_s = step_s

    def series(self, node: ast.AST) -> Series:
        match node:
            case ast.Constant(value=value):
                return [float(value)] * self._length  # type: ignore[arg-type]
            case ast.Name(id=name):
                return list(self._metrics[name])
            case ast.UnaryOp(operand=operand):
                return [None if x is None else -x for x in self.series(operand)]
            case ast.BinOp(left=left, op=op, right=right):
                return self._each(_BINARY[type(op)], left, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]):
                return self._each(_BINARY[type(op)], left, right)
            case ast.BoolOp(op=op, values=values):
                parts = [self.series(value) for value in values]
                choose = all if isinstance(op, ast.And) else any
                return [
                    None if None in row else float(choose(row)) for row in zip(*parts, strict=True)
                ]
            case ast.Call(func=ast.Name(id=name), args=args):
                return self._call(name, args)
        raise AssertionError(node)

    def _each(
        self, compute: Callable[[float, float], float], left: ast.AST, right: ast.AST
    ) -> Series:
        pairs = zip(self.series(left), self.series(right), strict=True)
        return [_number(compute, a, b) for a, b in pairs]

    def _call(self, name: str, args: Sequence[ast.expr]) -> Series:
        first = self.series(args[0])
        there = [x for x in first if x is not None]
        match name:
            case "ABS":
                return [None if x is None else abs(x) for x in first]
            case "LOG10":
                return [None if x is None or x <= 0 else math.log10(x) for x in first]
            case "IF":
                yes, no = self.series(args[1]), self.series(args[2])
                return [
                    None if c is None else (a if c else b)
                    for c, a, b in zip(first, yes, no, strict=True)
                ]
            case "FILL":
                return self._fill(first, args[1])
            case "DIFF" | "RATE":
                over = self._step_s if name == "RATE" else 1.0
                return [
                    None if a is None or b is None else (b - a) / over
                    for a, b in zip([None, *first[:-1]], first, strict=True)
                ]
        if not there:
            return [None] * self._length
        whole = {"AVG": math.fsum(there) / len(there), "SUM": math.fsum(there),
                 "MIN": min(there), "MAX": max(there)}[name]  # fmt: skip
        return [whole] * self._length

    def _fill(self, series: Series, what: ast.expr) -> Series:
        if not (isinstance(what, ast.Name) and what.id == "REPEAT"):
            worth = self.series(what)
            return [w if x is None else x for x, w in zip(series, worth, strict=True)]
        filled: Series = []
        for value in series:
            filled.append(filled[-1] if value is None and filled else value)
        return filled


def _number(
    compute: Callable[[float, float], float], a: float | None, b: float | None
) -> float | None:
    if a is None or b is None:
        return None
    try:
        value = compute(a, b)
    except (ZeroDivisionError, OverflowError):
        return None
    return float(value) if isinstance(value, int | float | bool) else None
