"""A sample of events as columns: what key strategies are tried out on."""

from __future__ import annotations

import json
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streaming.shards.keys import KeyStrategy, event_field

MOST_RECORDS: Final = 1_000_000
_NO_KEYS: Final = {dict: "an object", list: "a list", type(None): "null"}


class BadSample(ValueError):
    """A line is no event; the text says which and why."""


class NotUsable(ValueError):
    """A strategy cannot be tried on this sample; the text says why."""


class Encoded(NamedTuple):
    """`keys[numbers[i]]` is the key of record i."""

    numbers: NDArray[np.int64]
    keys: list[str]


class Column:
    """The values of one field as they come, each different text once.

    `numbers` is shorter than the sample when records lack the field; `unusable` names a kind of
    value that can be no key.
    """

    __slots__ = ("numbers", "texts", "unusable")

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.texts: dict[str, int] = {}
        self.unusable = ""

    def add(self, value: Any) -> None:
        """Take the next record's value."""
        if type(value) is not str:
            self.unusable = self.unusable or _NO_KEYS.get(type(value), "")
            value = json.dumps(value)
        self.numbers.append(self.texts.setdefault(value, len(self.texts)))


@dataclass(frozen=True)
class Sample:
    """Records in the order they came, as columns; `sizes` are bytes."""

    columns: Mapping[str, Column]
    sizes: NDArray[np.int64]
    _encoded: dict[tuple[str, ...], Encoded] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.sizes)

    def encoded(self, strategy: KeyStrategy) -> Encoded:
        """The keys before any salt, each once, and which of them each record has.

        Raises NotUsable.
        """
        parts = (strategy.base, *strategy.parts)
        if parts not in self._encoded:
            self._encoded[parts] = self._encode(strategy)
        return self._encoded[parts]

    def ids(self) -> list[str]:
        """What tells records apart, for a calculated salt: their id, else their number."""
        try:
            ids = self._column("id")
        except NotUsable:
            return [str(number) for number in range(len(self))]
        return [ids.keys[number] for number in ids.numbers.tolist()]

    def _encode(self, strategy: KeyStrategy) -> Encoded:
        if strategy.base != "fields":
            return Encoded(np.zeros(len(self), dtype=np.int64), [strategy.of(None)])
        columns = [self._column(name) for name in strategy.fields]
        texts = strategy.parts[::2]
        if len(columns) == 1 and not any(texts):
            return columns[0]
        # Only combinations that occur are put together as text, each once.
        mixed = columns[0].numbers
        for column in columns[1:]:
            mixed = mixed * len(column.keys) + column.numbers
        occurring, numbers = np.unique(mixed, return_inverse=True)
        pieces: list[list[str]] = []
        for column in reversed(columns):
            occurring, last = np.divmod(occurring, len(column.keys))
            pieces.append([column.keys[number] for number in last.tolist()])
        form = "{}".join(text.replace("{", "{{").replace("}", "}}") for text in texts).format
        keys = [form(*values) for values in zip(*reversed(pieces), strict=True)]
        return Encoded(numbers.astype(np.int64), keys)

    def _column(self, written: str) -> Encoded:
        """A field of every record. Raises NotUsable."""
        # The field so written, or the shop's own name for it.
        name = written if written in self.columns else event_field(written)
        column = self.columns.get(name)
        if column is None:
            raise NotUsable(f"no record has the field {written}")
        if lacking := len(self) - len(column.numbers):
            raise NotUsable(f"{lacking:,} of {len(self):,} records lack the field {written}")
        if column.unusable:
            raise NotUsable(
                f"{written} is {column.unusable} in some records; a key is text or a number"
            )
        return Encoded(np.array(column.numbers, dtype=np.int64), list(column.texts))


def read_lines(lines: Iterable[bytes], limit: int = MOST_RECORDS) -> Sample:
    """A sample from JSON lines, the last `limit` of them. Empty lines do not count.

    Raises BadSample for a line that is no JSON object.
    """
    kept = deque(((n, line) for n, line in enumerate(lines, 1) if line.strip()), maxlen=limit)
    if not kept:
        raise BadSample("there is no record in it")
    columns: defaultdict[str, Column] = defaultdict(Column)
    for number, line in kept:
        for name, value in _event(number, line).items():
            columns[name].add(value)
    sizes = np.array([len(line.strip()) for _, line in kept], dtype=np.int64)
    return Sample(dict(columns), sizes)


def _event(number: int, line: bytes) -> dict[str, Any]:
    try:
        event = json.loads(line)
    except UnicodeDecodeError as error:
        raise BadSample(f"line {number} is not UTF-8: {error.reason}") from error
    except (ValueError, RecursionError) as error:
        raise BadSample(f"line {number} is not JSON: {error}") from error
    if not isinstance(event, dict):
        raise BadSample(f"line {number} is JSON but not an object: {line[:40]!r}")
    return event
