"""YAML as tapes have it: plain data with the line of everything, whatever the file holds.

The tree is built of the parser's events, so that size, depth and aliases are bounded before
anything grows. Words are by YAML 1.2's core schema: only true and false are truths, so that `off`
stays a word, and 12:30 is no number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from tui.safe import safe
from tui.tapes.problems import Place, Problem, TapeError

MOST_BYTES: Final = 256 * 1024
MOST_NODES: Final = 20_000
MOST_DEPTH: Final = 12
_INT: Final = re.compile(r"[-+]?[0-9]{1,15}")
_FLOAT: Final = re.compile(r"[-+]?(?:[0-9]{1,15}\.[0-9]{0,15}|\.[0-9]{1,15})")
_NULL: Final = ("", "~", "null", "Null", "NULL")
_TRUTHS: Final = {"true": True, "True": True, "false": False, "False": False}

Scalar: TypeAlias = str | int | float | bool | None


@dataclass(slots=True)
class Node:
    """A value and the line it begins on; of a mapping also the lines of its keys."""

    value: Scalar | list[Node] | dict[str, Node]
    line: int
    key_lines: dict[str, int] = field(default_factory=dict)

    @property
    def plain(self) -> Any:
        """The value without lines."""
        if isinstance(self.value, dict):
            return {name: node.plain for name, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain for node in self.value]
        return self.value

    def line_of(self, loc: Sequence[object]) -> int:
        """The line of what lies at `loc`, of the innermost there is."""
        node, line = self, self.line
        for part in loc:
            if isinstance(node.value, dict) and str(part) in node.value:
                line = node.key_lines[str(part)]
                node = node.value[str(part)]
            elif isinstance(node.value, list) and isinstance(part, int) and part < len(node.value):
                node = node.value[part]
                line = node.line
        return line


def read_text(path: Path, shown: str) -> str:
    """Return the text of a tape. Raises TapeError when there is none that could be one."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        if len(data) > MOST_BYTES:
            raise _wrong(shown, 1, f"a tape has at most {MOST_BYTES // 1024} KiB")
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong(shown, line, "this is no text in UTF-8; save the file as UTF-8") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise _wrong(shown, 1, f"the file cannot be read: {why}. Check the path") from None


def parse(text: str, shown: str) -> Node:
    """Return the tree of a text. Raises TapeError for what is no YAML, and for what tapes lack."""
    try:
        return _Builder(shown).build(yaml.parse(text, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        words = str(error.problem or error.context)
        hint = "; put quotes around a text with a colon" if "mapping values" in words else ""
        raise _wrong(shown, line, f"this is no YAML: {words}{hint}") from None
    except yaml.YAMLError as error:
        words = safe(str(error).splitlines()[0], 200)
        raise _wrong(shown, 1, f"this is no YAML: {words}") from None


def _wrong(shown: str, line: int, text: str) -> TapeError:
    return TapeError([Problem(Place(shown, line), text)])


class _Builder:
    """Makes a tree of events; recursion is bounded by MOST_DEPTH."""

    def __init__(self, shown: str) -> None:
        self._shown = shown
        self._nodes = 0

    def build(self, events: Iterator[Any]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._error(event, "a tape is one document; remove the line with ---")
                root = self._node(next(events), events, 0)
        return root if root is not None else Node(None, 1)

    def _error(self, event: Any, text: str) -> TapeError:
        return _wrong(self._shown, _line(event), text)

    def _node(self, event: Any, events: Iterator[Any], depth: int) -> Node:
        self._nodes += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None:
            raise self._error(event, "tapes have no anchors (&) and aliases (*); write it out")
        if event.tag is not None:
            raise self._error(event, "tapes have no tags (!); remove it")
        if depth > MOST_DEPTH or self._nodes > MOST_NODES:
            raise self._error(event, "this is nested too deeply, or too much, for a tape")
        line = _line(event)
        if isinstance(event, yaml.ScalarEvent):
            return Node(event.value if event.style else _scalar(event.value), line)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(event := next(events), yaml.SequenceEndEvent):
                items.append(self._node(event, events, depth + 1))
            return Node(items, line)
        return self._mapping(events, line, depth)

    def _mapping(self, events: Iterator[Any], line: int, depth: int) -> Node:
        values: dict[str, Node] = {}
        lines: dict[str, int] = {}
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error(event, "a name in front of a colon must be a word")
            self._node(event, events, depth + 1)
            if event.value in values:
                raise self._error(event, f"{event.value!r} stands here twice; remove one")
            lines[event.value] = _line(event)
            values[event.value] = self._node(next(events), events, depth + 1)
        return Node(values, line, lines)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _scalar(text: str) -> Scalar:
    """An unquoted word as what it stands for."""
    if text in _NULL:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text
