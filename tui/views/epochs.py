"""A stream before and after a change of its plan, side by side, and what was predicted."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence

from streaming.lab.stream_snapshot import (
    CandidateView,
    EpochView,
    HeavyKeyView,
    PredictionView,
    StreamView,
)
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, merged
from tui.safe import fit, safe

TEXT_LIMIT = 200
KEY_LIMIT = 80
MOST_BAR_LINES = 4
LABEL = 14
GAP = 2
NOTHING = "Nothing has been measured yet."
ALONE = "This is the first epoch; switch the key and it stands beside the next one."


def comparison(
    stream: StreamView,
    now_ms: int,
    width: int,
    glyphs: Glyphs,
    candidate: CandidateView | None = None,
) -> list[Line]:
    """Return the table of the last two epochs with the prediction, then the heaviest keys.

    A candidate stands beside what holds now, in place of the prediction of that.
    """
    if not stream.epochs:
        lines: list[Line] = [((NOTHING, "dim"),)]
    else:
        lines = _table(stream.epochs[-2:], now_ms, width, glyphs, candidate)
    return [*lines, (), *heaviest(stream, width, glyphs)]


def heaviest(stream: StreamView, width: int, glyphs: Glyphs) -> list[Line]:
    """Return the heavy keys of the present epoch, each with where it goes."""
    lines: list[Line] = [(("Heaviest keys of this epoch (at least so many records)", "strong"),)]
    if not stream.heavy:
        return [*lines, ((fit("none known: no key is heavy, or none was counted", width), "dim"),)]
    total = stream.epochs[-1].records if stream.epochs else 0
    most = max([1, *(item.records for item in stream.heavy)])
    name = min(30, max(8, width - 38))
    room = min(30, width - name - 29)
    return lines + [_heavy(item, total, most, name, room, glyphs) for item in stream.heavy]


def _heavy(item: HeavyKeyView, total: int, most: int, name: int, room: int, glyphs: Glyphs) -> Line:
    part = numbers.percent(item.share if item.share is not None else _part(item.records, total))
    shard = f"shard {item.shard:02d}" if item.shard is not None else f"shard {numbers.UNKNOWN}"
    cells = round(min(max(item.records / most, 0.0), 1.0) * max(room, 0))
    return merged(
        (
            (fit(safe(item.key, KEY_LIMIT) or "(empty)", name), "text"),
            (fit(numbers.count(item.records, 8), 9, right=True), "text"),
            (fit(part, 6, right=True) + "  ", "text"),
            (fit(shard, 10), "text"),
            (" " if room > 0 else "", "text"),
            (glyphs.bar * cells, "bar"),
        )
    )


def _part(records: int, total: int) -> float | None:
    return records / total if total else None


def _table(
    epochs: Sequence[EpochView],
    now_ms: int,
    width: int,
    glyphs: Glyphs,
    candidate: CandidateView | None,
) -> list[Line]:
    """Return one line or more per measure, one column per epoch and one for what is foretold."""
    room = (width - LABEL) // (len(epochs) + 1) - GAP
    last = epochs[-1]
    top = max((_share(epoch) for epoch in epochs), default=0.0)
    heads = ["before", "now"][-len(epochs) :]
    lines = _row("", [*heads, "predicted" if candidate is None else "candidate"], room, "strong")
    for label, cell, guess in _ROWS:
        cells = [cell(epoch, now_ms) for epoch in epochs]
        foretold = guess(last) if candidate is None else candidate_cell(candidate, label)
        lines += _row(label, [*cells, foretold], room)
        if label == "records":
            bars = [_bars(epoch, room, top, glyphs) for epoch in epochs]
            lines += _block("per shard", [*bars, []], room)
    if len(epochs) < 2:
        lines += [(), ((fit(ALONE, width), "dim"),)]
    return lines


def _row(label: str, cells: Sequence[str], room: int, style: str = "text") -> list[Line]:
    broken = [textwrap.wrap(cell, max(room, 1)) or [""] for cell in cells]
    return _block(label, broken, room, style)


def _block(label: str, columns: Sequence[Sequence[str]], room: int, style: str = "") -> list[Line]:
    """Return columns of several lines beside each other under one label."""
    lines: list[Line] = []
    for place in range(max(1, *(len(column) for column in columns))):
        segments: list[Segment] = [(fit("" if place else label, LABEL), "label")]
        for column in columns:
            text = column[place] if place < len(column) else ""
            segments.append((fit(text, room) + " " * GAP, style or "bar"))
        lines.append(merged(segments))
    return lines


def _share(epoch: EpochView) -> float:
    return max(epoch.counts, default=0) / max(sum(epoch.counts), 1)


def _bars(epoch: EpochView, room: int, top: float, glyphs: Glyphs) -> list[str]:
    """Return each shard's share as a bar, on one scale for all epochs; busiest of neighbours."""
    if not epoch.counts or top <= 0 or room < 1:
        return [numbers.UNKNOWN]
    together = math.ceil(len(epoch.counts) / (room * MOST_BAR_LINES))
    whole, levels = max(sum(epoch.counts), 1), glyphs.levels
    heights = [
        max(epoch.counts[start : start + together]) / whole / top
        for start in range(0, len(epoch.counts), together)
    ]
    drawn = "".join(
        levels[round(min(max(height, 0.0), 1.0) * (len(levels) - 1))] for height in heights
    )
    note = [f"busiest of {together} a bar"] if together > 1 else []
    return [*textwrap.wrap(drawn, room), *note]


