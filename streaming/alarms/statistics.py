"""From the samples of a period to its datapoint, by CloudWatch's statistics."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final

STATISTICS: Final = ("Average", "Sum", "Minimum", "Maximum", "SampleCount")
_PERCENTILE: Final = re.compile(r"p(100|\d{1,2}(?:\.\d{1,2})?)")


def known(statistic: str) -> bool:
    """Whether there is such a statistic: one of STATISTICS, or a percentile such as p99.9."""
    return statistic in STATISTICS or _PERCENTILE.fullmatch(statistic) is not None


def datapoint(statistic: str, samples: Sequence[float]) -> float | None:
    """The statistic of a period's samples; None when there are none.

    A percentile is interpolated between the ranks of the sorted samples. NaN and infinities are no
    samples: the service refuses them at its door.
    """
    there = [sample for sample in samples if math.isfinite(sample)]
    if statistic == "SampleCount":
        return float(len(there)) if there else None
    if not there:
        return None
    match statistic:
        case "Average":
            return math.fsum(there) / len(there)
        case "Sum":
            return math.fsum(there)
        case "Minimum":
            return min(there)
        case "Maximum":
            return max(there)
    match = _PERCENTILE.fullmatch(statistic)
    if match is None:
        raise ValueError(f"there is no statistic {statistic!r}")
    there.sort()
    place = float(match[1]) / 100 * (len(there) - 1)
    low = math.floor(place)
    high = min(low + 1, len(there) - 1)
    return there[low] + (there[high] - there[low]) * (place - low)
