"""Conditions of tapes: sums and comparisons of published metrics, checked before anything runs.

The grammar is a part of Python's, read with `ast` and computed here: there is no eval, no call but
of the named functions, no power, no text arithmetic. What is not known (None) makes what is said of
it unknown, by Kleene's logic, and what is unknown does not hold: neither `lag > 5` nor
`not lag > 5` is true while the lag is unknown.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from tui.tapes.problems import near

Kind: TypeAlias = Literal["number", "text", "truth", "numbers", "texts"]
"""`numbers` are numbers by shard, `texts` a list of words."""

Value: TypeAlias = float | str | bool | Mapping[int, float | None] | tuple[str, ...] | None
"""None is "not known"."""

Look: TypeAlias = Callable[[str, str], Value]
"""From a stream's name ("": the tape's own) and a metric's name to its value now."""

LONGEST: Final = 400
MOST_PARTS: Final = 120
FUNCTIONS: Final[dict[str, str]] = {
    "max": "the largest of several numbers, or of a number for each shard",
    "min": "the smallest of them",
    "sum": "their sum",
    "len": "how many there are, of shards or of words",
    "any": "whether there is one, of words or of shards with a number other than 0",
    "abs": "a number without its sign",
    "round": "a number rounded to a whole one",
    "known": "whether a value is known",
}
_WORDS: Final = {
    "number": "a number", "text": "a text", "truth": "true or false",
    "numbers": "a number for each shard", "texts": "a list of words",
}  # fmt: skip
_MANY: Final = {"numbers", "texts"}


class ExpressionError(ValueError):
    """An expression that cannot be; the text names the column, from 1."""

    def __init__(self, text: str, column: int, source: str) -> None:
        super().__init__(f"{text} (column {column} of {source!r})")
        self.column = column


class Name(NamedTuple):
    """A metric that an expression asks for; stream "" is the tape's own."""

    stream: str
    metric: str


class Expression:
    """An expression whose names and kinds are right."""

    def __init__(self, text: str, kinds: Mapping[str, Kind], streams: tuple[str, ...]) -> None:
        """Check `text` against the kinds of the metrics there are. Raises ExpressionError."""
        self.text = " ".join(text.split())
        self._body = _parsed(self.text)
        checker = _Checker(self.text, kinds, streams)
        self.kind: Kind = checker.kind(self._body)
        self.names: frozenset[Name] = frozenset(checker.names)

    def value(self, look: Look) -> Value:
        """Compute it; what no number can hold is not known."""
        try:
            return _value(self._body, look)
        except OverflowError:
            return None

    def holds(self, look: Look) -> bool:
        """Whether it is true; unknown is not."""
        return self.value(look) is True


def condition(text: str, kinds: Mapping[str, Kind], streams: tuple[str, ...]) -> Expression:
    """Return an expression that is true or false. Raises ExpressionError."""
    made = Expression(text, kinds, streams)
    if made.kind != "truth":
        raise ExpressionError(
            f"this is {_WORDS[made.kind]}; compare it with something", 1, made.text
        )
    return made


def _parsed(text: str) -> ast.expr:
    if not text:
        raise ExpressionError("there is nothing to compute", 1, text)
    if len(text) > LONGEST:
        raise ExpressionError(f"it is longer than {LONGEST} characters", LONGEST, text[:40])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        column = min(max(error.offset or 1, 1), len(text))
        raise ExpressionError("this cannot be read", column, text) from None
    except (ValueError, MemoryError, RecursionError):
        raise ExpressionError("this cannot be read", 1, text) from None
    if sum(1 for _ in ast.walk(body)) > MOST_PARTS * 3:
        raise ExpressionError("it has too many parts", 1, text[:40])
    return body


