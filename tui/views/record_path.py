"""One record and its path: key, hash, shard, consumer, store, windows and alarms."""

from __future__ import annotations

from collections.abc import Iterator

from streaming.records.views import CountedRow, HashStep, RecordPath
from tui import numbers
from tui.glyphs import Glyphs
from tui.lines import Line, crop, merged
from tui.safe import fit, safe
from tui.views.jsontext import broken, value_lines
from tui.views.records import clock_ms, offset_text

LABEL = 11
TEXT_LIMIT = 400
ASKING = "Asking the lab for this record's path..."
STATES = {"final": "good", "open": "busy", "late": "warn"}


def path_lines(path: RecordPath, width: int, glyphs: Glyphs) -> list[Line]:
    """Return everything about a record, its value last."""
    lines = [*_record(path, width), ((fit("path of the record", width), "label"),)]
    lines += _key(path, width)
    lines += _hash(path.hash, path.row.shard, width, glyphs)
    lines += _shard(path, width, glyphs)
    lines += _fate(path, width, glyphs)
    lines += _windows(path, width, glyphs)
    lines += _alarms(path, width, glyphs)
    lines.append(((fit("value", width), "label"),))
    if path.row.value is None:
        return [*lines, ((" no value", "dim"),)]
    if path.row.cut:
        text = f" the first {len(path.row.value):,} characters of {path.row.size:,} bytes"
        lines.append(((fit(text, width), "warn"),))
    if not path.row.utf8:
        lines.append(((fit(" it is not UTF-8: other bytes are shown as \\xNN", width), "warn"),))
    return [*lines, *(((f" {line}", "text"),) for line in value_lines(path.row.value, width - 1))]


def _entry(
    name: str, text: str, width: int, style: str = "text", limit: int = TEXT_LIMIT
) -> Iterator[Line]:
    """Yield a name and its text, broken where it is long."""
    first = True
    for part in broken(safe(text, limit), max(width - LABEL, 8)):
        label = fit(f" {name}" if first else "", LABEL)
        yield crop(merged(((label, "label"), (part, style))), max(width, 1))
        first = False


def _record(path: RecordPath, width: int) -> Iterator[Line]:
    row = path.row
    where = f"{path.stream} shard {row.shard:02} offset {offset_text(row)}"
    if row.of:
        where += f" (record {row.sub} of {row.of} in an aggregate)"
    yield from _entry("record", where, width, "strong")
    times = f"put {clock_ms(row.timestamp_ms)}, event {clock_ms(row.event_ms)}"
    yield from _entry("times", f"{times}, {row.size:,} bytes", width)
    for name, value in row.headers:
        yield from _entry("header", f"{name}: {value}", width)


def _key(path: RecordPath, width: int) -> Iterator[Line]:
    row = path.row
    key = numbers.UNKNOWN if row.key is None else row.key
    if row.key is not None and row.key_size > TEXT_LIMIT:
        key = f"{row.key[:100]}... ({row.key_size:,} bytes)"
    yield from _entry("key", key, width, "strong")
    strategy = numbers.UNKNOWN
    if path.key.strategy is not None:
        since = numbers.clock(path.began_ms)
        strategy = f"strategy {path.key.strategy}, epoch {path.epoch} since {since}"
    yield from _entry("", path.key.text or numbers.UNKNOWN, width)
    yield from _entry("", strategy, width, "dim")


def _hash(step: HashStep, shard: int, width: int, glyphs: Glyphs) -> Iterator[Line]:
    if step.kind in (None, "none") or step.hash is None:
        none = "none: no key decided where it goes" if step.kind == "none" else numbers.UNKNOWN
        yield from _entry("hash", none, width)
        return
    if step.kind == "murmur2":
        yield from _entry("hash", f"murmur2 of {step.of}: {int(step.hash):,}", width)
        text = f"without its sign, modulo {step.modulo}: {step.shard}"
    else:
        source = f"MD5 of {step.of}" if step.kind == "MD5" else "explicit hash key"
        yield from _entry("hash", f"{source}: {int(step.hash):032x}", width)
        yield from _entry("", f"{step.hash} of 2^128", width, "dim")
        text = numbers.UNKNOWN
        if step.low is not None:
            text = f"shard {shard:02} has {step.low} to {step.high}"
    word, style = numbers.UNKNOWN, "dim"
    if step.agrees is not None:
        word, style = (
            (f"{glyphs.good} it belongs here", "good")
            if step.agrees
            else (f"{glyphs.alarm} it belongs to shard {_of(step.shard)}", "bad")
        )
    yield from _entry("", text, width)
    yield from _entry("", word, width, style)


