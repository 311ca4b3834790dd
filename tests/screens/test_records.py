"""Records: the tail that follows, holds and pages, filters and places, and the path of one."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest

from streaming.lab.commands import Reply
from streaming.lab.record_commands import ReadRecords, TraceRecord
from tests.screens.conftest import Hand, Runner
from tests.screens.fake_alarms import NOW_MS
from tests.screens.fake_records import RecordsLink, kinesis_path, path, put
from tests.screens.fakes import snapshot, starting
from tests.screens.test_golden import same_as_golden
from tui.glyphs import ASCII, UNICODE
from tui.lines import text_of, width_of
from tui.palette import entries
from tui.record_feed import Feed
from tui.screens.records import RecordsScreen
from tui.views.record_path import path_lines
from tui.views.records import heading, record_lines, summary


def screen_of(hand: Hand) -> RecordsScreen:
    found = [s for s in hand.app.screen_stack if isinstance(s, RecordsScreen)]
    return found[0]


async def opened(hand: Hand) -> RecordsScreen:
    await hand.pilot.press("7")
    await hand.sees("esc closes")
    screen = screen_of(hand)
    await hand.until(lambda: screen.feed.began and not screen._asking)
    await hand.pilot.pause()
    return screen


async def more(hand: Hand, link: RecordsLink, records: int, first: int = 1000) -> None:
    for number in range(records):
        put(link.log, first + number, NOW_MS - 100 + number)
    screen = screen_of(hand)
    asked = len(link.sent)
    await hand.until(lambda: not screen._asking)
    screen.poll()
    await hand.until(lambda: len(link.sent) > asked and not screen._asking)
    await hand.pilot.pause()


@pytest.mark.parametrize(
    ("name", "size", "ascii"),
    [
        ("120x40-records", (120, 40), False),
        ("80x24-records", (80, 24), False),
        ("80x24-records-ascii", (80, 24), True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_the_screen(lab: Runner, name: str, size: Any, ascii: bool) -> None:
    link = RecordsLink()
    async with lab(link=link, size=size, ascii=ascii) as hand:
        await opened(hand)
        await more(hand, link, 8)
        same_as_golden(name, hand.lines)


@pytest.mark.parametrize(
    ("name", "size", "ascii", "shown"),
    [
        ("120x40-record", (120, 40), False, path()),
        ("80x24-record", (80, 24), False, path()),
        ("80x24-record-ascii", (80, 24), True, path()),
        ("120x40-record-kinesis", (120, 40), False, kinesis_path()),
        ("80x24-record-kinesis", (80, 24), False, kinesis_path()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_one_record(lab: Runner, name: str, size: Any, ascii: bool, shown: Any) -> None:
    link = RecordsLink()
    link.path = shown
    async with lab(link=link, size=size, ascii=ascii) as hand:
        await opened(hand)
        await hand.pilot.press("enter")
        await hand.sees("path of the record")
        await hand.pilot.pause()
        # The first line is the live header's, seen through two dialogs: not this screen's.
        same_as_golden(name, hand.lines[1:])
        traces = [asked for asked in link.sent if isinstance(asked, TraceRecord)]
        assert traces == [TraceRecord("clicks", 3, 29, 0)]


async def test_the_tail_follows_holds_and_follows_again(lab: Runner) -> None:
    link = RecordsLink()
    async with lab(link=link) as hand:
        screen = await opened(hand)
        await more(hand, link, 5)
        await hand.sees("all 5 new shown")
        assert screen.chosen is not None and "e-1004" in (screen.chosen.value or "")
        await hand.pilot.press("space")
        await more(hand, link, 1234, 2000)
        await hand.sees("PAUSED +1,234 while paused")
        assert "e-1004" in (screen.chosen.value or "")
        assert link.sent[-1].limit == 0  # type: ignore[union-attr]
        await hand.pilot.press("p")
        await hand.until(lambda: not screen._asking)
        await hand.sees("305 of 1,239 new shown: a sample")
        await hand.until(
            lambda: screen.chosen is not None and "e-32" in (screen.chosen.value or "")
        )


async def test_looking_at_a_record_holds_and_keeps_it(lab: Runner) -> None:
    link = RecordsLink()
    async with lab(link=link, size=(80, 24)) as hand:
        screen = await opened(hand)
        await hand.pilot.press("k", "k")
        chosen = screen.chosen
        await more(hand, link, 3)
        await hand.sees("+3 while paused")
        assert screen.chosen == chosen
        await hand.pilot.press("G")
        await more(hand, link, 1)
        await hand.sees("LIVE")
        assert screen.chosen != chosen


async def test_questions_never_overlap_and_end_with_the_screen(lab: Runner) -> None:
    link = RecordsLink()
    async with lab(link=link) as hand:
        screen = await opened(hand)
        gate, before = asyncio.Event(), len(link.sent)
        answered = link.send

        async def slow(command: Any) -> Reply:
            await gate.wait()
            return await answered(command)

        link.send = slow  # type: ignore[method-assign]
        await hand.until(lambda: not screen._asking)
        for _ in range(5):
            screen.poll()
        gate.set()
        await hand.until(lambda: not screen._asking)
        assert len(link.sent) <= before + 2
        await hand.pilot.press("q")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        ended = len(link.sent)
        screen.poll()
        assert len(link.sent) == ended


async def test_a_filter_is_the_engine_s_work(lab: Runner) -> None:
    link = RecordsLink()
    async with lab(link=link) as hand:
        screen = await opened(hand)
        await hand.pilot.press("slash", *"country=BR", "enter")
        await hand.sees("filter country=BR")
        await hand.until(lambda: screen.feed.began and not screen._asking)
        assert {row.key for row in screen.feed.rows} == {"BR"}
        assert isinstance(link.sent[-1], ReadRecords) and link.sent[-1].filter == "country=BR"
        await more(hand, link, 8)
        await hand.sees("2 match of 8 read")
        await hand.pilot.press("slash", *"x", "enter")
        await hand.sees("No record matches in what was read.")


async def test_a_wrong_filter_says_why_and_asks_nothing(lab: Runner) -> None:
    link = RecordsLink()
    async with lab(link=link, size=(80, 24)) as hand:
        screen = await opened(hand)
        await hand.pilot.press("slash", *"shard=x", "enter")
        await hand.sees("shard is a whole number")
        assert screen.feed.filter == ""
        await hand.pilot.press("slash", "escape")
        assert hand.app.screen is screen and screen.focused is screen.table


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("2/5", ReadRecords("clicks", 2, "offset", 5)),
        ("7", ReadRecords("clicks", 3, "offset", 7)),
        ("12:03:40", ReadRecords("clicks", None, "time", NOW_MS - 4000)),
        ("-2s", ReadRecords("clicks", None, "time", NOW_MS - 2000)),
    ],
)
async def test_go_to_a_place(lab: Runner, typed: str, asked: ReadRecords) -> None:
    link = RecordsLink()
    async with lab(link=link) as hand:
        await opened(hand)
        await hand.pilot.press("o", *typed, "enter")
        await hand.until(lambda: asked in link.sent)
        await hand.sees("PAGE")
        await hand.sees("the end of the log")


async def test_pages_on_and_back(lab: Runner) -> None:
    link = RecordsLink()
    for number in range(500):
        put(link.log, number, NOW_MS - 200)
    async with lab(link=link) as hand:
        screen = await opened(hand)
        newest = [row.offset for row in screen.feed.rows]
        await hand.pilot.press("left")
        await hand.until(lambda: screen.feed.mode == "paging")
        first = screen.feed.rows
        assert len(first) == 200
        await hand.pilot.press("right")
        await hand.until(lambda: screen.feed.rows is not first and not screen._asking)
        assert [row.offset for row in screen.feed.rows] == newest
        await hand.pilot.press("right")
        await hand.sees("there are none from there on")
        await hand.pilot.press("space")
        await hand.sees("LIVE")
        await hand.until(lambda: screen.feed.began)
        await hand.pilot.press("right")
        await hand.sees("these are the newest records")


async def test_another_stream_is_read_from_its_end(lab: Runner) -> None:
    link = RecordsLink()
    async with lab(link=link) as hand:
        screen = await opened(hand)
        await hand.pilot.press("f2")
        await hand.until(lambda: screen.feed.stream == "orders" and not screen._asking)
        await hand.until(lambda: link.sent[-1].stream == "orders")  # type: ignore[union-attr]


async def test_what_the_lab_says_when_it_cannot(lab: Runner) -> None:
    link = RecordsLink()
    link.reply = Reply(False, "The broker at [b]x[/b] did not answer")
    async with lab(link=link, size=(80, 24)) as hand:
        await hand.pilot.press("7")
        await hand.sees("not done: The broker at [b]x[/b] did not answer")
        link.reply = Reply(True, "")
        screen = screen_of(hand)
        await hand.until(lambda: not screen._asking)
        screen.poll()
        await hand.until(lambda: screen.feed.began)
        await hand.pilot.pause()
        assert "did not answer" not in hand.text
        link.path = Reply(False, "the log has no record 0 at clicks/3 offset 29")
        await hand.pilot.press("enter")
        await hand.sees("the log has no record 0")
        link.path = None
        await hand.pilot.press("r")
        await hand.sees("path of the record")


async def test_copies_value_and_row(lab: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    link, texts = RecordsLink(), []
    async with lab(link=link) as hand:
        monkeypatch.setattr(hand.app, "copy_to_clipboard", texts.append)
        screen = await opened(hand)
        await hand.pilot.press("c", "y")
        await hand.until(lambda: len(texts) == 2)
        assert texts[0] == screen.chosen.value  # type: ignore[union-attr]
        assert msgspec.json.decode(texts[1])["offset"] == 29
        await hand.sees("Copied the row of 03/29.")
        await hand.pilot.press("enter")
        await hand.sees("path of the record")
        await hand.pilot.press("c")
        await hand.until(lambda: len(texts) == 3)


async def test_before_the_lab_runs_and_in_the_palette(lab: Runner) -> None:
    async with lab(starting(), size=(80, 24)) as hand:
        await hand.pilot.press("7")
        await hand.sees("The lab is not running yet.")
        assert hand.link.sent == []
        await hand.pilot.press("enter", "c", "left", "escape")
    async with lab(snapshot(), link=RecordsLink()) as hand:
        found = {entry.title: entry for entry in entries(hand.app, hand.app.newest)}
        found["Records"].run()
        await hand.sees("EVENT TIME")


def test_a_late_answer_does_not_undo_a_pause() -> None:
    feed = Feed()
    feed.restart("clicks", "")
    first = feed.poll()
    assert first is not None and feed.poll() == first, "nothing has come"


def test_a_summary_has_what_the_columns_do_not() -> None:
    row = path().row
    assert "customer_id=c-33" in summary(row) and "seq=" not in summary(row)
    for value, size, said in (
        (None, 0, "no value"), ("[1, 2", 5, "[1, 2"), ("plain", 5, "plain"), ("{}", 2, "{}"),
        ('{"a": [1, 2], "b": {"c": 1}, "d": 1.5}', 38, "a=[2] b={1} d=1.5"),
    ):  # fmt: skip
        assert summary(msgspec.structs.replace(row, value=value, size=size)) == said
    cut = msgspec.structs.replace(row, value="x" * 10, size=2_000_000, cut=True)
    assert summary(cut) == "2,000,000 bytes: xxxxxxxxxx"


def test_unknown_is_a_dash_in_the_path() -> None:
    from streaming.records.views import HashStep, KeyStep

    unknown = path(
        view=None, epoch=None, began_ms=None, key=KeyStep(None, None), hash=HashStep(None),
        consumer=None, stored_offset=None, fate=None, counted=(), alarms=(),
    )  # fmt: skip
    texts = [text_of(line).rstrip() for line in path_lines(unknown, 76, UNICODE)]
    assert " hash      -" in texts and " consumer  -" in texts and " store     -" in texts
    assert not any("epoch" in text for text in texts)
    late = path(fate="late", reason=str(NOW_MS))
    assert any(
        "late: the watermark was 12:03:44" in text_of(x) for x in path_lines(late, 76, ASCII)
    )
    dead = path(fate="dead", reason="not_json: at byte 0", counted=())
    assert any("dead letter: not_json" in text_of(x) for x in path_lines(dead, 76, ASCII))
    astray = path(hash=msgspec.structs.replace(path().hash, shard=1, agrees=False))
    assert any("belongs to shard 01" in text_of(line) for line in path_lines(astray, 76, ASCII))


@pytest.mark.parametrize("width", [1, 10, 20, 40, 56, 76, 116, 250])
def test_lines_fit(width: int) -> None:
    for glyphs in (UNICODE, ASCII):
        rows = [path().row, kinesis_path().row, msgspec.structs.replace(path().row, dropped=True)]
        lines = [heading(rows, width), *record_lines(rows, width, glyphs)]
        assert all(width_of(line) <= width for line in lines)
        for shown in (path(), kinesis_path()):
            assert all(width_of(x) <= max(width, 12) for x in path_lines(shown, width, glyphs))