class _Checker:
    """Finds out what kind of value each part is, and refuses what is none."""

    def __init__(self, text: str, kinds: Mapping[str, Kind], streams: tuple[str, ...]) -> None:
        self._text = text
        self._kinds = kinds
        self._streams = streams
        self.names: set[Name] = set()

    def _wrong(self, node: ast.AST, text: str) -> ExpressionError:
        # ast counts UTF-8 bytes, people count characters.
        column = len(self._text.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))
        return ExpressionError(text, column + 1, self._text)

    def kind(self, node: ast.expr) -> Kind:
        """The kind of a part."""
        match node:
            case ast.Constant(value=bool()):
                return "truth"
            case ast.Constant(value=int() | float() as number) if abs(number) <= 1e15:
                return "number"
            case ast.Constant(value=str()):
                return "text"
            case ast.Name(id=name):
                return self._metric(node, "", name)
            case ast.Attribute(value=ast.Name(id=stream), attr=name):
                if stream not in self._streams:
                    raise self._wrong(
                        node, f"there is no stream {stream!r}{near(stream, self._streams)}"
                    )
                return self._metric(node, stream, name)
            case ast.BoolOp(values=parts):
                for part in parts:
                    self._must(part, "truth")
                return "truth"
            case ast.UnaryOp(op=ast.Not(), operand=part):
                self._must(part, "truth")
                return "truth"
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=part):
                return self._must(part, "number")
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Mod()):
                self._must(node.left, "number")
                return self._must(node.right, "number")
            case ast.Compare():
                return self._comparison(node)
            case ast.Subscript(value=whole, slice=part):
                self._must(whole, "numbers")
                return self._must(part, "number")
            case ast.Call():
                return self._call(node)
        raise self._wrong(node, "this is not possible here")

    def _metric(self, node: ast.expr, stream: str, name: str) -> Kind:
        if name not in self._kinds:
            hint = near(name, self._kinds) if len(name) < 60 else ""
            if "did you mean" not in hint:
                hint = "; `dasprep-tui scenario metrics` lists them"
            raise self._wrong(node, f"there is no metric {name!r}{hint}")
        self.names.add(Name(stream, name))
        return self._kinds[name]

    def _must(self, node: ast.expr, *wanted: Kind) -> Kind:
        found = self.kind(node)
        if found not in wanted:
            words = " or ".join(_WORDS[kind] for kind in wanted)
            raise self._wrong(node, f"this is {_WORDS[found]} where {words} is needed")
        return found

    def _comparison(self, node: ast.Compare) -> Kind:
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(op, ast.In | ast.NotIn):
                self._must(left, "text")
                if isinstance(right, ast.Tuple | ast.List):
                    for part in right.elts:
                        self._must(part, "text")
                else:
                    self._must(right, "texts")
            elif isinstance(op, ast.Eq | ast.NotEq):
                kind = self._must(left, "number", "text", "truth")
                self._must(right, kind)
            elif isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE):
                self._must(left, "number")
                self._must(right, "number")
            else:
                raise self._wrong(node, "compare with == != < <= > >= in or not in")
            left = right
        return "truth"

    def _call(self, node: ast.Call) -> Kind:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        if name not in FUNCTIONS:
            raise self._wrong(node, f"there is no function {name!r}{near(name, FUNCTIONS)}")
        if node.keywords or not node.args:
            raise self._wrong(node, f"{name} takes values with commas between them")
        if name in ("max", "min", "sum") and len(node.args) > 1:
            for part in node.args:
                self._must(part, "number")
            return "number"
        if len(node.args) > 1:
            raise self._wrong(node, f"{name} takes one value")
        part = node.args[0]
        if name == "known":
            self.kind(part)
            return "truth"
        if name in ("abs", "round"):
            return self._must(part, "number")
        if name in ("len", "any"):
            self._must(part, "numbers", "texts")
            return "truth" if name == "any" else "number"
        return self._must(part, "numbers") and "number"


def _value(node: ast.expr, look: Look) -> Value:
    """Compute a part that was checked."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as constant):
            return constant
        case ast.Name(id=name):
            return look("", name)
        case ast.Attribute(value=ast.Name(id=stream), attr=name):
            return look(stream, name)
        case ast.BoolOp(op=op, values=parts):
            return _joined(isinstance(op, ast.And), [_value(part, look) for part in parts])
        case ast.UnaryOp(op=ast.Not(), operand=part):
            value = _value(part, look)
            return None if value is None else not value
        case ast.UnaryOp(op=op, operand=part):
            number = _number(_value(part, look))
            return None if number is None else -number if isinstance(op, ast.USub) else number
        case ast.BinOp(op=op):
            left, right = _number(_value(node.left, look)), _number(_value(node.right, look))
            return None if left is None or right is None else _computed(op, left, right)
        case ast.Compare():
            return _compared(node, look)
        case ast.Subscript(value=whole, slice=part):
            many, place = _value(whole, look), _number(_value(part, look))
            if not isinstance(many, Mapping) or place is None:
                return None
            return many.get(int(place))
        case ast.Call(func=ast.Name(id=name), args=parts):
            return _called(name, [_value(part, look) for part in parts])
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
    left, found = _value(node.left, look), []
    for op, comparator in zip(node.ops, node.comparators, strict=True):
        if isinstance(comparator, ast.Tuple | ast.List):
            right: Value = tuple(str(_value(part, look)) for part in comparator.elts)
        else:
            right = _value(comparator, look)
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
