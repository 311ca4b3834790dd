"""A window's values over time as a picture, and how far its stream's shards are."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from streaming.lab.snapshot import WindowLine
from streaming.lab.stream_snapshot import StreamView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, merged
from tui.safe import fit, safe
from tui.views.canvas import Canvas
from tui.views.windows import value_text

KEY_LIMIT = 40
EDGE = 9
LOOKS = (("in", "*"), ("out", "o"), ("lag", "+"))
"""Style and plain character of each line."""
MOST_STEPS = 3.5
"""A key without a result for so many of its steps has a gap in its line."""
NO_NUMBERS = "No numbers of it to draw yet."


def plot_lines(
    value: str, lines: Sequence[WindowLine], width: int, height: int, glyphs: Glyphs
) -> list[Line]:
    """Return the values of up to three keys over event time, `height` rows with all."""
    there = [p for line in lines for p in line.points if p[1] is not None and math.isfinite(p[1])]
    title = f"{safe(value, KEY_LIMIT)} over time"
    if not there:
        return [((fit(title, width), "label"),), ((fit(NO_NUMBERS, width), "dim"),)]
    first, last = min(end for end, _ in there), max(end for end, _ in there)
    values = [number for _, number in there if number is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    rows = max(1, height - 3)
    canvas = Canvas(width - EDGE, rows, glyphs.plain)
    for line, (style, mark) in reversed(list(zip(lines, LOOKS, strict=False))):
        drawn = _columns(line, first, last, canvas.columns)
        shifted = [None if v is None else v - low for v in drawn]
        canvas.line(shifted, (high - low) or 1.0, style, mark, dotted=False)
    picture: list[Line] = [((fit(title, width), "label"),)]
    for place, drawn_line in enumerate(canvas.lines()):
        edge = _edge(high) if place == 0 else _edge(low) if place == rows - 1 else ""
        picture.append(merged(((fit(edge, EDGE - 1, right=True) + " ", "dim"), *drawn_line)))
    picture.append(_axis(first, last, width))
    picture.append(_legend(lines, glyphs))
    return picture


def _columns(line: WindowLine, first: int, last: int, count: int) -> list[float | None]:
    """Return the value that held at each dot's time: the newest one before it, unless too old."""
    ends = [end for end, _ in line.points]
    steps = sorted(after - before for before, after in pairwise(ends))
    step = steps[len(steps) // 2] if steps else 0
    drawn: list[float | None] = []
    for column in range(count):
        at = first + (last - first) * column / max(1, count - 1)
        place = bisect_right(ends, at) - 1
        fresh = place >= 0 and at - ends[place] <= max(step, 1) * MOST_STEPS
        drawn.append(line.points[place][1] if fresh else None)
    return drawn


def _edge(value: float) -> str:
    return value_text(value) if value else "0"


def _axis(first: int, last: int, width: int) -> Line:
    left, right = numbers.clock(first), numbers.clock(last)
    gap = max(1, width - EDGE - len(left) - len(right))
    return ((fit(" " * EDGE + left + " " * gap + right, width), "dim"),)


def _legend(lines: Sequence[WindowLine], glyphs: Glyphs) -> Line:
    segments: list[Segment] = [(" " * EDGE, "text")]
    for line, (style, mark) in zip(lines, LOOKS, strict=False):
        newest = next((v for _, v in reversed(line.points) if v is not None), None)
        sign = mark if glyphs.plain else "━"
        name = safe(line.key, KEY_LIMIT) or "*"
        segments += [(f"{sign} ", style), (f"{name} {value_text(newest)}   ", "text")]
    return merged(segments)


def watermark_lines(stream: StreamView | None, width: int, most: int = 3) -> list[Line]:
    """Return the stream's watermark, and by how much each shard is ahead of it."""
    if stream is None:
        return []
    least = stream.watermark_at_ms
    name = f"watermark {safe(stream.name, KEY_LIMIT)} {numbers.clock(least)}, the least of: "
    parts = []
    for shard in stream.shards:
        if shard.kinesis is not None and shard.kinesis.lifecycle == "expired":
            continue
        ahead = numbers.UNKNOWN
        if least is not None and shard.watermark_at_ms is not None:
            ahead = f"{(shard.watermark_at_ms - least) / 1000:+.1f}s"
        parts.append(f"{shard.id:02d} {'idle' if shard.idle else ahead}")
    lines = [name]
    for part in parts:
        if len(lines[-1]) + len(part) > width and lines[-1].strip():
            lines.append("  ")
        lines[-1] += f"{part}  "
    if len(lines) > most:
        lines[most - 1 :] = [f"  and more: {len(parts):,} shards"]
    return [((fit(line, width), "dim"),) for line in lines]
