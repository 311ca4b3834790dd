"""Approximate distinct counts and quantiles as mergeable bytes.

Both give the same whatever the batches and the order they are merged in. Distinct counts are Apache
DataSketches' HyperLogLog. Quantiles are counts in fixed buckets whose ends grow by 2 %: of a
quantile the rank is exact and the value within 1 % (exact to 100), as in DDSketch (Masson, Rim
and Lee, VLDB 2019); a KLL sketch's choices are random and its result depends on the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import datasketches as ds
import numpy as np
import numpy.typing as npt

from streaming.windows.spec import HLL_LG_K, MAX_MEASURE, QUANTILE_STEP

_CANONICAL_FROM: Final = 100
"""Below this the sketch is still a plain list of hashes (up to 192 of them)."""

_MOST_PARTS: Final = 16
"""Sketches that wait to be added up; summing many at once is cheaper than one after the other."""

_HLL_TYPE = ds.tgt_hll_type.HLL_4


def distinct_of(numbers: Sequence[int]) -> bytes:
    """A HyperLogLog sketch of these 62-bit numbers."""
    sketch = ds.hll_sketch(HLL_LG_K, _HLL_TYPE)
    for number in numbers:
        sketch.update(number)
    return bytes(sketch.serialize_compact())


def _ends() -> npt.NDArray[np.int64]:
    """The largest value of each bucket: 0, 1, 2 … 100, then steps of 2 %."""
    ends = [0]
    while ends[-1] < MAX_MEASURE:
        ends.append(max(ends[-1] + 1, int(ends[-1] * QUANTILE_STEP)))
    return np.array(ends, dtype=np.int64)


_ENDS: Final = _ends()
_PAIR: Final = np.dtype([("bucket", "<u2"), ("count", "<i8")])


def quantiles_of(values: npt.NDArray[np.int64]) -> bytes:
    """The filled buckets of these values (0 to MAX_MEASURE) and how many are in each."""
    buckets, counts = np.unique(np.searchsorted(_ENDS, values), return_counts=True)
    return _packed(buckets, counts)


def _packed(buckets: npt.NDArray[np.int64], counts: npt.NDArray[np.int64]) -> bytes:
    pairs = np.empty(len(buckets), dtype=_PAIR)
    pairs["bucket"], pairs["count"] = buckets, counts
    return pairs.tobytes()


class Distinct:
    """A growing union of distinct sketches."""

    __slots__ = ("_union",)

    def __init__(self) -> None:
        self._union: Any = ds.hll_union(HLL_LG_K)

    def add(self, sketch: bytes) -> None:
        """Add a serialised sketch."""
        self._union.update(ds.hll_sketch.deserialize(sketch))

    def result(self) -> tuple[bytes, float]:
        """The union as bytes, and its estimate."""
        sketch = self._union.get_result(_HLL_TYPE)
        if sketch.get_estimate() > _CANONICAL_FROM:
            # A sketch that was never merged estimates by the order its numbers came in. Merged
            # with itself it estimates by its registers alone: any batching gives the same.
            again = ds.hll_union(HLL_LG_K)
            again.update(sketch)
            again.update(sketch)
            sketch = again.get_result(_HLL_TYPE)
        return bytes(sketch.serialize_compact()), float(sketch.get_estimate())


class Quantiles:
    """A growing sum of quantile sketches."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def add(self, sketch: bytes) -> None:
        """Add a serialised sketch."""
        self._parts.append(sketch)
        if len(self._parts) > _MOST_PARTS:
            self.sketch()

    def sketch(self) -> bytes:
        """All of it as one serialised sketch."""
        if len(self._parts) != 1:
            pairs = np.frombuffer(b"".join(self._parts), dtype=_PAIR)
            buckets, places = np.unique(pairs["bucket"], return_inverse=True)
            counts = np.zeros(len(buckets), dtype=np.int64)
            np.add.at(counts, places, pairs["count"])
            self._parts = [_packed(buckets.astype(np.int64), counts)]
        return self._parts[0]

    def at(self, quantile: float) -> float:
        """The middle of the bucket with the value of this rank (0 to 1); NaN without values."""
        pairs = np.frombuffer(self.sketch(), dtype=_PAIR)
        upto = np.cumsum(pairs["count"])
        if not len(upto):
            return float("nan")
        rank = max(1, -(-int(upto[-1]) * round(quantile * 1_000_000) // 1_000_000))
        bucket = int(pairs["bucket"][np.searchsorted(upto, rank)])
        return (int(_ENDS[max(0, bucket - 1)]) + (bucket > 0) + int(_ENDS[bucket])) / 2

    def result(self) -> tuple[bytes, float, float, float]:
        """The sum as bytes, and its quantiles 0.5, 0.9 and 0.99."""
        return self.sketch(), self.at(0.5), self.at(0.9), self.at(0.99)
