"""What would each key strategy do to a stream? Answered from a sample of its records.

Every record is routed as the service would route it; shares, skew and the part that the shards'
limits would refuse follow from that. Nothing here depends on the lab: any JSON events will do.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from streaming.shards import skew
from streaming.shards.hash_keys import HASH_KEYS, SPREAD_STEP, even_starts
from streaming.shards.hashing import Longs, kafka_partitions, kinesis_shards, shards_of
from streaming.shards.keys import (
    HOT_KEYS,
    STICKY_BYTES,
    KeyStrategy,
    Salt,
    calculated_suffix,
    with_suffix,
)
from streaming.shards.limits import ShardLimits
from streaming.shards.plan import View
from streaming.shards.sample import NotUsable, Sample

CHOOSE_STEP: Final = 64
"""Records that choose by the same loads: a producer learns of them batch by batch."""


class Row(msgspec.Struct, frozen=True):
    """One strategy on one number of shards. Shares are of 0 to 1, of all records.

    `hottest_share` is the busiest shard's part; `throttled_share` what the limits would refuse
    at the given rate (0 in the msk view, where a partition has no limit of its own).
    """

    key: str
    shards: int
    view: View
    max_over_mean: float
    cv: float
    gini: float
    jain: float
    hottest_share: float
    throttled_share: float
    distinct_keys: int
    order_kept: str


@dataclass(frozen=True, slots=True)
class Question:
    """How to look at the sample. `rate` is the stream's records per second.

    `starts`: where the ranges of the shards begin, when they are not even (kinesis, one count).
    """

    view: View
    shards: tuple[int, ...]
    rate: float
    limits: ShardLimits
    seed: int = 7
    starts: tuple[int, ...] = ()


class LeftOut(NamedTuple):
    """A strategy that cannot be tried on this sample, and why."""

    key: str
    why: str


class _Routed(NamedTuple):
    """Shard of each record, for each number of shards; how many keys there were."""

    shards: list[Longs]
    distinct: int


def compare(
    sample: Sample, strategies: Sequence[KeyStrategy], question: Question
) -> tuple[list[Row], list[LeftOut]]:
    """Every strategy on every number of shards, and the strategies that had to be left out."""
    rows: list[Row] = []
    left_out: list[LeftOut] = []
    for strategy in strategies:
        try:
            routed = _route(sample, strategy, question)
        except NotUsable as error:
            left_out.append(LeftOut(strategy.name, str(error)))
            continue
        for count, shards in zip(question.shards, routed.shards, strict=True):
            rows.append(_row(sample, strategy, question, count, shards, routed.distinct))
    return rows, left_out


def _row(
    sample: Sample,
    strategy: KeyStrategy,
    question: Question,
    count: int,
    shards: Longs,
    distinct: int,
) -> Row:
    records = np.bincount(shards, minlength=count).astype(np.float64)
    size = np.bincount(shards, weights=sample.sizes, minlength=count).astype(np.float64)
    loads = records.tolist()
    per_s = question.rate / len(sample)
    refused = 0.0
    if question.view == "kinesis":
        kept = accepted(records * per_s, size * per_s, question.limits)
        refused = float(np.sum(records * (1 - kept)) / len(sample))
    return Row(
        key=strategy.name,
        shards=count,
        view=question.view,
        max_over_mean=skew.max_over_mean(loads),
        cv=skew.cv(loads),
        gini=skew.gini(loads),
        jain=skew.jain(loads),
        hottest_share=max(loads) / len(sample),
        throttled_share=refused,
        distinct_keys=distinct,
        order_kept=strategy.keeps,
    )


def _route(sample: Sample, strategy: KeyStrategy, question: Question) -> _Routed:
    if strategy.base == "none":
        return _Routed([_sticky(sample, question, n) for n in question.shards], 0)
    if strategy.spread and question.view != "kinesis":
        raise NotUsable("explicit hash keys are of Kinesis alone; try --view kinesis, or +salt8")
    indices, keys = sample.encoded(strategy)
    if strategy.salt is not None:
        indices, keys = _salted(sample, strategy.salt, indices, keys, question.seed)
    _check(keys, question)
    if strategy.spread:
        place = random.Random(question.seed).getrandbits(128)
        walk = ((place + n * SPREAD_STEP) % HASH_KEYS for n in range(1, len(sample) + 1))
        return _Routed(shards_of(walk, _starts(question)), len(keys))
    encoded = [key.encode() for key in keys]
    by_key = _hash(encoded, question)
    if strategy.choose_two:
        other = _hash([with_suffix(key, 2).encode() for key in keys], question)
        pairs = zip(by_key, other, question.shards, strict=True)
        chosen = [_lesser(a[indices], b[indices], n) for a, b, n in pairs]
        return _Routed(chosen, len(keys))
    return _Routed([shards[indices] for shards in by_key], len(keys))


def _hash(keys: Sequence[bytes], question: Question) -> list[Longs]:
    if question.view == "kinesis":
        return kinesis_shards(keys, _starts(question))
    return kafka_partitions(keys, question.shards)


def _starts(question: Question) -> list[Sequence[int]]:
    """Where the ranges begin, for each number of shards."""
    return [question.starts] if question.starts else [even_starts(n) for n in question.shards]


def _check(keys: Sequence[str], question: Question) -> None:
    """Refuse what the service refuses. Raises NotUsable."""
    if question.view != "kinesis":
        return
    if "" in keys:
        raise NotUsable("some keys are empty; Kinesis wants 1 to 256 characters (partitionKey)")
    longest = max(map(len, keys))
    if longest > question.limits.key_characters:
        raise NotUsable(
            f"a key has {longest} characters; Kinesis refuses more than "
            f"{question.limits.key_characters} (partitionKey)"
        )


def _salted(
    sample: Sample, salt: Salt, indices: Longs, keys: list[str], seed: int
) -> tuple[Longs, list[str]]:
    """Keys with suffixes `#0` to `#n-1`, numbered anew."""
    if salt.calculated:
        suffixes = np.array([calculated_suffix(i, salt.count) for i in sample.ids()], np.int64)
    else:
        suffixes = np.random.default_rng(seed).integers(salt.count, size=len(indices))
    if salt.hot:
        counts = np.bincount(indices, minlength=len(keys))
        hot = np.zeros(len(keys), dtype=bool)
        hot[np.argsort(-counts, kind="stable")[:HOT_KEYS]] = True
        suffixes = np.where(hot[indices], suffixes, salt.count)  # one more means: none
    pairs, numbers = np.unique(indices * (salt.count + 1) + suffixes, return_inverse=True)
    key_of, suffix_of = np.divmod(pairs, salt.count + 1)
    salted = [
        keys[key] if suffix == salt.count else with_suffix(keys[key], suffix)
        for key, suffix in zip(key_of.tolist(), suffix_of.tolist(), strict=True)
    ]
    return numbers.astype(np.int64), salted


def _sticky(sample: Sample, question: Question, count: int) -> Longs:
    """Records without a key: in msk one batch after the other to a partition drawn at random.

    Kinesis has no records without a key; a producer there draws a new one for each record.
    """
    chance = np.random.default_rng(question.seed)
    if question.view == "kinesis":
        return chance.integers(count, size=len(sample))
    batches = np.cumsum(sample.sizes) // STICKY_BYTES
    return chance.integers(count, size=int(batches[-1]) + 1)[batches]


def _lesser(one: Longs, other: Longs, count: int) -> Longs:
    """Of two candidate shards the one that has had fewer records so far."""
    loads = np.zeros(count, dtype=np.int64)
    chosen = np.empty_like(one)
    for start in range(0, len(one), CHOOSE_STEP):
        step = slice(start, start + CHOOSE_STEP)
        a, b = one[step], other[step]
        taken: NDArray[np.int64] = np.where(loads[b] < loads[a], b, a)
        chosen[step] = taken
        loads += np.bincount(taken, minlength=count)
    return chosen


def accepted(
    records_per_s: NDArray[np.float64], bytes_per_s: NDArray[np.float64], limits: ShardLimits
) -> NDArray[np.float64]:
    """The share (0 to 1) of each shard's records that its limits let in, over a long time.

    A record is taken whole or not at all, so the tighter of the two limits decides.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        by_count = np.where(records_per_s > 0, limits.records_in_per_s / records_per_s, np.inf)
        by_size = np.where(bytes_per_s > 0, limits.bytes_in_per_s / bytes_per_s, np.inf)
    shares: NDArray[np.float64] = np.minimum(1.0, np.minimum(by_count, by_size))
    return shares
