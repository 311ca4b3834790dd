"""Rate shapes: how many records a second the shop makes, as a function of event time alone.

A shape takes the seconds of event time since it was chosen and the base rate (records per
second over all enabled streams), and gives the rate at that moment. No shape keeps state, so a
run is the same at any speed of replay.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

RAMP_S: Final = 300.0
RAMP_FROM: Final = 0.2
RAMP_TO: Final = 2.0

DAY_S: Final = 600.0
"""A day takes ten minutes, so that a lab session sees several."""
DAY_SWING: Final = 0.7

SALE_OPENS_S: Final = 10.0
SALE_RISE_S: Final = 3.0
SALE_PEAK: Final = 6.0
SALE_FADE_S: Final = 60.0


@dataclass(frozen=True)
class Shape:
    """A named course of the rate; `rate(elapsed_s, base)` is in records per second."""

    text: str
    rate: Callable[[float, float], float]


def _constant(_elapsed: float, base: float) -> float:
    return base


def _ramp(elapsed: float, base: float) -> float:
    done = min(max(elapsed, 0.0) / RAMP_S, 1.0)
    return base * (RAMP_FROM + (RAMP_TO - RAMP_FROM) * done)


def _diurnal(elapsed: float, base: float) -> float:
    return base * (1.0 + DAY_SWING * math.sin(2.0 * math.pi * elapsed / DAY_S))


def _flash_sale(elapsed: float, base: float) -> float:
    since = elapsed - SALE_OPENS_S
    if since <= 0.0:
        return base
    rise = min(since / SALE_RISE_S, 1.0)
    fade = math.exp(-max(since - SALE_RISE_S, 0.0) / SALE_FADE_S)
    return base * (1.0 + (SALE_PEAK - 1.0) * rise * fade)


def _pause(_elapsed: float, _base: float) -> float:
    return 0.0


SHAPES: Final[dict[str, Shape]] = {
    "constant": Shape("the base rate, always", _constant),
    "ramp": Shape("from 20 % to 200 % of the base rate in 5 minutes, then steady", _ramp),
    "diurnal": Shape("a day in 10 minutes: 30 % to 170 % of the base rate", _diurnal),
    "flash_sale": Shape("after 10 s a rush to 6 times the base rate, slowly fading", _flash_sale),
    "pause": Shape("nothing at all until another shape is chosen", _pause),
}


def rate_at(shape: str, elapsed_s: float, base: float) -> float:
    """The rate of `shape` in records per second; KeyError if there is no such shape."""
    return SHAPES[shape].rate(elapsed_s, base)
