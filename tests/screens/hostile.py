"""Texts from outside that a terminal must never act on, and how to see that it did not."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from tests.screens.conftest import Hand

PAYLOADS = {
    "closing tag": "[/x]",
    "open tag": "a [b unterminated",
    "click": "[@click=app.quit]pay[/]",
    "json": '{"a": ["[/]"]}',
    "escape": "\x1b[31mred\x1b[0m",
    "clipboard": "\x1b]52;c;aGFja2Vk\x07",
    "clipboard st": "\x1b]52;c;aGFja2Vk\x1b\\",
    "title": "\x1b]0;owned\x07",
    "dcs": "\x1bPq#0\x1b\\",
    "c1": "\x9b31m \x9d52;c;eA==\x9c \x90",
    "bidi": "abc\u202ecba\u2066\u2069\u200f",
    "zero width": "a\u200bb\u200dc\ufeffd\u2060e\ufe0f",
    "nul": "a\x00b\x7fc\x08d",
    "surrogate": "a\ud800b",
    "lines": "one\ntwo\rthree\u2028four\u2029five\x85six\x0b\x0c",
    "tags": "x\U000e0041\U000e0042",
    "wide": "漢字" * 40,
    "marks": "e" + "\u0301" * 300,
    "huge": "[b]" * 500_000,
    "private": "\ue000\U000f0000",
    "tab": "a\tb",
    "hangul filler": "\u3164\u115f",
}


def forbidden(text: str) -> Iterator[str]:
    """Yield what a terminal must never be sent by data."""
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp"):
            yield f"U+{ord(character):04X}"


def clean(hand: Hand) -> None:
    """Look at every cell of the screen, and for actions hidden in their styles."""
    for strip in hand.app.screen._compositor.render_strips():
        assert not list(forbidden(strip.text)), strip.text
        strip.text.encode("utf-8")
        for segment in strip:
            meta = segment.style.meta if segment.style is not None else {}
            assert "pay" not in segment.text or "@click" not in meta
