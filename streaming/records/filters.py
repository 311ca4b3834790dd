"""Filters of records as people type them.

    country=BR                a field of the event is exactly this; fields within: lines.0.quantity
    country!=BR               it is something else, or is not there
    shard=3 offset=12 key=x   of the record itself; also sub and size
    checkout                  the text is somewhere in value or key, small or capital letters
    "two words"               quotes keep spaces together: page="/p/1 2"

All of them must hold. `event_type` and `event_id` mean the fields `type` and `id`, as in keys.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from streaming.shards.keys import event_field
from streaming.windows.records import MAX_VALUE_BYTES

if TYPE_CHECKING:
    from streaming.verify.log import LogRecord

LONGEST: Final = 500
MOST_TERMS: Final = 20
OF_THE_RECORD: Final = ("shard", "offset", "sub", "size", "key")

_TERM: Final = re.compile(r'(?:[^\s"]|"[^"]*")+')
_FIELD: Final = re.compile(r"([A-Za-z_][\w.]*)(!?=)(.*)", re.DOTALL)
_UNSET: Final = object()


class BadFilter(ValueError):
    """The text is no filter; it says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition; `field` "" is plain text, already in small letters."""

    field: str
    text: str
    equal: bool = True


@dataclass(frozen=True, slots=True)
class Filter:
    """All conditions; none lets everything through."""

    terms: tuple[Term, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def shards(self) -> frozenset[int] | None:
        """The only shards that can match, None when any can."""
        named = [int(t.text) for t in self.terms if t.field == "shard" and t.equal]
        if not named:
            return None
        return frozenset(named[:1]) if len(set(named)) == 1 else frozenset()

    @property
    def of_values(self) -> bool:
        """Whether it looks at fields of the event."""
        return any(t.field and t.field not in OF_THE_RECORD for t in self.terms)

    def matches(self, record: LogRecord, sub: int, event: object) -> bool:
        """Whether a record passes; `event` is what its value decodes to, None if to nothing."""
        return all(_holds(term, record, sub, event) for term in self.terms)


def parse_filter(text: str) -> Filter:
    """The filter a text stands for. Raises BadFilter."""
    if len(text) > LONGEST:
        raise BadFilter(f"a filter of {len(text):,} characters; {LONGEST} are allowed")
    if text.count('"') % 2:
        raise BadFilter('a quote is not closed; write page="/p/1 2"')
    words = _TERM.findall(text)
    if len(words) > MOST_TERMS:
        raise BadFilter(f"{len(words)} conditions; {MOST_TERMS} are allowed")
    return Filter(tuple(_term(word) for word in words))


def decoded(value: bytes | None) -> object:
    """What a value is as JSON, None when it is none, is missing or is longer than any event."""
    if value is None or len(value) > MAX_VALUE_BYTES:
        return None
    try:
        return msgspec.json.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _term(word: str) -> Term:
    match = None if word.startswith('"') else _FIELD.fullmatch(word)
    if match is None:
        return Term("", word.replace('"', "").lower())
    field, sign, text = match[1], match[2], match[3].replace('"', "")
    if field in ("shard", "offset", "sub", "size") and not re.fullmatch("[0-9]{1,18}", text):
        raise BadFilter(f"{field} is a whole number, not {text!r}; write {field}=3")
    if field in ("shard", "offset", "sub", "size"):
        text = str(int(text))
    return Term(field, text, sign == "=")


def _holds(term: Term, record: LogRecord, sub: int, event: object) -> bool:
    if not term.field:
        wanted = term.text.encode()
        return any(wanted in part.lower() for part in (record.value, record.key) if part)
    match term.field:
        case "shard":
            found: object = record.shard
        case "offset":
            found = record.offset
        case "sub":
            found = sub
        case "size":
            found = len(record.value or b"")
        case "key":
            found = _UNSET if record.key is None else record.key.decode("utf-8", "backslashreplace")
        case _:
            found = _field(event, event_field(term.field))
    return (found is not _UNSET and _text(found) == term.text) == term.equal


def _field(event: object, name: str) -> object:
    """The value of a field, by its whole name or step by step."""
    if isinstance(event, Mapping) and name in event:
        return event[name]
    here: Any = event
    for step in name.split("."):
        if isinstance(here, Mapping) and step in here:
            here = here[step]
        elif isinstance(here, list) and step.isdecimal() and int(step) < len(here):
            here = here[int(step)]
        else:
            return _UNSET
    return here


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()
