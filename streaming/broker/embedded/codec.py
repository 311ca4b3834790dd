"""Kafka's wire types: messages are declared as classes, one encoder per class and version.

A field is an annotated attribute of a `Message`; `Since(2)` or `Since(1, 3)` in its annotation
names the versions that carry it, and in others it keeps its default. The same class is written in
the older encoding or in the flexible one (KIP-482), as its caller says.
"""

from __future__ import annotations

import functools
import operator
import struct
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from streaming.broker.embedded.lengths import COMPACT, NO_TAGS, Length, fixed, skip_tags
from streaming.broker.embedded.lengths import DecodeError as DecodeError


class Message(msgspec.Struct, kw_only=True, gc=False):
    """Base of all requests, responses and their parts."""


@dataclass(frozen=True)
class Fixed:
    """A number of fixed size: its format for `struct`."""

    fmt: str


@dataclass(frozen=True)
class Sized:
    """Text or bytes behind a length. `fmt` is the length's format."""

    fmt: str
    kind: str  # "text", "bytes" (copied) or "view" (a view into the frame)


@dataclass(frozen=True)
class Since:
    """The first and the last version that carry the field."""

    first: int
    last: int = 32767


Int8 = Annotated[int, Fixed("b")]
Int16 = Annotated[int, Fixed("h")]
Int32 = Annotated[int, Fixed("i")]
Int64 = Annotated[int, Fixed("q")]
Bool = Annotated[bool, Fixed("?")]
String = Annotated[str, Sized(">h", "text")]
Bytes = Annotated[bytes, Sized(">i", "bytes")]
Records = Annotated[bytes | memoryview | None, Sized(">i", "view")]

M = TypeVar("M", bound=Message)
Read = Callable[[bytes, int], tuple[Any, int]]
Write = Callable[[bytearray, Any], None]


@dataclass(frozen=True)
class _Coder:
    """How one type is read and written; `least` is its smallest size in bytes."""

    read: Read
    write: Write
    least: int


def decode(
    kind: type[M],
    version: int,
    frame: bytes,
    position: int = 0,
    *,
    flexible: bool = False,
    whole: bool = True,
) -> M:
    """Read one message; if `whole`, it must fill the rest of `frame`. Raises DecodeError."""
    try:
        message, end = _coder(kind, version, flexible).read(frame, position)
    except struct.error as error:
        raise DecodeError(str(error)) from error
    if whole and end != len(frame):
        raise DecodeError(f"{len(frame) - end} bytes are left over")
    return cast(M, message)


def encode(message: Message, version: int, out: bytearray, *, flexible: bool = False) -> None:
    """Append the message to `out`."""
    _coder(type(message), version, flexible).write(out, message)


@functools.cache
def _coder(kind: type[Message], version: int, flexible: bool) -> _Coder:
    """Compile a message class for one version; numbers in a row share one struct call."""
    steps: list[tuple[tuple[str, ...], struct.Struct | _Coder]] = []
    run: list[str] = []
    fmt = ">"

    def close_run() -> None:
        nonlocal run, fmt
        if run:
            steps.append((tuple(run), struct.Struct(fmt)))
        run, fmt = [], ">"

    for name, hint in get_type_hints(kind, include_extras=True).items():
        base, marks = _unwrap(hint)
        since = next((mark for mark in marks if isinstance(mark, Since)), Since(0))
        if not since.first <= version <= since.last:
            continue
        fixed = next((mark for mark in marks if isinstance(mark, Fixed)), None)
        if fixed is not None:
            run.append(name)
            fmt += fixed.fmt
        else:
            close_run()
            steps.append(((name,), _value_coder(base, marks, version, flexible)))
    close_run()
    least = sum(part.size if isinstance(part, struct.Struct) else part.least for _, part in steps)
    coder = _Coder(_reader(kind, steps), _writer(steps), least)
    return _tagged(coder) if flexible else coder


def _tagged(fields: _Coder) -> _Coder:
    def read(frame: bytes, position: int) -> tuple[Any, int]:
        message, position = fields.read(frame, position)
        return message, skip_tags(frame, position)

    def write(out: bytearray, message: Any) -> None:
        fields.write(out, message)
        out += NO_TAGS

    return _Coder(read, write, fields.least + len(NO_TAGS))


