"""All there is to know of one shard."""

from __future__ import annotations

import math

from streaming.lab.stream_snapshot import ShardView, StreamView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, crop, merged
from tui.safe import fit, safe
from tui.views.canvas import Canvas
from tui.views.columns import STATES
from tui.views.heat import CELL_S
from tui.views.rates import nice_top

TEXT_LIMIT = 60
LABEL = 20
PLOT_ROWS = 5
EDGE = 7
GONE = "This shard is not in the lab any more."


def inspect_lines(
    stream: StreamView | None, shard: ShardView | None, width: int, glyphs: Glyphs
) -> list[Line]:
    """Return the shard's numbers in words, its records over the last minutes, its heavy keys."""
    if stream is None or shard is None:
        return [((fit(GONE, width), "dim"),)]
    shape_name, word, style = STATES.get(shard.state, ("note", safe(str(shard.state), 12), "warn"))
    shape = getattr(glyphs, shape_name) if shape_name else ""
    rows = [
        ("records", f"{numbers.count(shard.records)} of {numbers.percent(shard.share)} now"),
        ("in, out", f"{_rate(shard.in_per_s)} in, {_rate(shard.out_per_s)} out"),
        ("lag", _lag(shard, glyphs)),
        ("oldest not stored", numbers.age(shard.lag_ms)),
        ("iterator age", numbers.age(shard.iterator_age_ms)),
        ("by Burrow's rules", safe(shard.status or numbers.UNKNOWN, TEXT_LIMIT)),
        ("log", f"ends at {numbers.count(shard.end_offset)}, stored to "
                f"{numbers.count(shard.stored_offset)}"),
        ("watermark", numbers.clock(shard.watermark_at_ms) + (", idle" if shard.idle else "")),
        ("read by", safe(shard.owner or numbers.UNKNOWN, TEXT_LIMIT)),
        *_kinesis(shard),
    ]  # fmt: skip
    head: Line = (
        (f"{safe(stream.name, TEXT_LIMIT)} shard {shard.id:02d}  ", "strong"),
        (f"{shape} {word}".strip(), style),
    )
    lines = [crop(head, width), *(_row(label, text, width) for label, text in rows), ()]
    lines += _plot(shard, width, glyphs)
    return [*lines, (), *_heavy(stream, shard, width)]


def _row(label: str, text: str, width: int) -> Line:
    return merged(((fit(label, LABEL), "label"), (fit(text, max(1, width - LABEL)), "text")))


def _rate(per_s: float | None) -> str:
    return f"{numbers.count(per_s)}/s"


def _lag(shard: ShardView, glyphs: Glyphs) -> str:
    growth = shard.lag_per_s
    if growth is None or not math.isfinite(growth) or abs(growth) < 1:
        trend = ""
    else:
        trend = f", {'grows' if growth > 0 else 'shrinks'} by {numbers.count(abs(growth))}/s"
    clear = numbers.duration(shard.clear_s, glyphs.infinity)
    return f"{numbers.count(shard.lag)} records, cleared in {clear}{trend}"


def _kinesis(shard: ShardView) -> list[tuple[str, str]]:
    view = shard.kinesis
    if view is None:
        return []
    return [
        ("hash keys", f"{numbers.percent(view.width)} of all, from {safe(view.start, TEXT_LIMIT)}"),
        ("of its limit", numbers.part(view.load)),
        ("refused", f"{numbers.count(view.throttled)}, now {_rate(view.throttled_per_s)}"),
        ("waiting", f"{numbers.count(view.waiting)} records"),
    ]


def _plot(shard: ShardView, width: int, glyphs: Glyphs) -> list[Line]:
    if not shard.heat:
        return [(("no record was measured yet", "dim"),)]
    canvas = Canvas(max(1, min(width - EDGE, 60)), PLOT_ROWS, glyphs.plain)
    count = len(shard.heat)
    points = [
        float(shard.heat[min(count - 1, column * count // canvas.columns)])
        for column in range(canvas.columns)
    ]
    top = nice_top(points)
    canvas.line(points, top, "in", glyphs.line_in, dotted=False)
    span = numbers.duration(count * CELL_S)
    lines: list[Line] = [((fit(f"records in a second, the last {span}", width), "label"),)]
    for place, line in enumerate(canvas.lines()):
        edge = numbers.count(top) if place == 0 else "0" if place == PLOT_ROWS - 1 else ""
        lines.append(merged(((fit(edge, EDGE - 1, right=True) + " ", "dim"), *line)))
    return lines


def _heavy(stream: StreamView, shard: ShardView, width: int) -> list[Line]:
    mine = [key for key in stream.heavy if key.shard == shard.id]
    if not mine:
        return [((fit("no heavy key lives here", width), "dim"),)]
    lines: list[Line] = [((fit("heavy keys that live here", width), "label"),)]
    for key in mine:
        text = f"{numbers.count(key.records)} records, {numbers.percent(key.share)}"
        name = fit(safe(key.key, TEXT_LIMIT) or "(empty)", LABEL)
        lines.append(merged(((name, "key"), (fit(text, max(1, width - LABEL)), "text"))))
    return lines
