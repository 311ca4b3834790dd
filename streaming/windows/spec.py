"""Which windows the lab keeps: sizes, dimensions and each stream's measure.

Event-time tumbling windows of 10 s (the pane) and 1 min. Longer windows are built from panes when
these are final, never from the events again.
"""

from __future__ import annotations

from typing import Final

from generators.wire import ACCESS, CLICKS, ORDERS

PANE_S: Final = 10
PANE_MS: Final = PANE_S * 1000
SIZES_S: Final = (10, 60)
LONG_S: Final = 60
LONG_MS: Final = LONG_S * 1000

ALL_KEY: Final = "*"
"""The one key of the dimension "all" (the whole stream)."""

DIMS: Final = ("all", "type", "category", "country")
"""What each window is grouped by; "type" is the event type."""

MEASURES: Final = {CLICKS: "load_ms", ORDERS: "total_cents", ACCESS: "size"}
"""The field that sum, min, max and quantiles speak of, per stream."""

MAX_MEASURE: Final = 2**36
"""Largest accepted measure: 2**27 records of one window cannot overflow a 64-bit sum."""

MAX_PAST_MS: Final = 365 * 24 * 3600 * 1000
MAX_FUTURE_MS: Final = 5 * 60 * 1000
"""Event times outside [now - 365 d, now + 5 min] are quarantined before they move a watermark."""

HLL_LG_K: Final = 11
"""HyperLogLog with 2**11 registers: relative standard error about 2.3 %."""

QUANTILE_STEP: Final = 1.02
"""Each bucket of the quantile sketch ends at most 2 % above where it begins: within 1 %."""
