"""Approximate distinct counts and quantiles, from Apache DataSketches, as mergeable bytes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import datasketches as ds
import numpy as np
import numpy.typing as npt

from streaming.windows.spec import HLL_LG_K, KLL_K

_CANONICAL_FROM: Final = 100
"""Below this the sketch is still a plain list of hashes (up to 192 of them)."""

_HLL_TYPE = ds.tgt_hll_type.HLL_4


def distinct_of(numbers: Sequence[int]) -> bytes:
    """A HyperLogLog sketch of these 62-bit numbers."""
    sketch = ds.hll_sketch(HLL_LG_K, _HLL_TYPE)
    for number in numbers:
        sketch.update(number)
    return bytes(sketch.serialize_compact())


def quantiles_of(values: npt.NDArray[np.int64]) -> bytes:
    """A KLL sketch of these values."""
    sketch = ds.kll_doubles_sketch(KLL_K)
    sketch.update(values.astype(np.float64))
    return bytes(sketch.serialize())


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
    """A growing merge of quantile sketches."""

    __slots__ = ("_sketch",)

    def __init__(self) -> None:
        self._sketch: Any = ds.kll_doubles_sketch(KLL_K)

    def add(self, sketch: bytes) -> None:
        """Add a serialised sketch."""
        self._sketch.merge(ds.kll_doubles_sketch.deserialize(sketch))

    def result(self) -> tuple[bytes, float, float, float]:
        """The merge as bytes, and its quantiles 0.5, 0.9 and 0.99."""
        p50, p90, p99 = self._sketch.get_quantiles([0.5, 0.9, 0.99])
        return bytes(self._sketch.serialize()), float(p50), float(p90), float(p99)
