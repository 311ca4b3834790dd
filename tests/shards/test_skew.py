"""Skew measures against formulas stated another way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.shards.skew import gini, jain, max_over_mean

counts = st.lists(st.integers(0, 10**9), min_size=1, max_size=50)


@given(counts)
def test_against_numpy(values):
    x = np.array(values, dtype=np.float64)
    if not x.sum():
        assert (max_over_mean(values), gini(values), jain(values)) == (1.0, 0.0, 1.0)
        return
    # Half the mean absolute difference over the mean, pair by pair.
    pairs = np.abs(x[:, None] - x[None, :]).mean() / (2 * x.mean())
    assert gini(values) == pytest.approx(pairs, abs=1e-9)
    assert max_over_mean(values) == pytest.approx(x.max() / x.mean())
    # Jain's index from the coefficient of variation.
    variation = x.std() / x.mean()
    assert jain(values) == pytest.approx(1 / (1 + variation**2))


@pytest.mark.parametrize("n", [1, 2, 4, 200])
def test_the_extremes(n):
    even, one = [7] * n, [0] * (n - 1) + [9]
    assert max_over_mean(even) == pytest.approx(1)
    assert gini(even) == pytest.approx(0, abs=1e-12)
    assert jain(even) == pytest.approx(1)
    assert max_over_mean(one) == pytest.approx(n)
    assert gini(one) == pytest.approx((n - 1) / n)
    assert jain(one) == pytest.approx(1 / n)


@given(counts, st.randoms())
def test_the_order_and_the_unit_do_not_matter(values, chance):
    other = [3 * v for v in values]
    chance.shuffle(other)
    for measure in (max_over_mean, gini, jain):
        assert measure(other) == pytest.approx(measure(values), abs=1e-9)


def test_known_values():
    assert gini([1, 2, 3, 4]) == pytest.approx(0.25)
    assert max_over_mean([1, 2, 3, 4]) == pytest.approx(1.6)
    assert jain([1, 2, 3, 4]) == pytest.approx(100 / 120)