def _unwrap(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Split `Annotated[T, ...] | None` or `Annotated[T, ...]` into T (or T | None) and marks."""
    if get_origin(hint) is Annotated:
        inner, more = _unwrap(get_args(hint)[0])
        return inner, (*more, *get_args(hint)[1:])
    if get_origin(hint) in (Union, types.UnionType):
        options = [option for option in get_args(hint) if option is not type(None)]
        if len(options) == 1:
            inner, marks = _unwrap(options[0])
            return inner | None, marks
    return hint, ()


def _value_coder(base: Any, marks: tuple[Any, ...], version: int, flexible: bool) -> _Coder:
    nullable = get_origin(base) in (Union, types.UnionType)
    if nullable:
        base = next(option for option in get_args(base) if option is not type(None))
    for mark in marks:
        if isinstance(mark, Fixed):
            return _fixed_coder(struct.Struct(">" + mark.fmt))
        if isinstance(mark, Sized):
            return _sized_coder(mark, nullable, COMPACT if flexible else fixed(mark.fmt))
    if get_origin(base) is list:
        item, item_marks = _unwrap(get_args(base)[0])
        items = _value_coder(item, item_marks, version, flexible)
        return _array_coder(items, nullable, COMPACT if flexible else fixed(">i"))
    if isinstance(base, type) and issubclass(base, Message):
        return _coder(base, version, flexible)
    raise TypeError(f"no wire type for {base!r}")


def _fixed_coder(packed: struct.Struct) -> _Coder:
    def read(frame: bytes, position: int) -> tuple[Any, int]:
        return packed.unpack_from(frame, position)[0], position + packed.size

    def write(out: bytearray, value: Any) -> None:
        out += packed.pack(value)

    return _Coder(read, write, packed.size)


def _sized_coder(mark: Sized, nullable: bool, length: Length) -> _Coder:
    text, view = mark.kind == "text", mark.kind == "view"

    def read(frame: bytes, position: int) -> tuple[Any, int]:
        size, position = length.read(frame, position)
        if size < 0:
            if not nullable or size != -1:
                raise DecodeError(f"a length of {size}")
            return None, position
        end = position + size
        if end > len(frame):
            raise DecodeError(f"{size} bytes announced, {len(frame) - position} left")
        if view:
            return memoryview(frame)[position:end], end
        raw = frame[position:end]
        # What is no text becomes what nothing is named, as in Java.
        return (raw.decode(errors="replace") if text else raw), end

    def write(out: bytearray, value: Any) -> None:
        if value is None:
            if not nullable:
                raise TypeError("None in a field that cannot be null")
            length.write(out, -1)
            return
        raw = value.encode() if text else value
        length.write(out, len(raw))
        out += raw

    return _Coder(read, write, length.least)


def _array_coder(item: _Coder, nullable: bool, length: Length) -> _Coder:
    def read(frame: bytes, position: int) -> tuple[Any, int]:
        count, position = length.read(frame, position)
        if count < 0:
            if not nullable or count != -1:
                raise DecodeError(f"an array of {count} items")
            return None, position
        # A count is only believed as far as the bytes that are there could hold it: a garbage
        # frame must not make the server allocate.
        if count * max(item.least, 1) > len(frame) - position:
            raise DecodeError(f"{count} items announced, {len(frame) - position} bytes left")
        items = []
        for _ in range(count):
            value, position = item.read(frame, position)
            items.append(value)
        return items, position

    def write(out: bytearray, value: Any) -> None:
        if value is None:
            if not nullable:
                raise TypeError("None in an array that cannot be null")
            length.write(out, -1)
            return
        length.write(out, len(value))
        for element in value:
            item.write(out, element)

    return _Coder(read, write, length.least)


def _reader(
    kind: type[Message], steps: list[tuple[tuple[str, ...], struct.Struct | _Coder]]
) -> Read:
    def read(frame: bytes, position: int) -> tuple[Any, int]:
        values: dict[str, Any] = {}
        for names, part in steps:
            if isinstance(part, struct.Struct):
                values.update(zip(names, part.unpack_from(frame, position), strict=True))
                position += part.size
            else:
                values[names[0]], position = part.read(frame, position)
        return kind(**values), position

    return read


def _writer(steps: list[tuple[tuple[str, ...], struct.Struct | _Coder]]) -> Write:
    writes: list[Write] = []
    for names, part in steps:
        get = operator.attrgetter(*names)
        if isinstance(part, struct.Struct):
            writes.append(_run_writer(get, part, single=len(names) == 1))
        else:
            writes.append(_field_writer(get, part.write))

    def write(out: bytearray, message: Any) -> None:
        for step in writes:
            step(out, message)

    return write


def _run_writer(get: Callable[[Any], Any], packed: struct.Struct, *, single: bool) -> Write:
    def write_one(out: bytearray, message: Any) -> None:
        out += packed.pack(get(message))

    def write_run(out: bytearray, message: Any) -> None:
        out += packed.pack(*get(message))

    return write_one if single else write_run


def _field_writer(get: Callable[[Any], Any], write_value: Write) -> Write:
    def write(out: bytearray, message: Any) -> None:
        write_value(out, get(message))

    return write
