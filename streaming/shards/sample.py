"""A sample of events as columns: what key strategies are tried out on."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
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


@dataclass(frozen=True)
class Sample:
    """Records in the order they came; `sizes` are bytes.

    A column holds the values of one field; it is shorter than `sizes` when records lack the field.
    """

    columns: Mapping[str, list[Any]]
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
            values = pa.array(self._keys(strategy), pa.string()).dictionary_encode()
            numbers = values.indices.to_numpy(zero_copy_only=False).astype(np.int64)
            self._encoded[parts] = Encoded(numbers, values.dictionary.to_pylist())
        return self._encoded[parts]

    def ids(self) -> list[str]:
        """What tells records apart, for a calculated salt: their id, else their number."""
        try:
            return self._texts("id")
        except NotUsable:
            return [str(number) for number in range(len(self))]

    def _keys(self, strategy: KeyStrategy) -> list[str]:
        if strategy.base != "fields":
            return [strategy.of(None)] * len(self)
        columns = [self._texts(name) for name in strategy.fields]
        if len(columns) == 1 and strategy.parts[0] == strategy.parts[2] == "":
            return columns[0]
        texts = [part.replace("{", "{{").replace("}", "}}") for part in strategy.parts[::2]]
        form = "{}".join(texts).format
        return [form(*values) for values in zip(*columns, strict=True)]

    def _texts(self, written: str) -> list[str]:
        """A field of every record as text. Raises NotUsable."""
        # The field so written, or the shop's own name for it.
        name = written if written in self.columns else event_field(written)
        values = self.columns.get(name, [])
        if not values:
            raise NotUsable(f"no record has the field {written}")
        if lacking := len(self) - len(values):
            raise NotUsable(f"{lacking:,} of {len(self):,} records lack the field {written}")
        kinds = set(map(type, values))
        for kind, word in _NO_KEYS.items():
            if kind in kinds:
                raise NotUsable(f"{written} is {word} in some records; a key is text or a number")
        return values if kinds == {str} else [_text(value) for value in values]


def read_lines(lines: Iterable[bytes], limit: int = MOST_RECORDS) -> Sample:
    """A sample from JSON lines, the last `limit` of them. Empty lines do not count.

    Raises BadSample for a line that is no JSON object.
    """
    kept = deque(((n, line) for n, line in enumerate(lines, 1) if line.strip()), maxlen=limit)
    if not kept:
        raise BadSample("there is no record in it")
    columns: dict[str, list[Any]] = {}
    for number, line in kept:
        for name, value in _event(number, line).items():
            columns.setdefault(name, []).append(value)
    return Sample(columns, np.array([len(line.strip()) for _, line in kept], dtype=np.int64))


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


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
