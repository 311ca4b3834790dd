"""Detectors as a table, and one of them with its evidence over time and its reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence

from streaming.lab.alarm_snapshot import DetectorView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, merged
from tui.safe import fit, safe
from tui.views.alarms import number
from tui.views.canvas import Canvas
from tui.views.texts import wrapped

TEXT_LIMIT = 200
STATE, CELL, BAND, BARS = 16, 9, 19, 20
PLOT_ROWS = 5
FULL = 2.5
"""Evidence at the top of the plot."""
NO_DETECTORS = "This lab has no detectors; docs/anomalies.md says how to declare some."
STYLES = {
    "WARMING": "busy", "OK": "good", "ANOMALY": "bad", "SUPPRESSED": "warn", "MISSING": "dim",
}  # fmt: skip


def detector_heading(width: int) -> Line:
    """Return the names of the columns."""
    text = _row("  state", "detector", "value", "expected", "evidence", "grade", width)
    return ((fit(text, width), "label"),)


def detector_lines(detectors: Sequence[DetectorView], width: int, glyphs: Glyphs) -> list[Line]:
    """Return one line a detector and key; its state is a shape and a word too."""
    return [_detector(each, width, glyphs) for each in detectors]


def _detector(d: DetectorView, width: int, glyphs: Glyphs) -> Line:
    shapes = {"ANOMALY": glyphs.alarm, "OK": glyphs.good, "SUPPRESSED": glyphs.warn}
    shape = shapes.get(d.state, glyphs.waiting)
    word: str = d.state
    if d.state == "WARMING" and d.needed:
        word = f"{100 * d.warm // d.needed}% warm"
    name = " ".join((safe(d.name, TEXT_LIMIT), safe(d.key, TEXT_LIMIT))).strip()
    band = numbers.UNKNOWN
    if d.expected_low is not None and d.expected_high is not None:
        band = f"{number(d.expected_low)} to {number(d.expected_high)}"
    evidence = d.anomaly_score if d.evidence is None else d.evidence
    text = _row("", name, number(d.value), band, _two(evidence), _two(d.grade), width)[STATE:]
    style = STYLES[d.state]
    return merged(
        (
            (f"  {shape} ", style),
            (fit(word, STATE - 5) + " ", style),
            (fit(text, width - STATE), "text"),
        )
    )


def _row(
    state: str, name: str, value: str, band: str, evidence: str, grade: str, width: int
) -> str:  # fmt: skip
    wide = width >= 72
    room = width - STATE - 2 * CELL - 3 - (BAND + CELL + 2 if wide else 0)
    cells = [fit(name, max(8, room)), fit(value, CELL, right=True)]
    if wide:
        cells.append(fit(band, BAND, right=True))
    cells.append(fit(evidence, CELL, right=True))
    if wide:
        cells.append(fit(grade, CELL, right=True))
    return fit(state, STATE) + " ".join(cells)


def _two(value: float | None) -> str:
    return numbers.UNKNOWN if value is None else f"{value:.2f}"


def detector_detail(d: DetectorView | None, width: int, glyphs: Glyphs) -> list[Line]:
    """Return what a detector looks at, its evidence over time, and why it said what it said."""
    if d is None:
        return [((fit(NO_DETECTORS, width), "dim"),)]
    where = "" if d.in_memory else "; its model waits in the store"
    head = f"{safe(d.source, TEXT_LIMIT)}; {d.anomalies} anomalies told{where}"
    lines: list[Line] = [((line, "strong"),) for line in wrapped(head, width)]
    if d.needed and d.warm < d.needed:
        text = f"warming up: {d.warm} of {d.needed} points"
        lines.append(((fit(text, width), "busy"),))
    lines += _plot(d, width, glyphs)
    if d.novelty is not None:
        witnesses = (
            f"novelty {_two(d.novelty)}  sustained {_two(d.sustained)}  "
            f"range {_two(d.range_break)}  confidence {_two(d.confidence)}"
        )
        lines.append(((fit(witnesses, width), "text"),))
    if d.reason and d.state not in ("WARMING",):
        lines += [((line, STYLES[d.state]),) for line in wrapped(safe(d.reason, 400), width)]
    if d.last_reason and d.last_at_ms is not None:
        text = f"last anomaly {numbers.clock(d.last_at_ms)}: {safe(d.last_reason, 400)}"
        lines += [((line, "text"),) for line in wrapped(text, width)]
    return lines + _blame(d, width, glyphs)


def _plot(d: DetectorView, width: int, glyphs: Glyphs) -> list[Line]:
    there = [value for value in d.trend if value is not None and math.isfinite(value)]
    if not there:
        return []
    canvas = Canvas(max(1, min(width - 6, 60)), PLOT_ROWS, glyphs.plain)
    own = d.evidence is not None or d.function == "DETECTOR"
    top = max(FULL, *there) if own else max(1.0, *there)
    points: list[float | None] = []
    for value in d.trend[-canvas.columns // canvas.across :]:
        points += [value] * canvas.across
    if own:
        canvas.line([d.bar] * len(points), top, "mark", "-", dotted=True)
    canvas.line(points, top, "lag", "*", dotted=False)
    label = f"evidence, bar {d.bar:g}" if own else "score"
    lines: list[Line] = [((fit(f"{label}, newest right", width), "label"),)]
    for i, line in enumerate(canvas.lines()):
        edge = f"{top:4.1f} " if i == 0 else " 0.0 " if i == PLOT_ROWS - 1 else "     "
        lines.append(merged(((edge, "dim"), *line)))
    return lines


def _blame(d: DetectorView, width: int, glyphs: Glyphs) -> list[Line]:
    if not d.blame:
        return []
    most = max((each.part for each in d.blame if math.isfinite(each.part)), default=0.0) or 1.0
    lines: list[Line] = [((fit("why: each feature's part of the score", width), "label"),)]
    for each in sorted(d.blame, key=lambda b: -b.part):
        part = each.part / most if math.isfinite(each.part) else 1.0
        bar = glyphs.bar * round(BARS * min(1.0, max(0.0, part)))
        text = f"{safe(each.feature, TEXT_LIMIT)} {'high' if each.high else 'low'}"
        lines.append(
            merged(
                ((fit(text, 24) + " ", "text"), (fit(bar, BARS), "bar"),
                 (f" {each.part:.2f}", "dim"))
            )
        )  # fmt: skip
    return lines
