"""A made-up window's values over time."""

from __future__ import annotations

import math

import msgspec

from streaming.lab.commands import Reply
from streaming.lab.snapshot import WindowLine
from tests.screens.fake_alarms import NOW_MS

STEP_MS = 10_000


def window_lines(keys: tuple[str, ...] = ("phones", "toys", "garden")) -> list[WindowLine]:
    """A wave for each key; the second one was silent for a while, the third has a gap."""
    ends = [NOW_MS - 40_000 - STEP_MS * back for back in range(60, -1, -1)]
    lines = []
    for place, key in enumerate(keys):
        wave = [(end, 100 / (place + 1) * (1 + math.sin(i / 9))) for i, end in enumerate(ends)]
        if place == 1:
            wave = wave[:20] + wave[40:]
        points = tuple(
            (end, None if place == 2 and i == 5 else v) for i, (end, v) in enumerate(wave)
        )
        lines.append(WindowLine(key, points))
    return lines


def window_history(keys: tuple[str, ...] = ("phones", "toys", "garden")) -> Reply:
    return Reply(True, "", msgspec.json.encode(window_lines(keys)).decode())
