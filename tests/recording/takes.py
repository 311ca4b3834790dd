"""A take that is made up: a lab whose numbers move, keys, captions, a toast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from streaming.lab.commands import Reply, SetRate
from streaming.lab.link import LinkLost
from streaming.lab.snapshot import LabSnapshot
from tests.screens.fake_alarms import NOW_MS
from tests.screens.fakes import snapshot, starting
from tui.chaos import stepped
from tui.recording.trace import FORMAT, Header
from tui.recording.writing import TraceWriter

SIZE = (100, 30)


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 50.0

    def __call__(self) -> float:
        return self.now


def news(number: int) -> LabSnapshot:
    """What a lab says for the nth time."""
    view = snapshot(number, at_ms=NOW_MS + 500 * number)
    first, *others = view.streams
    moved = msgspec.structs.replace(first, in_per_s=1000.0 + number)
    return msgspec.structs.replace(view, streams=(moved, *others))


def header(**changes: Any) -> Header:
    view = Header(FORMAT, "A take", NOW_MS, *SIZE, 2.0, "textual-dark")
    return msgspec.structs.replace(view, **changes)


def story(path: Path, private: dict[str, str] | None = None) -> TraceWriter:
    """Write 15 s: half a second apart the news, and in between what a person does."""
    clock = Hands()
    writer = TraceWriter(path, header(), clock, private)
    deeds = {
        2: lambda: writer.marker({"en": "First chapter", "de": "Erstes Kapitel"}),
        3: lambda: writer.caption({"en": "A caption of the take", "de": "Eine Unterschrift"}),
        6: lambda: writer.key("right_square_bracket"),
        7: lambda: writer.reply(SetRate(stepped(2500.0, 1)), Reply(True, "5,000 a second"), 0.4),
        9: lambda: writer.key("question_mark"),
        12: lambda: writer.still("help"),
        13: lambda: writer.key("escape"),
        14: lambda: writer.hide(),
        18: lambda: writer.show(),
        20: lambda: writer.caption({}),
        22: lambda: writer.news(LinkLost("it was killed")),
    }
    writer.news(starting())
    for number in range(1, 31):
        clock.now += 0.25
        deeds.get(number, lambda: None)()
        clock.now += 0.25
        writer.news(news(number))
    return writer


def take(path: Path) -> Path:
    """A whole trace."""
    return story(path).close()
