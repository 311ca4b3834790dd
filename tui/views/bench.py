"""The small lines of the dialogs that change a stream: what it is now, offers, and answers."""

from __future__ import annotations

import textwrap
from enum import Enum

from streaming.lab.snapshot import LabSnapshot
from streaming.lab.stream_snapshot import StreamView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, crop, merged, width_of
from tui.moment import Moment
from tui.offers import OFFERED, told
from tui.safe import safe
from tui.views.plan import call_words, packing_words, plan_words, pressure

NAME_LIMIT = 40
ANSWER_LIMIT = 600
ANSWER_LINES = 3
NONE_OFFERED = "not among the offered ones; any field, template or salt may be written"
NO_STREAM = "The lab is not running yet."


class Answer(Enum):
    """What an answer's line is about, with its shape, its word and its style."""

    HINT = ("", "", "dim")
    WORKING = ("moving", "under way", "busy")
    DONE = ("good", "done", "good")
    REFUSED = ("alarm", "not done", "bad")


def now_line(moment: Moment, width: int, glyphs: Glyphs, *, lab_wide: bool = False) -> Line:
    """Return the shown stream and its plan; `lab_wide` adds what holds for all its shards."""
    stream, snapshot = moment.shown_stream, moment.snapshot
    if stream is None or snapshot is None:
        return ((NO_STREAM, "busy"),)
    words = plan_words(stream, key=not lab_wide) or [f"key {safe(stream.key, NAME_LIMIT)}"]
    if lab_wide:
        words[2:2] = _switches(stream, snapshot)
    dot = f" {glyphs.dot} "
    segments: list[Segment] = [*_warnings(moment), (safe(stream.name, NAME_LIMIT), "strong")]
    segments += [(dot, "dim"), (dot.join(words), "text")]
    for segment in pressure(stream):
        segments += [(dot, "dim"), segment]
    line = merged(segments)
    return line if width_of(line) <= width else (*crop(line, width - 1), (glyphs.more, "dim"))


def producer_line(stream: StreamView, width: int, glyphs: Glyphs) -> Line:
    """Return how the producer packs and puts the stream's records; nothing for a topic."""
    packing, collection = stream.packing, stream.collection
    if stream.view != "kinesis":
        return ()
    words = ["put", "not aggregated"] if packing is None else ["put", packing_words(packing)]
    if packing is not None and packing.efficiency is not None:
        words.append(f"{numbers.percent(packing.efficiency)} data")
    if packing is not None and packing.delay_ms is not None:
        words.append(f"{packing.delay_ms:,.0f} ms packed")
    if collection is not None:
        words.append(call_words(collection))
        if collection.delay_ms is not None:
            words.append(f"{collection.delay_ms:,.0f} ms to a call")
    return crop(((f" {glyphs.dot} ".join(words), "text"),), width)


def offer_line(typed: str, width: int, glyphs: Glyphs, keys: tuple[str, ...] = OFFERED) -> Line:
    """Return the offered keys that hold what was typed, the chosen one marked."""
    name = typed.strip()
    found = keys if name in keys else [key for key in keys if name in key]
    if not found:
        return crop(((NONE_OFFERED, "dim"),), width)
    start = found.index(name) if name in found else 0
    while start and width_of(_offers(found[start - 1 :], name)) <= width:
        start -= 1
    line = _offers(found[start:], name)
    return line if width_of(line) <= width else (*crop(line, width - 1), (glyphs.more, "dim"))


def hint(typed: str) -> tuple[Answer, str]:
    """Return what the typed key keeps and loses, or what is wrong with it."""
    name = typed.strip()
    if not name:
        return Answer.HINT, "enter changes the stream; what is left empty stays as it is"
    ok, words = told(name)
    return Answer.HINT, words if ok else f"no key yet: {words}"


def answer_lines(kind: Answer, text: str, width: int, glyphs: Glyphs) -> list[Line]:
    """Return an answer from outside as at most three lines, shape and word first."""
    shape, word, style = kind.value
    sign = f"{getattr(glyphs, shape)} {word}: " if shape else ""
    body = sign + " ".join(safe(text, ANSWER_LIMIT).split())
    broken = textwrap.wrap(body, max(width, 1)) or [""]
    if len(broken) > ANSWER_LINES:
        last = crop(((broken[ANSWER_LINES - 1], style),), max(width - 1, 1))
        kept: list[Line] = [((line, style),) for line in broken[: ANSWER_LINES - 1]]
        return [*kept, (*last, (glyphs.more, "dim"))]
    return [((line, style),) for line in broken]


def topic_lines(stream: StreamView, why: str, width: int) -> list[Line]:
    """Return what a Kafka topic has in place of ranges, and why none can be added, if so."""
    count = numbers.count(len(stream.shards))
    parts = [
        f"{safe(stream.name, NAME_LIMIT)} is a Kafka topic. It has {count} partitions: numbers "
        "without ranges of hash keys, so there is nothing to split or to merge, and no limit "
        "for each of them.",
        "A key goes to murmur2 of its bytes, modulo the number of partitions. Partitions can "
        "only be added, and then most keys lead elsewhere: a new epoch begins, and the order "
        "of a key's records holds within each epoch.",
        f"Here none can be added: {why}."
        if why
        else "To add some, type n, how many there shall be, and enter.",
        "Shards that fill, split and merge, as Kinesis has them, are in a lab that was started "
        "with --view kinesis --limits on.",
    ]
    lines: list[Line] = []
    for part in parts:
        lines += [((text, "text"),) for text in textwrap.wrap(safe(part, 600), max(width, 1))]
        lines.append(())
    return lines


def _offers(keys: tuple[str, ...] | list[str], name: str) -> Line:
    segments: list[Segment] = []
    for key in keys:
        segments += [("  " if segments else "", "text"), (key, "chosen" if key == name else "dim")]
    return merged(segments)


def _switches(stream: StreamView, snapshot: LabSnapshot) -> list[str]:
    if stream.view != "kinesis":
        return []
    words = ["parents first" if snapshot.parents_first else "children at once"]
    if stream.limits != "off" and snapshot.fan_out:
        words.append("fan-out")
    elif stream.limits != "off" and snapshot.readers > 1:
        words.append(f"1 of {snapshot.readers} readers")
    return words


def _warnings(moment: Moment) -> list[Segment]:
    """Return that what is shown is not what is."""
    found: list[Segment] = []
    if moment.lost is not None:
        found.append(("ENGINE GONE ", "bad"))
    elif moment.stale:
        found.append((f"STALE {numbers.duration(moment.age_s)} ", "warn"))
    if moment.paused:
        found.append(("PAUSED ", "warn"))
    return found
