"""The aggregated record of the Kinesis Producer Library, byte for byte.

    F3 89 9A C2 | AggregatedRecord | MD5 of the AggregatedRecord (16 bytes)

    message AggregatedRecord { repeated string partition_key_table = 1;
                               repeated string explicit_hash_key_table = 2;
                               repeated Record records = 3; }
    message Record { required uint64 partition_key_index = 1;
                     optional uint64 explicit_hash_key_index = 2;
                     required bytes data = 3;
                     repeated Tag tags = 4; }        (which nobody writes)

The format: awslabs/amazon-kinesis-producer, `aggregation-format.md`. How a KPL packs:
`aws/kinesis/core/kinesis_record.cc`. How a KCL reads: awslabs/amazon-kinesis-client,
`AggregatorUtil`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5
from typing import Final, NamedTuple

from streaming.shards.hash_keys import HASH_KEYS, hash_key
from streaming.shards.kpl_settings import DEFAULTS
from streaming.shards.protobuf import fields, varint

MAGIC: Final = b"\xf3\x89\x9a\xc2"
DIGEST_BYTES: Final = 16

AGGREGATE_KEY: Final = "a"
"""The partition key of every aggregate: its explicit hash key alone decides where it goes."""

# Field numbers with their wire types, as protobuf writes them before each value.
_PARTITION_KEY, _EXPLICIT_HASH_KEY, _RECORD = 0x0A, 0x12, 0x1A
_KEY_INDEX, _HASH_INDEX, _DATA = 0x08, 0x10, 0x1A

_HASH_KEY_DIGITS: Final = len(str(HASH_KEYS))


class UserRecord(NamedTuple):
    """A record as an application puts it and gets it back."""

    partition_key: str
    explicit_hash_key: int | None
    data: bytes

    @property
    def hash_key(self) -> int:
        """The Kinesis hash key that routes it: the explicit one or its partition key's."""
        if self.explicit_hash_key is not None:
            return self.explicit_hash_key
        return hash_key(self.partition_key)


@dataclass(frozen=True, slots=True)
class AggregatedBlob:
    """One record of Kinesis that carries `count` user records."""

    partition_key: str
    explicit_hash_key: int
    data: bytes
    count: int


class _Table:
    """One of the two tables of keys: each key once, in the order they came."""

    def __init__(self, tag: int) -> None:
        self.written = bytearray()
        self._tag = varint(tag)
        self._index: dict[str, int] = {}

    def place(self, key: str) -> tuple[int, bytes]:
        """Where the key stands or would stand, and what has to be written before it does."""
        index = self._index.get(key, -1)
        if index >= 0:
            return index, b""
        text = key.encode()
        return len(self._index), self._tag + varint(len(text)) + text

    def write(self, key: str, entry: bytes) -> None:
        """Add the key with what `place` gave for it."""
        if entry:
            self._index[key] = len(self._index)
            self.written += entry


