"""What an expression that was checked is worth now, by Kleene's logic: None is "not known"."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TypeAlias

Value: TypeAlias = float | str | bool | Mapping[int, float | None] | tuple[str, ...] | None
"""None is "not known"."""

Look: TypeAlias = Callable[[str, str], Value]
"""From a stream's name ("": the tape's own) and a metric's name to its value now."""


def compute(node: ast.expr, look: Look) -> Value:
    """Compute a part that was checked. Raises OverflowError where no number can hold it."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as constant):
            return constant
        case ast.Name(id=name):
            return look("", name)
        case ast.Attribute(value=ast.Name(id=stream), attr=name):
            return look(stream, name)
        case ast.BoolOp(op=op, values=parts):
            return _joined(isinstance(op, ast.And), [compute(part, look) for part in parts])
        case ast.UnaryOp(op=ast.Not(), operand=part):
            value = compute(part, look)
            return None if value is None else not value
        case ast.UnaryOp(op=op, operand=part):
            number = _number(compute(part, look))
            return None if number is None else -number if isinstance(op, ast.USub) else number
        case ast.BinOp(op=op):
            left, right = _number(compute(node.left, look)), _number(compute(node.right, look))
            return None if left is None or right is None else _computed(op, left, right)
        case ast.Compare():
            return _compared(node, look)
        case ast.Subscript(value=whole, slice=part):
            many, place = compute(whole, look), _number(compute(part, look))
            if not isinstance(many, Mapping) or place is None:
                return None
            return many.get(int(place))
        case ast.Call(func=ast.Name(id=name), args=parts):
            return _called(name, [compute(part, look) for part in parts])
    raise AssertionError("an expression is checked before it is computed")


def _number(value: Value) -> float | None:
    return value if isinstance(value, int | float) else None


def _joined(every: bool, values: list[Value]) -> bool | None:
    """And (`every`) or or, by Kleene's logic."""
    decisive = not every
    if decisive in values:
        return decisive
    return None if None in values else every


def _computed(op: ast.operator, left: float, right: float) -> float | None:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
    if right == 0:
        return None
    return left / right if isinstance(op, ast.Div) else left % right


def _compared(node: ast.Compare, look: Look) -> bool | None:
    left, found = compute(node.left, look), []
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        if isinstance(comparator, ast.Tuple | ast.List):
            right: Value = tuple(str(compute(part, look)) for part in comparator.elts)
        else:
            right = compute(comparator, look)
        found.append(None if left is None or right is None else _related(op, left, right))
        left = right
    return _joined(True, list(found))


def _related(op: ast.cmpop, left: Value, right: Value) -> bool:
    if isinstance(op, ast.In | ast.NotIn):
        inside = isinstance(right, tuple) and left in right
        return inside if isinstance(op, ast.In) else not inside
    if isinstance(op, ast.Eq | ast.NotEq):
        return (left == right) == isinstance(op, ast.Eq)
    one, other = _number(left), _number(right)
    assert one is not None and other is not None  # noqa: S101 - checked to be numbers
    match op:
        case ast.Lt():
            return one < other
        case ast.LtE():
            return one <= other
        case ast.Gt():
            return one > other
    return one >= other


def _called(name: str, values: list[Value]) -> Value:
    first = values[0]
    if name == "known":
        return first is not None
    if first is None:
        return None
    if isinstance(first, Mapping):
        numbers: list[float | None] = [n for n in first.values() if n is not None]
        count = len(first)
        if count and not numbers and name != "len":
            return None
    elif isinstance(first, tuple):
        return bool(first) if name == "any" else len(first)
    else:
        numbers, count = [_number(value) for value in values], len(values)
    plain = [number for number in numbers if number is not None]
    if len(plain) < len(numbers):
        return None
    match name:
        case "len":
            return count
        case "any":
            return any(plain)
        case "abs":
            return abs(plain[0])
        case "round":
            return round(plain[0])
        case "sum":
            return sum(plain)
    return (max if name == "max" else min)(plain) if plain else None