Cell = Callable[[EpochView, int], str]
Guess = Callable[[EpochView], str]


def _nothing(_: EpochView) -> str:
    return ""


def _predicted(text: Callable[[PredictionView], str]) -> Guess:
    """Return a prediction's text, unknown where nothing was predicted."""
    return lambda epoch: numbers.UNKNOWN if epoch.predicted is None else text(epoch.predicted)


def _held(epoch: EpochView, now_ms: int) -> str:
    end = now_ms if epoch.ended_at_ms is None else epoch.ended_at_ms
    lasted = numbers.duration((end - epoch.began_at_ms) / 1000)
    return f"{lasted} so far" if epoch.ended_at_ms is None else lasted


def _hottest(epoch: EpochView, _: int) -> str:
    if not epoch.records or not epoch.counts:
        return numbers.UNKNOWN
    place = epoch.counts.index(max(epoch.counts))
    shard = epoch.ids[place] if place < len(epoch.ids) else place
    return f"{numbers.percent(_share(epoch))} on {shard:02d}"


def _throttled(epoch: EpochView, _: int) -> str:
    """Return how often a full shard refused; without limits none can, and that is no zero."""
    if epoch.throttled:
        return f"{numbers.count(epoch.throttled)} refusals"
    return numbers.UNKNOWN if epoch.hottest_load is None else "never"


def _moved(epoch: EpochView, _: int) -> str:
    """Return what part of the keys has another shard than before."""
    moved = epoch.moved
    if moved is None or moved.measured is None:
        return numbers.UNKNOWN
    return f"{numbers.percent(moved.measured)} of {numbers.count(moved.compared)} keys"


def _moves(epoch: EpochView) -> str:
    return numbers.UNKNOWN if epoch.moved is None else numbers.percent(epoch.moved.foretold)


def _inversions(epoch: EpochView, _: int) -> str:
    return "none seen" if not epoch.inversions else f"{numbers.count(epoch.inversions)} seen"


_ROWS: tuple[tuple[str, Cell, Guess], ...] = (
    ("epoch", lambda e, _: str(e.epoch), lambda e: f"for {e.epoch}" if e.predicted else "-"),
    ("key", lambda e, _: safe(e.key, KEY_LIMIT), _nothing),
    ("view, shards", lambda e, _: f"{safe(e.view, 12)}, {numbers.count(e.shards)}", _nothing),
    ("since", lambda e, _: numbers.clock(e.began_at_ms), _nothing),
    ("for", _held, _nothing),
    ("records", lambda e, _: numbers.count(e.records), _nothing),
    ("hottest", _hottest, _predicted(lambda p: numbers.percent(p.hottest_share))),
    ("of its limit", lambda e, _: numbers.part(e.hottest_load), _nothing),
    (
        "max/mean",
        lambda e, _: numbers.measure(e.max_over_mean),
        _predicted(lambda p: numbers.measure(p.max_over_mean)),
    ),
    ("CV", lambda e, _: numbers.measure(e.cv), _nothing),
    ("Gini", lambda e, _: numbers.measure(e.gini), _nothing),
    ("Jain", lambda e, _: numbers.measure(e.jain), _nothing),
    (
        "throttled",
        _throttled,
        _predicted(lambda p: f"{numbers.percent(p.throttled_share)} of records"),
    ),
    (
        "distinct keys",
        lambda e, _: numbers.count(e.distinct_keys),
        _predicted(lambda p: f"{numbers.count(p.distinct_keys)} in sample"),
    ),
    ("moved", _moved, _moves),
    ("inversions", _inversions, _nothing),
    ("keeps", lambda e, _: safe(e.keeps, TEXT_LIMIT), _nothing),
    ("loses", lambda e, _: safe(e.loses, TEXT_LIMIT), _nothing),
    ("why", lambda e, _: safe(e.why, TEXT_LIMIT), _nothing),
)
"""Label, what was measured, and what was predicted for the present epoch."""

_CANDIDATE: dict[str, Callable[[CandidateView], str]] = {
    "epoch": lambda c: "not yet",
    "key": lambda c: safe(c.key, KEY_LIMIT),
    "view, shards": lambda c: f"{safe(c.view, 12)}, {numbers.count(c.shards)}",
    "records": lambda c: f"of the newest {numbers.count(c.records)}",
    "hottest": lambda c: numbers.percent(c.hottest_share),
    "max/mean": lambda c: numbers.measure(c.max_over_mean),
    "CV": lambda c: numbers.measure(c.cv),
    "Gini": lambda c: numbers.measure(c.gini),
    "Jain": lambda c: numbers.measure(c.jain),
    "throttled": lambda c: f"{numbers.percent(c.throttled_share)} of records",
    "distinct keys": lambda c: f"{numbers.count(c.distinct_keys)} in sample",
    "moved": lambda c: numbers.UNKNOWN if c.moved is None else numbers.percent(c.moved),
    "keeps": lambda c: safe(c.keeps, TEXT_LIMIT),
    "loses": lambda c: safe(c.loses, TEXT_LIMIT),
}


def candidate_cell(candidate: CandidateView, label: str) -> str:
    """Return what is foretold of a candidate in a row of the table, "" where nothing is."""
    cell = _CANDIDATE.get(label)
    return "" if cell is None else cell(candidate)
