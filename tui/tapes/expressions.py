"""Conditions of tapes: sums and comparisons of published metrics, checked before anything runs.

The grammar is a part of Python's, read with `ast` and computed in `computing.py`: there is no eval,
no call but of the named functions, no power, no text arithmetic. What is not known (None) makes
what is said of it unknown, by Kleene's logic, and what is unknown does not hold: neither `lag > 5`
nor `not lag > 5` is true while the lag is unknown.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple, TypeAlias

from tui.tapes.computing import Look, Value, compute
from tui.tapes.problems import near

Kind: TypeAlias = Literal["number", "text", "truth", "numbers", "texts"]
"""`numbers` are numbers by shard, `texts` a list of words."""

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
            return compute(self._body, look)
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
