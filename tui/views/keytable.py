"""The heaviest keys with their shards, and what the usual keys would do on the shards there are."""

from __future__ import annotations

from collections.abc import Sequence

from streaming.lab.stream_snapshot import CandidateView, HeavyKeyView, StreamView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, merged
from tui.safe import fit, safe

KEY_LIMIT = 80
NAME = 19
NUMBER = 9
BAR, SHARE, SHARD = 8, 5, 6
GINI_FROM = 52
UNKNOWN = "what other keys would do is not known yet"
NO_KEYS = "no key is heavy, or none was counted yet"


def heavy_lines(
    stream: StreamView, width: int, glyphs: Glyphs, most_keys: int | None = None
) -> list[Line]:
    """Return one line a heavy key of this epoch (the heaviest first): bar, share and shard."""
    name = max(6, width - BAR - SHARE - SHARD - 1)
    head = fit("heaviest keys", name) + fit("share", BAR + SHARE + 1, right=True)
    lines: list[Line] = [((fit(head + fit("shard", SHARD, right=True), width), "label"),)]
    if not stream.heavy:
        return [*lines, ((fit(NO_KEYS, width), "dim"),)]
    most = max(1, *(item.records for item in stream.heavy))
    return lines + [_heavy(item, most, name, glyphs) for item in stream.heavy[:most_keys]]


def _heavy(item: HeavyKeyView, most: int, name: int, glyphs: Glyphs) -> Line:
    bar = glyphs.bar * round(min(max(item.records / most, 0.0), 1.0) * BAR)
    shard = numbers.UNKNOWN if item.shard is None else f"{item.shard:02d}"
    return merged(
        (
            (fit(safe(item.key, KEY_LIMIT) or "(empty)", name) + " ", "key"),
            (fit(bar, BAR), "bar"),
            (fit(numbers.percent(item.share), SHARE, right=True), "text"),
            (fit(shard, SHARD, right=True), "text"),
        )
    )


def table_of_keys(candidates: Sequence[CandidateView], present: str, width: int) -> list[Line]:
    """Return one line a key, the present one marked; the records they were tried on in the head."""
    if not candidates:
        return [((fit(UNKNOWN, width), "dim"),)]
    head = f"what if, of {numbers.count(candidates[0].records)}"
    top = _row(head, "max/mean", "gini", "order kept", width)
    lines: list[Line] = [((top, "label"),)]
    for each in candidates:
        now = each.key == present
        text = _row(
            safe(each.key, KEY_LIMIT) + (" now" if now else ""),
            numbers.measure(each.max_over_mean),
            numbers.measure(each.gini),
            safe(each.keeps, KEY_LIMIT).removeprefix("order "),
            width,
        )
        lines.append(((text, "chosen" if now else "text"),))
    return lines


def _row(key: str, over: str, gini: str, keeps: str, width: int) -> str:
    cells = [fit(key, NAME), fit(over, NUMBER, right=True)]
    if width >= GINI_FROM:
        cells.append(fit(gini, NUMBER - 3, right=True))
    return fit(f"{' '.join(cells)}  {keeps}", width)
