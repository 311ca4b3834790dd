"""Texts of dialogs as lines: help made from the bindings, and replies broken to a width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from tui.bindings import HELP_GROUPS
from tui.glyphs import Glyphs
from tui.lines import Line, merged
from tui.safe import fit, safe

PLAIN_LIMIT = 20_000
LINE_LIMIT = 2000
KEYS = 14
"""Cells of the column of keys in the help."""

PANELS = (
    ("Header", "Where you are, whether it is live, and rate and lag of this stream."),
    (
        "Shards",
        "One row per shard (partition): its share of the stream's records in the last "
        "10 s, rates, LAG (records not yet stored), ETA (time to clear it), AGE (of the oldest "
        "record not yet stored), TREND (records in, one step a second), WM (watermark). In the "
        "Kinesis view also LOAD (part of what it takes) and THR/S (refusals a second).",
    ),
    (
        "Heat",
        "The same shards over the last 5 minutes, a cell for 10 s: the darkest shade is the most "
        "any of them had, each lighter one half as much.",
    ),
    ("Rates", "Records in and out per second and the lag, all streams together."),
    (
        "Keys",
        "The heaviest keys of this epoch with their shards; then what other keys would do on the "
        "shards there are, told from the newest records.",
    ),
    ("Events", "What happened in the lab, the newest first."),
)
STATES = (
    ("ok", "it keeps up"),
    ("WARM", "above its fair part"),
    ("HOT", "far above its fair part"),
    ("MOVING", "changing its consumer"),
    ("STALLED", "records come in, none get out"),
    ("HALTED", "stopped on purpose"),
    ("PAUSED", "its consumer was paused: it reads nothing and keeps the shard"),
    ("WAITING", "Kinesis: not read before its parents are read to their ends"),
    ("CLOSED", "Kinesis: split or merged; only read, takes no more records"),
)


def help_lines(keys: Mapping[str, Sequence[str]], width: int, glyphs: Glyphs) -> list[Line]:
    """Return the help: every binding with its present keys, then what each panel shows."""
    lines: list[Line] = []
    for title, bound in HELP_GROUPS:
        lines.append(((title, "strong"),))
        told: set[str] = set()
        for name, description in bound:
            if name in told or name not in keys:
                continue
            told.add(name)
            lines += _entry(" ".join(keys[name]), description, width, "key")
        lines.append(())
    lines.append((("What you are looking at", "strong"),))
    for name, text in PANELS:
        lines += _entry(name, text, width, "label")
    lines += [(), (("States of a shard", "strong"),)]
    for name, text in STATES:
        lines += _entry(name, text, width, "label")
    lines += [(), ((f"  - is not known, {glyphs.infinity} is never at this rate", "text"),)]
    return lines


def plain_lines(text: str, width: int) -> list[Line]:
    """Return a text from outside as lines of at most `width` cells, its line breaks kept."""
    lines: list[Line] = []
    for part in text[:PLAIN_LIMIT].split("\n"):
        broken = wrapped(safe(part, LINE_LIMIT), width)
        lines += [merged([(line, "text")]) for line in broken]
    return lines


def _entry(name: str, text: str, width: int, style: str) -> Iterator[Line]:
    first = True
    for part in wrapped(text, max(width - KEYS, 10)):
        yield ((fit("  " + name if first else "", KEYS), style), (part, "text"))
        first = False


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in lines of at most `width` characters."""
    return textwrap.wrap(text, max(width, 1), drop_whitespace=False) or [""]
