"""Records whose keys, values, headers and fields are hostile; nothing of it acts or breaks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from textual.widgets import Input

from streaming.lab.commands import Reply
from streaming.records.views import AlarmOver, CountedRow, HashStep, KeyStep
from tests.screens.conftest import Hand, Runner
from tests.screens.fake_records import RecordsLink, kinesis_path, path
from tests.screens.hostile import PAYLOADS, clean, forbidden
from tests.screens.nasty import BYTES, hostile_log
from tests.screens.test_records import opened, screen_of
from tui.commands.records import listed
from tui.glyphs import ASCII, UNICODE
from tui.lines import text_of, width_of
from tui.panels.base import LinePanel
from tui.views.jsontext import MOST_LINES, value_lines
from tui.views.record_path import path_lines
from tui.views.records import record_lines


async def rows_of(hand: Hand) -> list[Any]:
    screen = await opened(hand)
    return screen.feed.rows


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (30, 12)])
@pytest.mark.parametrize("ascii", [False, True])
async def test_the_table(lab: Runner, size: Any, ascii: bool) -> None:
    async with lab(link=RecordsLink(hostile_log()), size=size, ascii=ascii) as hand:
        assert len(await rows_of(hand)) == 2 * len(PAYLOADS) + len(BYTES) + 1
        for _ in range(7):
            clean(hand)
            await hand.pilot.press("pageup")
        for panel in hand.app.screen.query(LinePanel):
            assert not ascii or all(line.isascii() for line in panel.texts)
        assert hand.app.return_code is None


async def test_each_record_and_its_copies(lab: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    link, copies = RecordsLink(hostile_log()), []
    async with lab(link=link, size=(80, 24)) as hand:
        monkeypatch.setattr(hand.app, "copy_to_clipboard", copies.append)
        rows = await rows_of(hand)
        screen = screen_of(hand)
        for row in rows[::6]:
            link.path = path(row=row, key=KeyStep("k", row.key), reason=row.key or "", fate="dead")
            await hand.pilot.press("enter")
            await hand.sees("path of the record")
            clean(hand)
            await hand.pilot.press("G")
            clean(hand)
            await hand.pilot.press("y", "q")
            await hand.until(lambda: hand.app.screen is screen)
        assert len(copies) == len(rows[::6])
        clean(hand)


async def test_answers_and_typed_texts(lab: Runner) -> None:
    link = RecordsLink()
    async with lab(link=link, size=(80, 24)) as hand:
        screen = await opened(hand)
        for seq, payload in enumerate(PAYLOADS.values()):
            link.reply = Reply(False, f"said {seq} {payload}")
            await hand.until(lambda: not screen._asking)
            screen.poll()
            await hand.sees(f"said {seq} ")
            clean(hand)
            for field in hand.app.screen.query(Input):
                field.value = payload
            await hand.pilot.pause()
            assert all(not list(forbidden(f.value)) for f in hand.app.screen.query(Input))
            await hand.pilot.press("slash", "enter")
            clean(hand)
            await hand.pilot.press("o", "enter")
            clean(hand)
        link.reply = Reply(True, "")
        link.path = Reply(False, PAYLOADS["clipboard"])
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        await opened(hand)
        await hand.pilot.press("enter")
        await hand.sees("]52;c;")
        clean(hand)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=list(PAYLOADS))
def test_paths_with_the_payload_everywhere(payload: str) -> None:
    row = msgspec.structs.replace(
        path().row, key=payload, key_size=len(payload), value=payload, type=payload,
        headers=((payload, payload),),
    )  # fmt: skip
    counted = (CountedRow(payload, payload, payload, 10**18, None, 10**18, "open"),)
    alarms = (AlarmOver(payload, payload, payload, -(10**18), None, payload),)
    for view in (path(), kinesis_path()):
        shown = msgspec.structs.replace(
            view, row=row, stream=payload, key=KeyStep(payload, payload), shard_name=payload,
            hash=HashStep("MD5", payload, "12", payload, payload), consumer=payload,
            fate="dead", reason=payload, counted=counted, alarms=alarms,
        )  # fmt: skip
        for glyphs in (UNICODE, ASCII):
            for line in [*path_lines(shown, 76, glyphs), *record_lines([row], 76, glyphs)]:
                assert not list(forbidden(text_of(line))) and width_of(line) <= 76
    assert not list(forbidden("".join(listed([row]))))


@pytest.mark.parametrize("value", BYTES.values(), ids=list(BYTES))
def test_values_are_drawn_in_time_and_space(value: bytes) -> None:
    text = value[: 64 * 1024].decode("utf-8", "backslashreplace")
    lines = value_lines(text, 76)
    assert len(lines) <= MOST_LINES + 1
    assert not list(forbidden("".join(lines)))


def test_pretty_json() -> None:
    assert value_lines('{"a":[1,2],"b":"x"}', 20) == [
        "{", '  "a": [', "    1,", "    2", "  ],", '  "b": "x"', "}",
    ]  # fmt: skip
    assert value_lines("no json", 3) == ["no ", "jso", "n"]
    assert value_lines("漢字漢字", 5) == ["漢字", "漢字"]


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (20, 3), (10, 40), (400, 100)])
async def test_any_size_draws(lab: Runner, size: tuple[int, int]) -> None:
    async with lab(link=RecordsLink(), size=size) as hand:
        await hand.pilot.press("7")
        screen = screen_of(hand)
        await hand.until(lambda: screen.feed.began)
        await hand.pilot.press("enter")
        await hand.pilot.resize_terminal(100, 30)
        await hand.sees("path of the record")
        await hand.pilot.press("escape", "escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
