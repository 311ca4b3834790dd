"""The whole screen as text, compared with files a person has looked at.

DASPREP_GOLDEN=write makes the files anew; look at their diff before committing it.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streaming.lab.link import LinkLost
from streaming.lab.snapshot import LabSnapshot
from tests.screens.conftest import Runner
from tests.screens.fakes import HEAVY, epochs, kinesis_stream, snapshot, starting, stream

GOLDEN = Path(__file__).parent / "golden"


def same_as_golden(name: str, lines: list[str]) -> None:
    path = GOLDEN / f"{name}.txt"
    drawn = "\n".join(lines) + "\n"
    if os.environ.get("DASPREP_GOLDEN") == "write":
        path.write_text(drawn, encoding="utf-8")
        return
    kept = path.read_text(encoding="utf-8")
    diff = difflib.unified_diff(kept.splitlines(), drawn.splitlines(), "kept", "drawn", lineterm="")
    assert drawn == kept, "\n" + "\n".join(diff)


@pytest.mark.parametrize(
    ("name", "size", "ascii", "news"),
    [
        ("120x40", (120, 40), False, [snapshot()]),
        ("120x40-ascii", (120, 40), True, [snapshot()]),
        ("80x24", (80, 24), False, [snapshot()]),
        ("80x24-ascii", (80, 24), True, [snapshot()]),
        ("60x20", (60, 20), False, [snapshot()]),
        ("40x12", (40, 12), False, [snapshot()]),
        ("200x50-64-shards", (200, 50), False, [snapshot(streams=(stream(shards=64),))]),
        ("120x40-starting", (120, 40), False, [starting("topics")]),
        ("80x24-starting", (80, 24), False, [starting("topics")]),
        ("120x40-kinesis", (120, 40), False, [snapshot(streams=(kinesis_stream(),))]),
        ("80x24-kinesis", (80, 24), False, [snapshot(streams=(kinesis_stream(),))]),
        ("80x24-kinesis-ascii", (80, 24), True, [snapshot(streams=(kinesis_stream(),))]),
        ("120x40-gone", (120, 40), False, [snapshot(), LinkLost("its pipe closed")]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_screen(lab: Runner, name: str, size: Any, ascii: bool, news: list[Any]) -> None:
    async with lab(*news, size=size, ascii=ascii) as hand:
        same_as_golden(name, hand.lines)


def changed_key() -> LabSnapshot:
    return snapshot(streams=(stream(epochs=epochs(), heavy=HEAVY),))


@pytest.mark.parametrize(
    ("name", "size", "ascii", "news", "keys"),
    [
        ("120x40-keylab", (120, 40), False, changed_key(), "e"),
        ("80x24-keylab", (80, 24), False, changed_key(), "e"),
        ("80x24-keylab-ascii", (80, 24), True, changed_key(), "e"),
        ("120x40-lineage", (120, 40), False, snapshot(streams=(kinesis_stream(),)), "hjj"),
        ("80x24-lineage", (80, 24), False, snapshot(streams=(kinesis_stream(),)), "hjj"),
        ("80x24-lineage-ascii", (80, 24), True, snapshot(streams=(kinesis_stream(),)), "hjj"),
        ("80x24-lineage-topic", (80, 24), False, snapshot(), "h"),
        ("120x40-windows", (120, 40), False, snapshot(), "t"),
        ("80x24-windows", (80, 24), False, snapshot(), "tj"),
        ("80x24-windows-ascii", (80, 24), True, snapshot(), "t"),
        ("80x24-windows-none", (80, 24), False, snapshot(windows=()), "t"),
        ("120x40-alarms", (120, 40), False, snapshot(), "a"),
        ("80x24-alarms", (80, 24), False, snapshot(), "ajj"),
        ("80x24-alarms-ascii", (80, 24), True, snapshot(), "a"),
        ("80x24-alarms-none", (80, 24), False, snapshot(alarms=(), detectors=()), "a"),
        ("120x40-detectors", (120, 40), False, snapshot(), "ad"),
        ("80x24-detectors", (80, 24), False, snapshot(), "ad"),
        ("80x24-detectors-ascii", (80, 24), True, snapshot(), "adj"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_dialog(
    lab: Runner, name: str, size: Any, ascii: bool, news: LabSnapshot, keys: str
) -> None:
    async with lab(news, size=size, ascii=ascii) as hand:
        await hand.pilot.press(*keys)
        await hand.sees("esc closes")
        await hand.pilot.pause()
        same_as_golden(name, hand.lines)


async def test_help(lab: Runner) -> None:
    async with lab(size=(80, 140)) as hand:
        await hand.pilot.press("question_mark")
        await hand.sees("What you are looking at")
        same_as_golden("80x140-help", hand.lines)


async def test_unknown_is_a_dash(lab: Runner) -> None:
    unknown = ("share", "in_per_s", "out_per_s", "lag", "lag_ms", "clear_s", "owner")
    shards = tuple(
        msgspec.structs.replace(shard, **dict.fromkeys(unknown), trend=(), watermark_at_ms=None)
        for shard in stream().shards
    )
    view = stream(shards=0, in_per_s=None, lag=None)
    view = msgspec.structs.replace(view, shards=shards)
    async with lab(snapshot(streams=(view,), history=())) as hand:
        same_as_golden("120x40-unknown", hand.lines)


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (20, 3), (10, 40), (400, 100)])
@pytest.mark.parametrize("key", ["", "e", "h", "a", "ad"])
async def test_any_size_draws(lab: Runner, size: tuple[int, int], key: str) -> None:
    async with lab(snapshot(streams=(kinesis_stream(),)), size=size) as hand:
        await hand.pilot.press(*key)
        assert len(hand.lines) == size[1]
        await hand.pilot.resize_terminal(100, 30)
        if key:
            await hand.sees("esc closes")
            await hand.pilot.press("escape")
            await hand.until(lambda: hand.app.screen is hand.app.main)
        await hand.pilot.resize_terminal(80, 24)
        await hand.sees("OWNER")
