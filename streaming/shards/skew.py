"""How unevenly records fell on shards, from counts per shard: max/mean, CV, Gini, Jain."""

from __future__ import annotations

import math
from collections.abc import Sequence


def max_over_mean(counts: Sequence[float]) -> float:
    """The busiest shard over the average: 1.0 is even, n is everything on one of n shards."""
    total = sum(counts)
    return max(counts) * len(counts) / total if total else 1.0


def cv(counts: Sequence[float]) -> float:
    """The coefficient of variation: 0 is even, √(n-1) is everything on one of n shards."""
    total, n = sum(counts), len(counts)
    if not total:
        return 0.0
    mean = total / n
    return math.sqrt(sum((count - mean) ** 2 for count in counts) / n) / mean


def gini(counts: Sequence[float]) -> float:
    """The Gini coefficient: 0 is even, (n-1)/n is everything on one of n shards."""
    total, n = sum(counts), len(counts)
    if not total:
        return 0.0
    ranked = sorted(counts)
    weighted = sum(rank * count for rank, count in enumerate(ranked, start=1))
    return 2 * weighted / (n * total) - (n + 1) / n


def jain(counts: Sequence[float]) -> float:
    """Jain's fairness index (sum x)^2 / (n * sum x^2): 1 is even, 1/n is all on one shard.

    Jain, Chiu, Hawe: A Quantitative Measure of Fairness, DEC-TR-301, 1984.
    """
    squares = sum(count * count for count in counts)
    return sum(counts) ** 2 / (len(counts) * squares) if squares else 1.0
