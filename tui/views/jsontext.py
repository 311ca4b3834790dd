"""Values as harmless lines: JSON with line breaks and indents, anything else as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from rich.cells import cell_len

from tui.safe import safe

DEEPEST = 40
"""Levels of JSON that are drawn with indents; what is deeper is drawn as it came."""

MOST_LINES = 3000
LINE_LIMIT = 70_000
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')


def value_lines(value: str, width: int) -> list[str]:
    """Return a value in lines of at most `width` cells; the rest of too many is told."""
    lines: list[str] = []
    for line in pretty(value).split("\n"):
        for part in broken(safe(line, LINE_LIMIT), max(width, 1)):
            if len(lines) >= MOST_LINES:
                return [*lines, "... and more lines"]
            lines.append(part)
    return lines


def pretty(value: str) -> str:
    """Return JSON with indents, what is no JSON (or is too deep) unchanged."""
    if _depth(value) > DEEPEST:
        return value
    try:
        msgspec.json.decode(value)
        return msgspec.json.format(value, indent=2)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return value


def _depth(value: str) -> int:
    depth = deepest = 0
    for character in re.sub(r"[^\[\]{}]", "", _STRINGS.sub("", value)):
        depth += 1 if character in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def broken(text: str, width: int) -> Iterator[str]:
    """Yield a harmless text in pieces of at most `width` cells, cut anywhere."""
    if text.isascii():
        for start in range(0, max(len(text), 1), width):
            yield text[start : start + width]
        return
    piece, used = "", 0
    for character in text:
        size = cell_len(character)
        if used + size > width and piece:
            yield piece
            piece, used = "", 0
        piece += character
        used += size
    yield piece
