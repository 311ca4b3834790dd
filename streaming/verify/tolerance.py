"""How far stored estimates may be from the exact figures."""

from __future__ import annotations

from typing import Final

from streaming.windows.spec import HLL_LG_K

DISTINCT_ERROR: Final = 6 * 1.04 / 2 ** (HLL_LG_K / 2)
"""Six relative standard errors of the distinct sketch."""

EXACT_DISTINCT: Final = 50
"""Below this many the sketch may be wrong by one."""

QUANTILE_ERROR: Final = 0.0101
"""A stored quantile is the middle of a bucket that is at most 2 % wide."""
