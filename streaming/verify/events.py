"""What counts as an event, judged from the bytes with the standard library alone.

The rules are those of `streaming.windows.records`, stated a second time: a differential test holds
the two against each other. Where the pipeline's decoder is particular, this one is too: integral
floats such as 1.0 are no integers, every occurrence of a repeated field must be right (the last
one counts), lone surrogate escapes are refused anywhere, and bytes that are no UTF-8 are refused
only inside the fields an event has.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NamedTuple, TypeAlias

from generators.wire import ACCESS, CLICKS, ORDERS
from streaming.windows.spec import MAX_MEASURE, MEASURES

MAX_BYTES: Final = 1024 * 1024
_MAX_COUNT: Final = 2**53
_MAX_LINES: Final = 1000

Bounds: TypeAlias = tuple[tuple[str, int, int], ...]


class Event(NamedTuple):
    """The fields that are compared: `ts` in event-time ms, `value` the stream's measure.

    `fields` are all of them by name.
    """

    ts: int
    id: str
    type: str
    customer_id: str
    category: str
    country: str
    value: int
    order_id: str
    fields: dict[str, Any]


class _Shape(NamedTuple):
    """Field names with the least and greatest length (texts) or value (whole numbers)."""

    texts: Bounds
    numbers: Bounds
    names: frozenset[str]


def _shape(texts: Bounds, numbers: Bounds, *others: str) -> _Shape:
    return _Shape(texts, numbers, frozenset({f[0] for f in texts + numbers} | set(others)))


def _texts(names: str, shortest: int, longest: int = 200) -> Bounds:
    return tuple((name, shortest, longest) for name in names.split())


def _counts(names: str) -> Bounds:
    return tuple((name, 0, _MAX_COUNT) for name in names.split())


def _measure(stream: str) -> Bounds:
    return ((MEASURES[stream], 0, MAX_MEASURE),)


_COMMON_TEXTS: Final = _texts("id type customer_id session_id", 1) + _texts(
    "category country product_id device", 0
)
_COMMON_NUMBERS: Final = (("v", 1, 1), *_counts("ts seq"))

_SHAPES: Final = {
    CLICKS: _shape(
        _COMMON_TEXTS + _texts("campaign page query", 0),
        _COMMON_NUMBERS + _measure(CLICKS),
    ),
    ORDERS: _shape(
        _COMMON_TEXTS + _texts("order_id checkout_id", 1) + _texts("campaign payment city", 0),
        _COMMON_NUMBERS + _measure(ORDERS),
        "lines",
    ),
    ACCESS: _shape(
        _COMMON_TEXTS
        + _texts("request_id", 1)
        + _texts("ip method", 0)
        + _texts("path", 0, 4096)
        + _texts("line", 0, 8192),
        _COMMON_NUMBERS + _counts("status") + _measure(ACCESS),
    ),
}
_LINE: Final = _shape(
    _texts("product_id category", 0),
    (("quantity", 0, 2**31 - 1), ("price_cents", 0, _MAX_COUNT)),
)


class _Repeated(dict[str, Any]):
    """A JSON object with a key twice; `pairs` keeps every occurrence."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else _Repeated(pairs)


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _long_number(digits: str) -> float:
    return int(digits) if len(digits) < 40 else float("inf")


_decoder: Final = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse)
_scan: Final[Any] = _decoder.scan_once  # type: ignore[attr-defined]
_decode_long: Final = json.JSONDecoder(
    object_pairs_hook=_object, parse_constant=_refuse, parse_int=_long_number
).decode
"""For whole numbers of thousands of digits, which Python will not convert."""

_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def parse_event(stream: str, value: bytes | None) -> Event | None:
    """The event in these bytes, or None when they are no valid event of `stream`."""
    if value is None or len(value) > MAX_BYTES:
        return None
    damaged = False
    try:
        text = value.decode()
    except UnicodeDecodeError:
        text, damaged = value.decode(errors="surrogateescape"), True
    if ("\\ud" in text or "\\uD" in text) and _lone_surrogate(text):
        return None
    fields = _load(text)
    if not isinstance(fields, dict) or not _fits(fields, _SHAPES[stream], damaged):
        return None
    return Event(
        fields["ts"],
        fields["id"],
        fields["type"],
        fields["customer_id"],
        fields["category"],
        fields["country"],
        fields[MEASURES[stream]],
        fields["order_id"] if stream == ORDERS else "",
        fields,
    )


def _load(text: str) -> Any:
    try:
        fields, end = _scan(text, 0)
    except (StopIteration, ValueError, RecursionError):
        end = -1
    return fields if end == len(text) else _load_carefully(text)


def _load_carefully(text: str) -> Any:
    """With white space around it, or broken; None when it is no JSON at all."""
    for decode in (_decoder.decode, _decode_long):
        try:
            return decode(text)
        except (json.JSONDecodeError, RecursionError):
            return None
        except ValueError:
            continue
    return None


def _lone_surrogate(text: str) -> bool:
    """Whether an escaped surrogate has no partner right behind (or before) it."""
    high_until = -1
    for match in _ESCAPE.finditer(text):
        unit = int(match[1], 16) if match[1] else 0
        follows = high_until == match.start()
        if high_until >= 0 and not (follows and 0xDC00 <= unit <= 0xDFFF):
            return True
        if high_until < 0 and 0xDC00 <= unit <= 0xDFFF:
            return True
        high_until = match.end() if 0xD800 <= unit <= 0xDBFF else -1
    return high_until >= 0


def _fits(fields: dict[str, Any], shape: _Shape, damaged: bool) -> bool:
    for name, least, most in shape.texts:
        text = fields.get(name)
        if type(text) is not str or not least <= len(text) <= most:
            return False
        if damaged and not _whole(text):
            return False
    for name, least, most in shape.numbers:
        number = fields.get(name)
        if type(number) is not int or not least <= number <= most:
            return False
    if "lines" in shape.names and not _lines_fit(fields.get("lines"), damaged):
        return False
    if type(fields) is _Repeated:
        return all(
            _fits({**fields, name: earlier}, shape, damaged)
            for name, earlier in fields.pairs
            if name in shape.names
        )
    return True


def _lines_fit(lines: Any, damaged: bool) -> bool:
    if type(lines) is not list or len(lines) > _MAX_LINES:
        return False
    return all(isinstance(line, dict) and _fits(line, _LINE, damaged) for line in lines)


def _whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