class Aggregator:
    """Packs user records into one record of Kinesis.

    All of them have to belong to one shard, which the caller sees to: a consumer drops an
    aggregate with a record of another shard (`within_range`).
    """

    def __init__(
        self,
        max_bytes: int = DEFAULTS.aggregation_max_size,
        max_records: int = DEFAULTS.aggregation_max_count,
    ) -> None:
        self._max_bytes = max_bytes
        self._max_records = max_records
        self._clear()

    def _clear(self) -> None:
        self._first: UserRecord | None = None
        self._count = 0
        self._size = len(MAGIC) + DIGEST_BYTES
        self._keys = _Table(_PARTITION_KEY)
        self._hashes = _Table(_EXPLICIT_HASH_KEY)
        self._records = bytearray()

    def __len__(self) -> int:
        return self._count

    @property
    def size(self) -> int:
        """The bytes of data that `finish` would give now."""
        if self._first is None:
            return 0
        return len(self._first.data) if self._count == 1 else self._size

    def add(self, record: UserRecord) -> bool:
        """Take the record, or say False and stay as it was when the limits leave no room for it.

        An empty aggregator takes any, for one record alone is sent as it is. Raises ValueError
        for a key that has no UTF-8 and for an explicit hash key that Kinesis has not.
        """
        key, explicit, data = record
        index, key_entry = self._keys.place(key)
        head = varint(_KEY_INDEX) + varint(index)
        hash_text, hash_entry = "", b""
        if explicit is not None:
            if not 0 <= explicit < HASH_KEYS:
                raise ValueError(f"an explicit hash key of {explicit}; from 0 to 2^128-1")
            hash_text = str(explicit)
            index, hash_entry = self._hashes.place(hash_text)
            head += varint(_HASH_INDEX) + varint(index)
        head += varint(_DATA) + varint(len(data))
        head = varint(_RECORD) + varint(len(head) + len(data)) + head
        size = self._size + len(key_entry) + len(hash_entry) + len(head) + len(data)
        if self._first is None:
            self._first = record
        elif size > self._max_bytes or self._count >= self._max_records:
            return False
        self._keys.write(key, key_entry)
        self._hashes.write(hash_text, hash_entry)
        self._records += head
        self._records += data
        self._size = size
        self._count += 1
        return True

    def finish(self) -> AggregatedBlob:
        """What was packed, and begin anew. One record alone comes as it is.

        Raises ValueError when there is none.
        """
        first = self._first
        if first is None:
            raise ValueError("no record was added")
        if self._count == 1:
            blob = AggregatedBlob(first.partition_key, first.hash_key, first.data, 1)
        else:
            message = bytes(self._keys.written + self._hashes.written + self._records)
            data = MAGIC + message + _digest(message)
            blob = AggregatedBlob(AGGREGATE_KEY, first.hash_key, data, self._count)
        self._clear()
        return blob


def deaggregate(data: bytes) -> list[UserRecord] | None:
    """The user records of an aggregate, None for data that is none and stands for itself.

    As a KCL does, it takes data whose digest or protobuf is wrong for a plain record. A KCL
    gives the records before one whose key is missing; here such data is a plain record too.
    """
    message = data[len(MAGIC) : -DIGEST_BYTES]
    if not message or not data.startswith(MAGIC) or _digest(message) != data[-DIGEST_BYTES:]:
        return None
    try:
        return _user_records(message)
    except (ValueError, IndexError):
        return None


def within_range(records: Iterable[UserRecord], start: int, end: int) -> bool:
    """Whether a KCL keeps an aggregate that it read from the shard `start` to `end` (inclusive).

    One record that belongs elsewhere is enough for it to drop all of them, without an error
    (`AggregatorUtil.deaggregate`): after a reshard, or from a packer that knows no shards.
    """
    return all(start <= record.hash_key <= end for record in records)


def _digest(message: bytes) -> bytes:
    return md5(message, usedforsecurity=False).digest()


def _user_records(message: bytes) -> list[UserRecord]:
    """Raises ValueError or IndexError for bytes that are no AggregatedRecord."""
    keys: list[str] = []
    hashes: list[int] = []
    bodies: list[bytes] = []
    for tag, _, content in fields(message):
        if tag == _RECORD:
            bodies.append(content)
        elif tag == _PARTITION_KEY:
            keys.append(content.decode("utf-8", "replace"))
        elif tag == _EXPLICIT_HASH_KEY:
            hashes.append(_explicit(content))
    return [_user_record(body, keys, hashes) for body in bodies]


def _user_record(body: bytes, keys: list[str], hashes: list[int]) -> UserRecord:
    key_index: int | None = None
    hash_index: int | None = None
    data: bytes | None = None
    for tag, number, content in fields(body):
        if tag == _KEY_INDEX:
            key_index = number
        elif tag == _HASH_INDEX:
            hash_index = number
        elif tag == _DATA:
            data = content
    if key_index is None or data is None:
        raise ValueError("a record lacks what it must have")
    explicit = None if hash_index is None else hashes[hash_index]
    return UserRecord(keys[key_index], explicit, data)


def _explicit(text: bytes) -> int:
    # The length comes first: a long text of digits takes int() long.
    if len(text) > _HASH_KEY_DIGITS or not text.isdigit():
        raise ValueError("an explicit hash key is a decimal number")
    return int(text)
