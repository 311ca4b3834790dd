"""Key strategies: what a record's key is made of, written as a short text.

    customer_id            one field of the event
    {country}:{device}     a template of fields and other characters
    constant, none         the same key for all records; no key at all (Kafka's sticky partitioner)
    customer_id+salt8      any of these with one of 8 suffixes, chosen at random for each record
    customer_id+salt8calc  ... calculated from the event id, so that a reader can find it again
    customer_id+salt8hot   ... only for the heaviest keys (also salt8calchot)
    customer_id+choose2    power of two choices: the less loaded of the two shards of each key
    customer_id+spread     each record with an explicit hash key of its own (Kinesis only)

A strategy says what order it keeps and what it loses: a stream keeps the order of records that
share a shard, and only a key that always leads to the same shard keeps them together.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, Literal, TypeAlias

Base: TypeAlias = Literal["fields", "constant", "none"]

MOST_SALT: Final = 1000
LONGEST_NAME: Final = 200
HOT_KEYS: Final = 20
"""How many of the heaviest keys a `hot` salt spreads."""

CONSTANT_KEY: Final = "all"

STICKY_BYTES: Final = 16 * 1024
"""A producer without keys stays on a partition for batch.size bytes (KIP-794); Kafka's default."""

_FIELD_OF: Final = {"event_type": "type", "event_id": "id"}
"""Names that say more than the event's own ones."""

_WRITTEN: Final = {field: name for name, field in _FIELD_OF.items()}

CHOOSE_TWO: Final = "choose2"
SPREAD: Final = "spread"
_SALT: Final = re.compile(r"salt([1-9][0-9]{0,3})(calc)?(hot)?")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TEMPLATE_PART: Final = re.compile(r"\{([^{}]*)\}|([^{}]+)")

_LOSES: Final = {
    "customer_id": "even load: popular customers make hot shards",
    "session_id": "order per customer across sessions",
    "product_id": "order per customer; popular products make hot shards",
    "category": "order per customer, and even load: there are few categories",
    "country": "order per customer, and even load: a few countries carry most records",
    "device": "order per customer, and even load: there are few devices",
    "event_type": "order per customer: a visit's steps go to different shards; few values",
    "event_id": "order of any two records",
}


class BadKey(ValueError):
    """The text is no strategy; it says what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Salt:
    """`count` suffixes; `calculated` from the event id or else at random; only for `hot` keys."""

    count: int
    calculated: bool = False
    hot: bool = False


@dataclass(frozen=True, slots=True)
class KeyStrategy:
    """A way to choose a record's key.

    `parts` are the template: a field's name at odd places, text between them at even ones.
    """

    name: str
    base: Base
    parts: tuple[str, ...]
    keeps: str
    loses: str
    salt: Salt | None = None
    choose_two: bool = False
    spread: bool = False
    of: Callable[[Any], str] = field(repr=False, compare=False, default=lambda event: "")

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the fields it is made of, as they were written."""
        return self.parts[1::2]

    @property
    def ordered(self) -> bool:
        """Whether all records of a key go to one shard, in order."""
        return self.base != "none" and not (self.salt or self.choose_two or self.spread)


def event_field(name: str) -> str:
    """The attribute of an event that a strategy calls `name`."""
    return _FIELD_OF.get(name, name)


def parse(text: str, known: Sequence[str] | None = None) -> KeyStrategy:
    """The strategy a text stands for.

    `known` are the fields that events have, None when any name will do. Raises BadKey.
    """
    if len(text) > LONGEST_NAME:
        raise BadKey(f"a key of {len(text)} characters; {LONGEST_NAME} are allowed")
    plain, plus, suffix = text.partition("+")
    base, parts = _parts(plain)
    for name in parts[1::2]:
        if known is not None and event_field(name) not in known:
            written = (_WRITTEN.get(field, field) for field in known)
            raise BadKey(f"events have no field {name!r}; they have {', '.join(written)}")
    salt = _salt(suffix, text) if plus and suffix not in (CHOOSE_TWO, SPREAD) else None
    choose_two, spread = suffix == CHOOSE_TWO, suffix == SPREAD
    if base == "none" and plus:
        raise BadKey("records without a key cannot be salted or spread")
    keeps, loses = _order(base, parts, salt, choose_two)
    if spread:
        keeps, loses = "nothing: each record has a hash key of its own", f"{keeps}; readers merge"
    return KeyStrategy(
        text, base, parts, keeps, loses, salt, choose_two, spread, _reader(base, parts)
    )


