"""Hashes of many keys at once, exactly as the services' own clients compute them.

Kafka: murmur2 as `org.apache.kafka.common.utils.Utils.murmur2`. Kinesis: the MD5 of the key's
UTF-8 bytes as an unsigned 128-bit number (API reference of PutRecord, PartitionKey).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import md5
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Longs: TypeAlias = NDArray[np.int64]

_SEED: Final = np.uint32(0x9747B28C)
_M: Final = np.uint32(0x5BD1E995)
_POSITIVE: Final = np.uint32(0x7FFFFFFF)


def kafka_partitions(keys: Sequence[bytes], counts: Sequence[int]) -> list[Longs]:
    """The partition of each key, for topics of each of these partition counts.

    (murmur2(key) & 0x7fffffff) mod n: `BuiltInPartitioner.partitionForKey`.
    """
    positive = (murmur2(keys) & _POSITIVE).astype(np.int64)
    return [positive % count for count in counts]


def kinesis_shards(keys: Iterable[bytes], starts: Sequence[Sequence[int]]) -> list[Longs]:
    """The shard of each key, for streams whose ranges begin at each of these hash keys."""
    return _placed([md5(key, usedforsecurity=False).digest() for key in keys], starts)


def shards_of(hash_keys: Iterable[int], starts: Sequence[Sequence[int]]) -> list[Longs]:
    """The same for explicit hash keys."""
    return _placed([key.to_bytes(16) for key in hash_keys], starts)


def _placed(hashes: list[bytes], starts: Sequence[Sequence[int]]) -> list[Longs]:
    # As bytes strings of equal length the hashes sort as the big-endian numbers they are.
    sorted_as = np.array(hashes, dtype="S16")
    return [
        np.searchsorted(_starts(some), sorted_as, side="right").astype(np.int64) - 1
        for some in starts
    ]


def _starts(starts: Sequence[int]) -> NDArray[np.bytes_]:
    return np.array([start.to_bytes(16) for start in starts], dtype="S16")


def murmur2(keys: Sequence[bytes]) -> NDArray[np.uint32]:
    """The unsigned murmur2 of each key."""
    hashes = np.empty(len(keys), dtype=np.uint32)
    lengths = np.fromiter(map(len, keys), dtype=np.int64, count=len(keys))
    for length in np.unique(lengths):
        at = np.flatnonzero(lengths == length)
        data = np.frombuffer(b"".join(keys[i] for i in at.tolist()), dtype=np.uint8)
        hashes[at] = _murmur2(data.reshape(len(at), int(length)))
    return hashes


def _murmur2(data: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Rows of equal length, each a key."""
    rows, length = data.shape
    h = np.full(rows, _SEED ^ np.uint32(length), dtype=np.uint32)
    whole = length // 4 * 4
    words = np.ascontiguousarray(data[:, :whole]).view("<u4")
    for column in range(whole // 4):
        k = words[:, column] * _M
        k ^= k >> np.uint32(24)
        k *= _M
        h *= _M
        h ^= k
    if length > whole:
        for place in range(length - whole):
            h ^= data[:, whole + place].astype(np.uint32) << np.uint32(8 * place)
        h *= _M
    h ^= h >> np.uint32(13)
    h *= _M
    h ^= h >> np.uint32(15)
    return h
