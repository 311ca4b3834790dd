"""Seeded randomness drawn in chunks: one stream of numbers per purpose, a C call per value.

A value taken one at a time from numpy costs about a microsecond; taken from a chunk already
turned into Python objects it costs some thirty nanoseconds. Every purpose has its own stream, so
that a new use of chance in one place does not change what happens in the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum
from itertools import chain
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")

CHUNK: Final = 4096
ROLLS: Final = 256
"""A roll is a whole number in [0, ROLLS): an index into a table of outcomes."""


class Purpose(IntEnum):
    """What a stream of random numbers is for; the numbers are part of the seed, never reuse one."""

    POOL = 1
    TIMES = 2
    VISITORS = 3
    CLICKS = 4
    ORDERS = 5
    ACCESS = 6
    INCIDENTS = 7
    DELIVERY = 8
    CROWD = 9


def stream(seed: int, incarnation: int, purpose: Purpose, nth: int = 0) -> np.random.Generator:
    """The random stream of one purpose in one life of the shop; `nth` tells repeats apart."""
    return np.random.Generator(
        np.random.PCG64(np.random.SeedSequence([seed, incarnation, int(purpose), nth]))
    )


def endless(draw: Callable[[], list[T]]) -> Callable[[], T]:
    """A function that returns the next value of an endless row of chunks made by `draw`."""

    def chunks() -> list[T] | None:
        return draw()

    return chain.from_iterable(iter(chunks, None)).__next__


def rolls(rng: np.random.Generator, sides: int = ROLLS) -> Callable[[], int]:
    """Endless whole numbers in [0, sides)."""
    return endless(lambda: rng.integers(0, sides, CHUNK).tolist())


def shares(rng: np.random.Generator) -> Callable[[], float]:
    """Endless numbers in [0, 1)."""
    return endless(lambda: rng.random(CHUNK).tolist())


def lognormal(
    rng: np.random.Generator, median: float, sigma: float, low: int, high: int
) -> Callable[[], int]:
    """Endless whole numbers with a long right tail, clipped to [low, high]."""

    def draw() -> list[int]:
        values = rng.lognormal(np.log(median), sigma, CHUNK)
        whole: list[int] = np.clip(np.rint(values), low, high).astype(np.int64).tolist()
        return whole

    return endless(draw)


def zipf(count: int, exponent: float) -> NDArray[np.float64]:
    """Share of each of `count` ranks when popularity falls as rank to the minus `exponent`."""
    weights: NDArray[np.float64] = np.arange(1, count + 1, dtype=np.float64) ** -exponent
    weights /= weights.sum()
    return weights


def picks(
    rng: np.random.Generator, items: Sequence[T], weights: NDArray[np.float64] | None = None
) -> Callable[[], T]:
    """Endless items of `items`, each as often as its weight says (all alike without weights)."""
    if weights is None:
        weights = np.full(len(items), 1.0 / len(items))
    # Dividing by the last sum makes the top exactly 1.0, so that no draw falls past the end.
    cumulated = np.cumsum(weights)
    cumulated /= cumulated[-1]

    def draw() -> list[T]:
        indexes = np.searchsorted(cumulated, rng.random(CHUNK), side="right")
        return [items[i] for i in indexes.tolist()]

    return endless(draw)
