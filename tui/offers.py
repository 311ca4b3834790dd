"""The keys that are offered and what a typed one would keep: the one door to the strategies."""

from __future__ import annotations

from streaming.shards.keys import REGISTRY, BadKey, shop

OFFERED = REGISTRY


def told(text: str) -> tuple[bool, str]:
    """Return whether a text is a key, and what it keeps and loses or what is wrong with it."""
    try:
        strategy = shop(text)
    except BadKey as error:
        return False, str(error)
    return True, f"keeps {strategy.keeps}; loses {strategy.loses}"


def beside(text: str, step: int) -> str:
    """Return the offered key before or after this one; the first or last from any other text."""
    if text not in OFFERED:
        return OFFERED[0 if step > 0 else -1]
    return OFFERED[(OFFERED.index(text) + step) % len(OFFERED)]