def _of(shard: int | None) -> str:
    return numbers.UNKNOWN if shard is None else f"{shard:02}"


def _shard(path: RecordPath, width: int, glyphs: Glyphs) -> Iterator[Line]:
    name = "" if path.shard_name is None else f", {path.shard_name}"
    kind = "partition" if path.view == "msk" else "shard"
    yield from _entry("shard", f"{kind} {path.row.shard:02}{name}", width)
    owner = numbers.UNKNOWN if path.consumer is None else f"{path.consumer} owns the shard now"
    yield from _entry("consumer", owner, width)
    stored, style = numbers.UNKNOWN, "dim"
    if path.stored_offset is not None:
        at = f"the shard's next to store is {path.stored_offset:,}"
        stored, style = (
            (f"{glyphs.good} it is in the store; {at}", "good")
            if path.row.offset < path.stored_offset
            else (f"{glyphs.waiting} it is not in the store yet; {at}", "busy")
        )
    yield from _entry("store", stored, width, style)


def _fate(path: RecordPath, width: int, glyphs: Glyphs) -> Iterator[Line]:
    if path.fate == "dead":
        text = f"{glyphs.alarm} dead letter: {path.reason}"
        yield from _entry("counted", text, width, "bad")
    elif path.fate == "late":
        mark = int(path.reason) if path.reason.lstrip("-").isdecimal() else None
        text = f"{glyphs.warn} late: the watermark was {clock_ms(mark)} already"
        yield from _entry("counted", text, width, "warn")
    elif path.fate is None:
        yield from _entry("counted", numbers.UNKNOWN, width)
    elif path.fate == "waiting":
        yield from _entry("counted", f"{glyphs.waiting} not yet", width, "busy")


def _windows(path: RecordPath, width: int, glyphs: Glyphs) -> Iterator[Line]:
    if not path.counted:
        return
    name, by = (22, 22) if width >= 100 else (14, 16)
    head = [
        fit(" window", name),
        fit("by", by),
        fit("from", 8),
        fit("to", 8),
        fit("N", 9, right=True),
    ]
    yield ((fit(" ".join(head) + "  state", width), "label"),)
    for row in path.counted:
        yield _window(row, name, by, width, glyphs)
    if path.more_windows:
        yield ((fit(f" and {path.more_windows:,} more", width), "dim"),)


def _window(row: CountedRow, name: int, by: int, width: int, glyphs: Glyphs) -> Line:
    group = "all" if not row.by else f"{safe(row.by, TEXT_LIMIT)}={safe(row.key, TEXT_LIMIT)}"
    cells = [
        fit(f" {safe(row.window, TEXT_LIMIT)}", name), fit(group, by),
        fit(numbers.clock(row.start_ms), 8), fit(numbers.clock(row.end_ms), 8),
        fit(numbers.count(row.n, 9), 9, right=True),
    ]  # fmt: skip
    shape = {"final": glyphs.good, "late": glyphs.warn}.get(row.state, glyphs.waiting)
    word = {"final": "final", "late": "late: not in it"}.get(row.state, "not final")
    style = STATES.get(row.state, "text")
    return crop(
        merged(((" ".join(cells) + "  ", "text"), (f"{shape} {word}", style))), max(width, 1)
    )


def _alarms(path: RecordPath, width: int, glyphs: Glyphs) -> Iterator[Line]:
    for over in path.alarms:
        until = "still" if over.until_ms is None else f"to {numbers.clock(over.until_ms)}"
        name = f"{over.alarm} {over.key}".strip()
        text = (
            f"{glyphs.alarm} ALARM {name} on {over.watches}, {numbers.clock(over.since_ms)} {until}"
        )
        yield from _entry("alarm", f"{text}: {over.reason}", width, "bad")
    if path.counted and not path.alarms:
        yield from _entry("alarms", "none on these windows was in ALARM over them", width, "dim")
