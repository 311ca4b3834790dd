"""From a record back to how it came to its shard: what made its key, and what hashed it.

Nothing is assumed: the strategy is held against the record, and the hash against the shard, by the
plan that held at the record's offset. What a strategy would not have made is said to be so.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from streaming.records.rows import text_of
from streaming.records.views import HashStep, KeyStep
from streaming.shards.hash_keys import hash_key
from streaming.shards.hashing import murmur2
from streaming.shards.keys import KeyStrategy, calculated_suffix, shop, with_suffix
from streaming.shards.plan import StreamPlan
from streaming.shards.route import EXPLICIT_HEADER, hash_of
from streaming.verify.log import LogRecord
from streaming.windows.records import DECODERS, Counted

KEY_KEPT: Final = 200
_DRAWN: Final = re.compile("[0-9a-f]{16}")
_POSITIVE: Final = 0x7FFFFFFF


def event_of(record: LogRecord) -> Counted | None:
    """The record as it is counted, None when it is no event."""
    try:
        event: Counted = DECODERS[record.stream].decode(record.value or b"")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
        return None
    return event


def key_step(plan: StreamPlan | None, record: LogRecord, event: Counted | None) -> KeyStep:
    """How the record's key came about."""
    if plan is None:
        return KeyStep(None, None)
    strategy = shop(plan.key)
    if event is None and strategy.base != "none":
        return KeyStep(plan.key, "it is no event: the key is the one its maker gave it")
    return KeyStep(plan.key, _made(plan, strategy, record, event))


def _made(plan: StreamPlan, strategy: KeyStrategy, record: LogRecord, event: Counted | None) -> str:
    if strategy.base == "none":
        return _without(plan, record)
    assert event is not None  # noqa: S101 - the caller has looked
    base, name = strategy.of(event), _named(strategy)
    key = None if record.key is None else record.key.decode("utf-8", "replace")
    if key is None:
        return f"it has none; {plan.key} would have given {text_of(base.encode(), KEY_KEPT)[0]}"
    if key == base and strategy.salt is None:
        return name + _beyond(plan, strategy, record, base)
    if strategy.salt is not None:
        text = _salted(strategy, key, base, event)
        if text:
            return f"{name}{text}"
    return f"{plan.key} would not have made this key of this event"


def _named(strategy: KeyStrategy) -> str:
    if strategy.base == "constant":
        return "the same key for all records"
    names = strategy.fields
    if len(names) == 1 and strategy.parts == ("", names[0], ""):
        return f"the event's {names[0]}"
    return f"the event's {' and '.join(names)} in a template"


def _without(plan: StreamPlan, record: LogRecord) -> str:
    if plan.view == "msk":
        if record.key is None:
            return "no key: the sticky partitioner chose the partition"
        return "the stream's records have no key, this one has"
    if record.key is not None and _DRAWN.fullmatch(record.key.decode("utf-8", "replace")):
        return "a new key drawn for this record"
    return "this key was not drawn by the lab"


def _beyond(plan: StreamPlan, strategy: KeyStrategy, record: LogRecord, base: str) -> str:
    """What sent a record elsewhere than its key alone would."""
    if strategy.spread:
        return ", with an explicit hash key of its own"
    if strategy.choose_two:
        second = _choice(plan, record, base)
        if second is None:
            return "; neither of its two shards is this one"
        return "; the second of its two shards" if second else "; the first of its two shards"
    return ""


def _choice(plan: StreamPlan, record: LogRecord, base: str) -> bool | None:
    """Whether `choose2` took the second shard; None when it is neither."""
    if plan.view == "kinesis":
        explicit = _explicit(record)
        if explicit is None:
            return False
        return True if explicit == hash_key(with_suffix(base, 2)) else None
    if _partition(base.encode(), plan.shards)[1] == record.shard:
        return False
    return (
        True if _partition(with_suffix(base, 2).encode(), plan.shards)[1] == record.shard else None
    )


def _salted(strategy: KeyStrategy, key: str, base: str, event: Counted) -> str | None:
    salt = strategy.salt
    assert salt is not None  # noqa: S101
    if key == base and salt.hot:
        return ", without a suffix: not among the heaviest keys then"
    suffix = key.removeprefix(f"{base}#")
    if suffix == key or not suffix.isdecimal() or len(suffix) > 4 or int(suffix) >= salt.count:
        return None
    if not salt.calculated:
        return f" and #{suffix}, drawn from {salt.count} suffixes"
    if calculated_suffix(event.id, salt.count) != int(suffix):
        return None
    return f" and #{suffix}: CRC-32 of the event's id modulo {salt.count}"


def hash_step(plan: StreamPlan | None, record: LogRecord) -> HashStep:
    """What leads from the key to the shard."""
    if plan is None:
        return HashStep(None)
    if plan.shard_map is not None:
        return _kinesis(plan, record)
    if record.key is None:
        return HashStep("none")
    key = record.key
    hashed, shard = _partition(key, plan.shards)
    if shard != record.shard and shop(plan.key).choose_two:
        other = with_suffix(key.decode("utf-8", "replace"), 2).encode()
        again, second = _partition(other, plan.shards)
        if second == record.shard:
            key, hashed, shard = other, again, second
    return HashStep(
        "murmur2", text_of(key, KEY_KEPT)[0], str(hashed), modulo=plan.shards, shard=shard,
        agrees=shard == record.shard,
    )  # fmt: skip


def _kinesis(plan: StreamPlan, record: LogRecord) -> HashStep:
    shard_map = plan.shard_map
    assert shard_map is not None  # noqa: S101
    if record.key is None:
        return HashStep("none")
    hashed = hash_of(record.key, record.headers)
    explicit = _explicit(record)
    known = record.shard < len(shard_map.shards)
    shard = shard_map.shards[record.shard] if known else None
    return HashStep(
        "MD5" if explicit is None else "explicit",
        text_of(record.key, KEY_KEPT)[0] if explicit is None else EXPLICIT_HEADER,
        str(hashed),
        shard.low if shard else None,
        shard.high if shard else None,
        shard=shard_map.route(hashed),
        agrees=shard.start <= hashed <= shard.end if shard else None,
    )


def _explicit(record: LogRecord) -> int | None:
    """The explicit hash key; one that equals the key's own hash changes nothing: None."""
    if record.key is None:
        return None
    hashed = hash_of(record.key, record.headers)
    return None if hashed == hash_of(record.key, ()) else hashed


def _partition(key: bytes, shards: int) -> tuple[int, int]:
    """murmur2 of a key, and Kafka's partition for it."""
    hashed = int(murmur2([key])[0])
    return hashed, (hashed & _POSITIVE) % shards
