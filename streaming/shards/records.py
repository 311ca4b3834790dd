"""What Kinesis checks of a record before it takes it (Kinesis API, PutRecord)."""

from __future__ import annotations

from streaming.shards.hash_keys import hash_key
from streaming.shards.limits import ShardLimits
from streaming.shards.service_errors import (
    Refused,
    broken_hash_key,
    check_explicit_hash_key,
    constraint,
    invalid,
)


def check_put(
    partition_key: str | bytes, data: bytes, explicit_hash_key: str | None, limits: ShardLimits
) -> int:
    """The hash key that decides the record's shard.

    Raises Refused when the partition key is empty, too long (in characters, not bytes) or no
    UTF-8, when the explicit hash key is no decimal number of 0 to 2^128-1, and when the data,
    alone or with the partition key's UTF-8 bytes, are more than a record may have. Where the
    service's words are not known (no UTF-8; too big only with its key) they are our own.
    """
    key, key_bytes = _both(partition_key)
    broken: list[str] = []
    if not key:
        broken.append(constraint(key, "partitionKey", "have length greater than or equal to 1"))
    if len(key) > limits.key_characters:
        most = limits.key_characters
        broken.append(constraint(key, "partitionKey", f"have length less than or equal to {most}"))
    if explicit_hash_key is not None:
        broken += broken_hash_key(explicit_hash_key, "explicitHashKey")
    if len(data) > limits.record_bytes:
        buffer = f"java.nio.HeapByteBuffer[pos=0 lim={len(data)} cap={len(data)}]"
        rule = f"have length less than or equal to {limits.record_bytes}"
        broken.append(constraint(buffer, "data", rule))
    if broken:
        raise invalid(broken)
    size = len(data) + len(key_bytes)
    if size > limits.record_bytes:
        raise Refused(
            "InvalidArgumentException",
            f"The record has {size} bytes with its partition key; "
            f"{limits.record_bytes} are allowed",
        )
    if explicit_hash_key is None:
        return hash_key(key)
    explicit = int(explicit_hash_key)
    check_explicit_hash_key(explicit)
    return explicit


def _both(partition_key: str | bytes) -> tuple[str, bytes]:
    """The key's characters and its UTF-8 bytes. Raises Refused where one of them is not there."""
    try:
        if isinstance(partition_key, bytes):
            return partition_key.decode(), partition_key
        return partition_key, partition_key.encode()
    except UnicodeError:
        raise Refused("SerializationException", "The partition key is not UTF-8") from None