def with_suffix(key: str, number: int) -> str:
    """The salted key; number 2 also gives `choose2` its second shard."""
    return f"{key}#{number}"


def calculated_suffix(event_id: str, count: int) -> int:
    """The suffix that a reader can find again: CRC-32 of the id's UTF-8 bytes, modulo `count`."""
    return zlib.crc32(event_id.encode()) % count


def _parts(plain: str) -> tuple[Base, tuple[str, ...]]:
    if plain == "none":
        return "none", ()
    if plain == "constant":
        return "constant", ()
    if _NAME.fullmatch(plain):
        return "fields", ("", plain, "")
    if not plain:
        raise BadKey("an empty key; give a field such as customer_id, or none")
    found = list(_TEMPLATE_PART.finditer(plain))
    if "".join(match.group(0) for match in found) != plain or not any(m.group(1) for m in found):
        raise BadKey(
            f"{plain!r} is neither a field nor a template; "
            "write customer_id, or {country}:{device}"
        )
    parts = [""]
    for match in found:
        if match.group(2) is not None:
            parts[-1] += match.group(2)
        elif _NAME.fullmatch(match.group(1)):
            parts += [match.group(1), ""]
        else:
            raise BadKey(f"{{{match.group(1)}}} is not the name of a field")
    return "fields", tuple(parts)


def _salt(suffix: str, text: str) -> Salt:
    match = _SALT.fullmatch(suffix)
    if match is None:
        raise BadKey(
            f"+{suffix} in {text!r} is unknown; write +salt8, +salt8calc, +salt8hot, +choose2 or "
            "+spread"
        )
    count = int(match.group(1))
    if not 2 <= count <= MOST_SALT:
        raise BadKey(f"{count} suffixes; from 2 to {MOST_SALT:,} make sense")
    return Salt(count, bool(match.group(2)), bool(match.group(3)))


def _order(
    base: Base, parts: tuple[str, ...], salt: Salt | None, choose_two: bool
) -> tuple[str, str]:
    """What a strategy keeps and what it loses, in words."""
    if base == "none":
        return "nothing", "order of any two records; batches stick to one shard for a while"
    if base == "constant":
        keeps, loses = "order of all records", "all parallelism: one shard takes everything"
    else:
        names = parts[1::2]
        keeps = "order per " + " and ".join(names)
        loses = (
            _LOSES.get(names[0], "order per customer")
            if len(names) == 1
            else f"order per {names[0]} alone"
        )
        if names == ("event_id",):
            keeps = "nothing: no two records share a key"
    if choose_two:
        return "nothing for keys that have two shards", f"{keeps}; readers must merge"
    if salt is not None:
        whose = "of keys that are not among the heaviest" if salt.hot else "per suffix"
        return f"{keeps}, {whose}", f"{keeps} over all suffixes; readers must merge {salt.count}"
    return keeps, loses


def _reader(base: Base, parts: tuple[str, ...]) -> Callable[[Any], str]:
    """The function from an event to its key, before any salt."""
    if base == "none":
        return lambda event: ""
    if base == "constant":
        return lambda event: CONSTANT_KEY
    names = [event_field(name) for name in parts[1::2]]
    if len(names) == 1 and parts[0] == parts[2] == "":
        return attrgetter(names[0])  # the fast way for most
    getters = [attrgetter(name) for name in names]
    texts = parts[::2]

    def read(event: Any) -> str:
        pieces = [texts[0]]
        for get, text in zip(getters, texts[1:], strict=True):
            pieces += (str(get(event)), text)
        return "".join(pieces)

    return read


EVENT_FIELDS: Final = (
    "customer_id", "session_id", "product_id", "category", "country", "device", "type", "id",
)  # fmt: skip
"""Fields that every event of the shop has."""

REGISTRY: Final = (
    "customer_id", "session_id", "product_id", "category", "country", "device", "event_type",
    "event_id", "constant", "none", "{country}:{device}", "customer_id+salt8",
    "customer_id+salt8calc", "customer_id+salt8hot", "customer_id+choose2",
)  # fmt: skip
"""The strategies that are offered; any other field, template or salt may be written too."""

KINESIS_ONLY: Final = ("customer_id+spread",)
"""The same, where records may have explicit hash keys."""


def offered(view: str) -> tuple[str, ...]:
    """The strategies that are offered in a view, "kinesis" or "msk"."""
    return (*REGISTRY, *KINESIS_ONLY) if view == "kinesis" else REGISTRY


def shop(text: str) -> KeyStrategy:
    """The strategy for the shop's own events. Raises BadKey."""
    return parse(text, EVENT_FIELDS)
