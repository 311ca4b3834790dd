"""How Kinesis says no: the exception it names, and the text that goes with it.

The texts are part of the service's interface: programs and people search for them. They are those
that kinesalite's tests, which also run against production, and moto's tests expect.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

from streaming.shards.hash_keys import HASH_KEYS

Code: TypeAlias = Literal[
    "InvalidArgumentException",
    "LimitExceededException",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "SerializationException",
    "ValidationException",
]

ACCOUNT: Final = "000000000000"
"""The lab's streams belong to nobody; texts and ARNs need a number all the same."""

_HASH_KEY: Final = "0|([1-9]\\d{0,38})"
_HASH_KEY_TEXT: Final = re.compile(_HASH_KEY, re.ASCII)


class Refused(ValueError):
    """The service would not do this. `code` is the exception's name in its API."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code: Final = code


def not_found(stream: str, shard: str) -> Refused:
    """No such shard, or none any more (`shard` is its full name)."""
    return Refused(
        "ResourceNotFoundException",
        f"Could not find shard {shard} in stream {stream} under account {ACCOUNT}.",
    )


def constraint(value: object, member: str, rule: str) -> str:
    """One broken rule about one member of a request, in the words of a ValidationException."""
    return f"Value '{value}' at '{member}' failed to satisfy constraint: Member must {rule}"


def invalid(broken: Sequence[str]) -> Refused:
    """The service lists everything that is wrong with a request at once."""
    errors = "error" if len(broken) == 1 else "errors"
    return Refused(
        "ValidationException",
        f"{len(broken)} validation {errors} detected: {'; '.join(broken)}",
    )


def broken_hash_key(text: str, member: str) -> list[str]:
    """What is wrong with a hash key as text: decimal, without sign or leading zeros (HashKey).

    A key that is only too great is none of this: operations refuse it in words of their own.
    """
    if _HASH_KEY_TEXT.fullmatch(text):
        return []
    return [constraint(text, member, f"satisfy regular expression pattern: {_HASH_KEY}")]


def check_explicit_hash_key(key: int) -> None:
    """A record's hash key is 0 to 2^128-1, both included (Kinesis API, PutRecord). Else Refused."""
    if not 0 <= key < HASH_KEYS:
        raise Refused(
            "InvalidArgumentException",
            "Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, 2^128-1]. "
            f"Specified value was {key}",
        )
