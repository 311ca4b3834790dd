"""The points that forests are measured with."""

from __future__ import annotations

import random


def points(count: int, warm: int) -> tuple[list[list[float]], list[list[float]]]:
    """`warm` points to fill the samples, and `count` to measure: a noisy daily curve."""
    roll = random.Random(1)
    made = [[(i % 288) / 10 + roll.gauss(0.0, 3.0)] for i in range(warm + count)]
    return made[:warm], made[warm:]
