"""The one line at the top: where you are, whether it is live, and the three numbers that matter."""

from __future__ import annotations

from typing import NamedTuple

from streaming.lab.snapshot import BrokerView, LabSnapshot
from streaming.lab.stream_snapshot import StreamView
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, Segment, crop, merged, width_of
from tui.moment import Moment
from tui.safe import safe
from tui.views.broker import missing
from tui.views.plan import open_shards, pressure

PRODUCT = "dasprep"
NAME_LIMIT = 24
DETAIL_LIMIT = 40
CLOCK_FROM = 60
"""Width from which the clock has its place, whatever else must go."""

REASON_LIMIT = 60
SIGN_LIMIT = 60

STATE_WORDS = {
    "starting": ("STARTING", "busy"),
    "live": ("LIVE", "good"),
    "paused": ("LAB PAUSED", "warn"),
    "draining": ("DRAINING", "busy"),
    "verifying": ("VERIFYING", "busy"),
    "stopping": ("STOPPING", "busy"),
    "stopped": ("STOPPED", "warn"),
    "failed": ("FAILED", "bad"),
}
FIRST_DETAIL = "engine"
PRODUCT_RANK = 11
GONE_RANK = 1
JOINED = (PRODUCT_RANK, GONE_RANK)
"""Parts the next one follows after a single space."""


class Part(NamedTuple):
    """One item of the line; of those that do not fit, the highest `rank` goes first."""

    rank: int
    segments: Line


def header(moment: Moment, width: int, glyphs: Glyphs) -> Line:
    """Return the header for one instant, exactly `width` cells or less."""
    parts = _parts(moment, glyphs)
    gap = 3 if width >= 100 else 2
    clock = numbers.clock(moment.now_ms)
    room = width - 1 if width < CLOCK_FROM else width - len(clock) - 1 - gap
    while len(parts) > 1 and _taken(parts, gap) > room:
        parts.remove(max(parts, key=lambda part: part.rank))
    joined: list[Segment] = [(" ", "text")]
    for index, part in enumerate(parts):
        space = 1 if index and parts[index - 1].rank in JOINED else gap
        joined += [(" " * space if index else "", "text"), *part.segments]
    room = width - width_of(joined)
    if room > len(clock) + 1:
        joined.append((" " * (room - len(clock) - 1) + clock, "dim"))
    return crop(merged(joined), width)


def starting_text(moment: Moment) -> str:
    """Return the sentence shown in place of data while there is none."""
    snapshot = moment.snapshot
    if snapshot is None:
        return f"starting: {FIRST_DETAIL}"
    if snapshot.state == "starting":
        return f"starting: {safe(snapshot.detail, DETAIL_LIMIT) or FIRST_DETAIL}"
    if snapshot.state == "failed":
        return f"failed: {safe(snapshot.detail, DETAIL_LIMIT) or 'no reason given'}"
    return "no shards yet"


def _taken(parts: list[Part], gap: int) -> int:
    return sum(width_of(part.segments) for part in parts) + gap * (len(parts) - 1)


def _parts(moment: Moment, glyphs: Glyphs) -> list[Part]:
    snapshot = moment.snapshot
    parts = _place(moment, glyphs) + _health(moment) + _state(moment)
    if snapshot is not None:
        parts += _alarms(snapshot)
        parts += _numbers(moment.shown_stream)
        parts.append(Part(12, ((safe(snapshot.broker.label, REASON_LIMIT), "dim"),)))
    return [part for part in parts if width_of(part.segments)]


def _place(moment: Moment, glyphs: Glyphs) -> list[Part]:
    """Return product and stream, shards, key and consumers."""
    stream, snapshot = moment.shown_stream, moment.snapshot
    if stream is None or snapshot is None:
        return [Part(4, ((PRODUCT, "strong"),))]
    name = safe(stream.name, NAME_LIMIT)
    consumers = sum(view.state != "dead" for view in snapshot.consumers)
    return [
        Part(PRODUCT_RANK, ((f"{PRODUCT} {glyphs.separator}", "dim"),)),
        Part(5, ((name, "strong"),)),
        Part(8, ((f"{len(open_shards(stream))} shards", "text"),)),
        Part(9, (("key ", "label"), (safe(stream.key, NAME_LIMIT), "text"))),
        Part(10, ((f"{consumers} consumers", "text"),)),
    ]


