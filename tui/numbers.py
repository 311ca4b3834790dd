"""Numbers as short texts; what is not known is `-`, and never 0."""

from __future__ import annotations

import math
from datetime import datetime

UNKNOWN = "-"
SUFFIXES = ("", "k", "M", "G", "T", "P", "E")
MINUTE_S = 60
HOUR_S = 3600
DAY_S = 86_400


def count(value: float | None, width: int = 0) -> str:
    """Return a whole number with thousands separators, or with k/M/G where `width` is too small."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    if abs(value) < 1e15:
        text = f"{round(value):,}"
        if width <= 0 or len(text) <= width:
            return text
    return shortened(value)


def shortened(value: float) -> str:
    """Return three digits and a suffix: 43.7k, 1.25M."""
    size = abs(value)
    for index, suffix in enumerate(SUFFIXES):
        scaled = size / 1000**index
        if scaled < 999.5 or index == len(SUFFIXES) - 1:
            digits = 0 if scaled >= 100 or index == 0 else 1
            text = f"{scaled:.{digits}f}".removesuffix(".0")
            if len(text) > 6:
                text = f"{scaled:.0e}"
            return f"{'-' if value < 0 else ''}{text}{suffix}"
    raise AssertionError("the last suffix takes every size")


def duration(seconds: float | None, infinity: str = "∞") -> str:
    """Return a time span in at most five characters: 0s, 12s, 3m05, 2h10, 4d."""
    if seconds is None or math.isnan(seconds):
        return UNKNOWN
    if math.isinf(seconds):
        return infinity if seconds > 0 else UNKNOWN
    whole = max(0, round(seconds))
    if whole < MINUTE_S:
        return f"{whole}s"
    if whole < HOUR_S:
        return f"{whole // MINUTE_S}m{whole % MINUTE_S:02d}"
    if whole < DAY_S:
        return f"{whole // HOUR_S}h{whole % HOUR_S // MINUTE_S:02d}"
    return f"{whole // DAY_S}d" if whole < 1000 * DAY_S else ">999d"


def age(milliseconds: float | None) -> str:
    """Return an age in at most five characters, in milliseconds below one second."""
    if milliseconds is None or not math.isfinite(milliseconds):
        return UNKNOWN
    if milliseconds < 1000:
        return f"{max(0, round(milliseconds))}ms"
    if milliseconds < 10_000:
        return f"{milliseconds / 1000:.1f}s"
    return duration(milliseconds / 1000)


def percent(share: float | None) -> str:
    """Return a share of 0 to 1 as a whole percentage."""
    if share is None or not math.isfinite(share):
        return UNKNOWN
    return f"{round(min(max(share, 0.0), 1.0) * 100)}%"


def part(of_limit: float | None) -> str:
    """Return a part of a limit as a percentage, which may be over a hundred."""
    if of_limit is None or not math.isfinite(of_limit):
        return UNKNOWN
    whole = round(max(of_limit, 0.0) * 100)
    return f"{whole}%" if whole < 1000 else ">999%"


def measure(value: float | None) -> str:
    """Return a measure of unevenness with two digits behind the point."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    return f"{value:.2f}" if abs(value) < 10_000 else shortened(value)


def clock(at_ms: int | None) -> str:
    """Return the local time of day of a wall clock in milliseconds since the epoch."""
    if at_ms is None:
        return UNKNOWN
    try:
        return datetime.fromtimestamp(at_ms / 1000).strftime("%H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return UNKNOWN


def hertz(rate: float) -> str:
    """Return a refresh rate: 0.5 Hz, 2 Hz."""
    return f"{rate:g} Hz"
