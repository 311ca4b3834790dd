"""Texts from outside made harmless: the only door by which a data string reaches the screen."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

LINE_LIMIT = 1000
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
MARKS_PER_CHARACTER = 2
"""Combining marks kept on one base character: enough for real scripts, too few for towers."""

SPACES = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\u2028\u2029")
JOINERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0")
"""Characters drawn as nothing that Unicode does not class as formatting."""


@lru_cache(maxsize=4096)
def safe(text: str, limit: int) -> str:
    """Return at most `limit` printable characters of `text`, whatever it holds.

    The cut comes first: measuring or cleaning a megabyte would freeze the screen. Control
    characters become a visible replacement, line breaks and odd spaces one space, and what would
    be invisible (bidirectional controls, zero-width characters, variation selectors) is dropped.
    """
    cut = text[:limit]
    if cut.isascii() and cut.isprintable():
        return cut
    cleaned: list[str] = []
    marks = 0
    for character in cut:
        kept = _kept(character)
        if unicodedata.category(character) in ("Mn", "Me"):
            marks += 1
            if marks > MARKS_PER_CHARACTER or not cleaned:
                continue
        else:
            marks = 0
        cleaned.append(kept)
    return unicodedata.normalize("NFC", "".join(cleaned))[:limit]


def safe_lines(text: str, limit: int = LINE_LIMIT) -> str:
    """Return several lines, each made safe and cut for itself."""
    return "\n".join(safe(line, limit) for line in text.split("\n"))


def _kept(character: str) -> str:
    """Return what one character becomes: itself, a space, a replacement or nothing."""
    if character in SPACES:
        return " "
    if character in JOINERS or 0xFE00 <= ord(character) <= 0xFE0F:
        return ""
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Co", "Cn"):
        return REPLACEMENT
    if category == "Cf" or 0xE0100 <= ord(character) <= 0xE01EF:
        return ""
    return " " if category in ("Zs", "Zl", "Zp") else character


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Pad or cut an already safe text to exactly `width` terminal cells."""
    if width <= 0:
        return ""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…" if width > 1 else set_cell_size(text, width)
    return " " * (width - size) + text if right else text + " " * (width - size)