def _health(moment: Moment) -> list[Part]:
    """Return what is wrong with the data itself, before anything that reads it."""
    parts: list[Part] = []
    if moment.lost is not None:
        reason = safe(moment.lost, REASON_LIMIT) or "no reason given"
        since = "" if moment.snapshot is None else f" {numbers.duration(moment.age_s)}"
        parts.append(Part(GONE_RANK, ((f"ENGINE GONE{since}:", "bad"),)))
        parts.append(Part(3, ((reason, "warn"),)))
    elif moment.stale:
        parts.append(Part(2, ((f"STALE {numbers.duration(moment.age_s)}", "warn"),)))
    return parts


def _state(moment: Moment) -> list[Part]:
    """Return the state word with the refresh rate, and the broker's when it is not up."""
    rate = (f" {numbers.hertz(moment.hertz)}", "dim")
    word, style = _state_word(moment.snapshot)
    parts: list[Part] = []
    if moment.sign:
        parts.append(Part(0, ((safe(moment.sign, SIGN_LIMIT), "mark"),)))
    if moment.paused:
        parts.append(Part(0, (("PAUSED", "warn"),)))
    if moment.lost is None:
        parts.append(Part(2 if moment.paused else 0, ((word, style), rate)))
    if moment.snapshot is None:
        parts.append(Part(6, ((f"{FIRST_DETAIL}", "busy"),)))
        return parts
    if moment.snapshot.state != "live":
        parts.append(Part(6, ((safe(moment.snapshot.detail, DETAIL_LIMIT), style),)))
    return parts + _broker(moment.snapshot.broker, moment.now_ms)


def _state_word(snapshot: LabSnapshot | None) -> tuple[str, str]:
    if snapshot is None:
        return STATE_WORDS["starting"]
    return STATE_WORDS.get(snapshot.state, (safe(str(snapshot.state), NAME_LIMIT).upper(), "warn"))


def _broker(broker: BrokerView, now_ms: int) -> list[Part]:
    if broker.state != "up":
        since = numbers.duration((now_ms - broker.since_at_ms) / 1000)
        style = "busy" if broker.state == "starting" else "bad"
        return [Part(4, ((f"BROKER {safe(broker.state, NAME_LIMIT).upper()} {since}", style),))]
    gone = missing(broker)
    if not gone:
        return []
    since = numbers.duration((now_ms - gone[0].since_at_ms) / 1000)
    which = ", ".join(str(node.id) for node in gone)
    return [Part(4, ((f"NODE {which} MISSING {since}", "bad"),))]


def _alarms(snapshot: LabSnapshot) -> list[Part]:
    """Return how many alarms are on; those that somebody knows of do not shout."""
    on = [alarm for alarm in snapshot.alarms if alarm.state == "ALARM"]
    if not on:
        return []
    loud = [alarm for alarm in on if not alarm.acknowledged]
    style = "dim" if not loud else "bad" if any(a.severity == "alarm" for a in loud) else "warn"
    word = "ALARM" if len(on) == 1 else "ALARMS"
    return [Part(5, ((f"{len(on)} {word}", style),))]


def _numbers(stream: StreamView | None) -> list[Part]:
    """Return records in per second and lag of the shown stream."""
    if stream is None:
        return []
    lag_style = "warn" if stream.lag else "strong"
    rate = numbers.count(stream.in_per_s, 9)
    unit = "" if rate == numbers.UNKNOWN else "/s"
    return [
        Part(6, (("in ", "label"), (rate + unit, "strong"))),
        Part(7, (("lag ", "label"), (numbers.count(stream.lag, 11), lag_style))),
        *(Part(8 + place, (segment,)) for place, segment in enumerate(pressure(stream))),
    ]
