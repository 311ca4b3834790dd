"""The keys that are offered and what a typed one would keep: the one door to the strategies."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.shards.keys import BadKey, offered, shop

__all__ = ["OFFERED", "beside", "offered", "told"]

OFFERED = offered("msk")


def told(text: str) -> tuple[bool, str]:
    """Return whether a text is a key, and what it keeps and loses or what is wrong with it."""
    try:
        strategy = shop(text)
    except BadKey as error:
        return False, str(error)
    return True, f"keeps {strategy.keeps}; loses {strategy.loses}"


def beside(text: str, step: int, keys: Sequence[str] = OFFERED) -> str:
    """Return the offered key before or after this one; the first or last from any other text."""
    if text not in keys:
        return keys[0 if step > 0 else -1]
    return keys[(keys.index(text) + step) % len(keys)]
