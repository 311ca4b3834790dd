"""The types of a tape's fields: how each is written, and what is wrong with one that is not."""

from __future__ import annotations

import argparse
import re
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as patterns  # type: ignore[attr-defined]
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator, PlainValidator

from generators.wire import STREAMS
from tui.options import time_or_zero
from tui.tapes.expressions import Expression, condition
from tui.tapes.metrics import KINDS
from tui.tapes.problems import near
from tui.tapes.texts import texts

MOST_SECONDS: Final = 3600.0
MOST_KEYS: Final = 200
LONGEST_PATTERN: Final = 200
MOST_REPEATS: Final = 3
_SLASHED: Final = re.compile(r"/(.+)/(i?)", re.DOTALL)
REPEATS: Final = (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)


def seconds(value: object) -> float:
    """Seconds of "5s", "1.5s", "2m", "500ms" or a number. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("give a time such as 5s, 1.5s or 2m")
    try:
        found = time_or_zero(str(value))
    except argparse.ArgumentTypeError as error:
        raise ValueError(str(error)) from None
    if found > MOST_SECONDS:
        raise ValueError(f"no step takes longer than {MOST_SECONDS:g} s")
    return found


def expression(value: object) -> Expression:
    """A condition on metrics. Raises ValueError."""
    if isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError('give a condition such as "lag < 100"')
    return condition(value, KINDS, STREAMS)


def pattern(value: object) -> re.Pattern[str]:
    """A regular expression for a line of the screen: /HOT/, /hot/i, or without the slashes."""
    if not isinstance(value, str) or not value.strip("/"):
        raise ValueError("give a regular expression such as /HOT/")
    slashed = _SLASHED.fullmatch(value)
    text = slashed[1] if slashed else value
    if len(text) > LONGEST_PATTERN:
        raise ValueError(f"a regular expression has at most {LONGEST_PATTERN} characters here")
    try:
        made = re.compile(text, re.IGNORECASE if slashed and slashed[2] else 0)
        repeats = _repeats(patterns.parse(text))
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"this is no regular expression: {error}") from None
    if repeats > MOST_REPEATS:
        raise ValueError(f"more than {MOST_REPEATS} open repeats (* + {{n,}}) may take for ever")
    return made


def _repeats(parsed: Any) -> int:
    """How many repeats match at many lengths. Raises ValueError for one within another."""
    count = 0
    for op, detail in parsed:
        if op in REPEATS:
            inner = detail[2]
            if detail[1] > 1 and _branches(inner):
                raise ValueError("a repeat within a repeat, as in (a+)+, may take for ever")
            count += (detail[1] != detail[0] and detail[1] > 1) + _repeats(inner)
        elif op is codes.BRANCH:
            count += sum(_repeats(branch) for branch in detail[1])
        elif op in (codes.SUBPATTERN, codes.ATOMIC_GROUP, codes.ASSERT, codes.ASSERT_NOT):
            count += _repeats(detail if op is codes.ATOMIC_GROUP else detail[-1])
        elif op is codes.GROUPREF_EXISTS:
            count += sum(_repeats(part) for part in detail[1:] if part)
    return count


def _branches(parsed: Any) -> bool:
    """Whether what is repeated can match in several ways."""
    for op, detail in parsed:
        if op in REPEATS or op in (codes.BRANCH, codes.GROUPREF, codes.GROUPREF_EXISTS):
            return True
        if op is codes.SUBPATTERN and _branches(detail[-1]):
            return True
    return False


def keys(value: object) -> tuple[str, ...]:
    """Names of keys that some screen of the app has, by Textual's names. Raises ValueError."""
    listed = value if isinstance(value, list) else [value]
    if not listed or len(listed) > MOST_KEYS:
        raise ValueError(f"give a key, or a list of at most {MOST_KEYS}")
    return tuple(_key(key) for key in listed)


def _key(value: object) -> str:
    from tui.tapes.appkeys import known_keys, named

    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value:
        raise ValueError("a key is a character, or a name such as enter, f2 or ctrl+r")
    key, known = named(value), known_keys()
    if key not in known:
        hint = near(key, known)
        hint = hint if "did you mean" in hint else "; docs/screens.md lists them"
        raise ValueError(
            f"no screen of the app has a key {value!r}{hint} (`type` types text into a field)"
        )
    return key


Seconds: TypeAlias = Annotated[float, BeforeValidator(seconds)]
Condition: TypeAlias = Annotated[Expression, PlainValidator(expression)]
Pattern: TypeAlias = Annotated[re.Pattern[str], PlainValidator(pattern)]
Keys: TypeAlias = Annotated[tuple[str, ...], PlainValidator(keys)]
Words: TypeAlias = Annotated[Any, PlainValidator(texts)]
"""A text by language (`Texts`)."""
