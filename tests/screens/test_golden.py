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
from tests.screens.conftest import Runner
from tests.screens.fakes import kinesis_stream, snapshot, starting, stream

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


async def test_help(lab: Runner) -> None:
    async with lab(size=(80, 60)) as hand:
        await hand.pilot.press("question_mark")
        await hand.sees("What you are looking at")
        same_as_golden("80x60-help", hand.lines)


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
async def test_any_size_draws(lab: Runner, size: tuple[int, int]) -> None:
    async with lab(size=size) as hand:
        assert len(hand.lines) == size[1]
        await hand.pilot.resize_terminal(80, 24)
        await hand.sees("OWNER")
