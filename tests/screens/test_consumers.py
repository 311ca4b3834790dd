"""The consumers on the screen, in the palette and on the command line."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streaming.lab.commands import AddConsumer, Command, KillConsumer
from streaming.lab.consumer_commands import PauseConsumer, RemoveConsumer, SetAssignor, SlowConsumer
from streaming.lab.consumer_snapshot import MoveView
from streaming.lab.link import LabError
from streaming.lab.snapshot import LabSnapshot
from tests.screens.conftest import Runner
from tests.screens.fake_consumers import consumers, group, timeline
from tests.screens.fakes import snapshot
from tests.screens.hostile import PAYLOADS, clean, forbidden
from tests.screens.test_golden import same_as_golden
from tui import cli, consumer_deeds
from tui.commands import consumers as command
from tui.glyphs import ASCII, UNICODE
from tui.lines import text_of, width_of
from tui.palette import entries
from tui.panels.base import LinePanel
from tui.views.consumers import NO_MEMBERS, heading, member_lines, shard_lines, what_happened
from tui.views.consumers import timeline_lines as timeline_drawn
from tui.views.members import members


@pytest.mark.parametrize(
    ("name", "size", "ascii", "news", "keys"),
    [
        ("120x40-consumers", (120, 40), False, group(), "o"),
        ("80x24-consumers", (80, 24), False, group(), "o"),
        ("80x24-consumers-ascii", (80, 24), True, group(), "ojj"),
        ("80x24-consumers-shards", (80, 24), False, group(), "ojv"),
        ("80x24-consumers-rebalances", (80, 24), False, group(), "ovv"),
        ("80x24-consumers-idle", (80, 24), False, group(), "ojjj"),
        ("80x24-consumers-none", (80, 24), False, group(consumers=(), timeline=()), "o"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_screen(
    lab: Runner, name: str, size: Any, ascii: bool, news: LabSnapshot, keys: str
) -> None:
    async with lab(news, size=size, ascii=ascii) as hand:
        await hand.pilot.press(*keys)
        await hand.sees("esc closes")
        await hand.pilot.pause()
        same_as_golden(name, hand.lines)


async def test_one_key_is_for_the_group_s_protocol(lab: Runner) -> None:
    async with lab(group()) as hand:
        await hand.pilot.press("o", "g")
        await hand.until(lambda: hand.link.sent == [SetAssignor("roundrobin")])
    async with lab(group(assignor="range")) as hand:
        await hand.pilot.press("o", "g")
        await hand.until(lambda: hand.link.sent == [SetAssignor("cooperative-sticky")])


async def test_keys_ask_for_what_is_chosen(lab: Runner) -> None:
    async with lab(group()) as hand:
        await hand.pilot.press("o", *"pjpsjsxdn")
        wanted: list[Command] = [
            PauseConsumer("c-0", False), PauseConsumer("c-1"), SlowConsumer("c-1", 500.0),
            SlowConsumer("c-2", 10.0), KillConsumer("c-2"), RemoveConsumer("c-2"), AddConsumer(),
        ]  # fmt: skip
        await hand.until(lambda: len(hand.link.sent) == len(wanted))
        assert hand.link.sent == wanted


async def test_what_cannot_be_done_is_said(lab: Runner) -> None:
    async with lab(group()) as hand:
        await hand.pilot.press("o", *"jjjjx")
        await hand.sees("its process is not running just now")
        await hand.show(group(seq=2, consumers=consumers()[:1]))
        await hand.pilot.press("d")
        await hand.sees("it is the last one")
        await hand.show(group(seq=3, consumers=()))
        await hand.sees(NO_MEMBERS)
        await hand.pilot.press("k", "p")
        assert hand.link.sent == []


async def test_the_cursor_stays_with_its_member(lab: Runner) -> None:
    async with lab(group()) as hand:
        await hand.pilot.press("o", "j")
        await hand.sees("Shards of c-1")
        await hand.show(group(seq=2, consumers=consumers()[::-1]))
        await hand.sees("Shards of c-1")
        assert ">   c-1" not in hand.text and "> c-1" in hand.text
        await hand.show(group(seq=3, consumers=consumers()[:1]))
        await hand.sees("Shards of c-0")


async def test_small_and_large_screens_draw(lab: Runner) -> None:
    async with lab(group(), size=(1, 1)) as hand:
        await hand.pilot.press("o")
        for size in ((20, 5), (400, 100), (10, 40), (80, 24)):
            await hand.pilot.resize_terminal(*size)
            await hand.pilot.press("v", "pagedown")
        await hand.sees("esc closes")


def nasty(payload: str) -> LabSnapshot:
    odd: Any = payload
    told = tuple(
        msgspec.structs.replace(
            view, left=(payload, *view.left), came=(payload,) * 9,
            moves=(MoveView(payload, payload, 2), *view.moves),
        )
        for view in timeline()
    )  # fmt: skip
    news = group(timeline=told)
    streams = tuple(msgspec.structs.replace(s, name=payload) for s in news.streams)
    odd_ones = tuple(
        msgspec.structs.replace(
            c, name=payload, shards=tuple(f"{payload}/{n}" for n in range(4)),
            state=odd if c.name == "c-1" else c.state,
        )
        for c in consumers()
    )  # fmt: skip
    return msgspec.structs.replace(news, streams=streams, consumers=odd_ones)


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("size", [(120, 40), (30, 12)])
async def test_hostile_names(lab: Runner, size: Any, ascii: bool) -> None:
    async with lab(size=size, ascii=ascii) as hand:
        await hand.pilot.press("o")
        for seq, payload in enumerate(PAYLOADS.values()):
            await hand.show(msgspec.structs.replace(nasty(payload), seq=seq + 2))
            clean(hand)
            await hand.pilot.press("j")
            clean(hand)
        for panel in hand.app.screen.query(LinePanel):
            assert not ascii or all(line.isascii() for line in panel.texts)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS)
@pytest.mark.parametrize("width", [10, 40, 76, 200])
def test_lines_are_harmless_and_fit(payload: str, width: int) -> None:
    news = nasty(payload)
    for glyphs in (UNICODE, ASCII):
        lines = [
            heading(width),
            *member_lines(members(news), width, glyphs),
            *shard_lines(members(news)[0], width, glyphs),
            *timeline_drawn(news.timeline, width, glyphs),
        ]
        for line in lines:
            assert width_of(line) <= width
            assert not list(forbidden(text_of(line)))
    deed = consumer_deeds.pause(news.consumers[0])
    assert not list(forbidden(deed.title))


# --- what the numbers are --------------------------------------------------------------------


def test_a_member_sums_and_takes_the_worst_of_its_shards() -> None:
    first, second, third, *_ = members(group())
    assert (first.lag, first.lag_ms, first.clear_s) == (43_735, 57_000.0, math.inf)
    assert (first.status, second.status) == ("WARN", "OK")
    assert third.lag == 12
    paused = text_of(member_lines([first], 80, UNICODE)[0])
    assert "● PAUSED" in paused and "43,735" in paused and "∞" in paused


def test_unknown_is_a_dash_and_never_zero() -> None:
    news = group()
    shards = tuple(
        msgspec.structs.replace(s, lag=None, lag_ms=None, clear_s=None, status=None)
        if s.id == 0 else s
        for s in news.streams[0].shards
    )  # fmt: skip
    streams = (msgspec.structs.replace(news.streams[0], shards=shards),)
    member = members(msgspec.structs.replace(news, streams=streams))[0]
    assert (member.lag, member.lag_ms, member.clear_s) == (None, None, None)
    without = members(news)[3]
    assert (without.lag, without.lag_ms, without.status) == (None, None, None)
    row = text_of(member_lines([without], 100, UNICODE)[0])
    assert row.split() == ["c-3", "↻", "JOINING", "103", "0", "-", "-", "-", "-", "-", "0"]


def test_nothing_stored_yet_is_a_word_and_not_zero() -> None:
    member = members(group())[0]
    lines = [text_of(line) for line in shard_lines(member, 100, UNICODE)]
    assert "NO COMMIT" in next(line for line in lines if "clicks/9" in line)


def test_shards_that_are_not_listed_are_counted() -> None:
    news = group()
    first, *others = news.consumers
    more = msgspec.structs.replace(first, shards=(*first.shards, "clicks/40", "clicks/41"))
    member = members(msgspec.structs.replace(news, consumers=(more, *others)))[0]
    lines = [text_of(line).strip() for line in shard_lines(member, 100, UNICODE)]
    assert lines[-1] == "and 2 that take no records: closed ones, or spare partitions"
    assert not any(
        "take no records" in text_of(line) for line in shard_lines(members(news)[0], 100, UNICODE)
    )


def test_rebalances_say_who_and_how_many() -> None:
    under_way, left, came, first = (what_happened(view, UNICODE) for view in timeline())
    assert under_way == "↻ under way; c-4 left"
    assert left == "c-2 left; 4 moved: c-2›c-0 2, c-2›c-1 2"
    assert came == "c-3 came; no shard moved"
    assert first == "c-0, c-1, c-2 came; 12 given out"


# --- palette and command line ----------------------------------------------------------------


async def test_the_palette_offers_the_same(lab: Runner) -> None:
    async with lab(group()) as hand:
        found = {entry.title: entry for entry in entries(hand.app, hand.app.newest)}
        assert "Consumers" in found and found["Kill consumer c-4"].why
        for title in ("Resume consumer c-0", "Pause consumer c-1", "Remove consumer c-3"):
            found[title].run()
        found["Slow consumer c-1 to 100 records/s"].run()
        found["Consumer c-2 at full speed"].run()
        found["Share out by range (eager)"].run()
        assert "Share out by cooperative-sticky (cooperative)" not in found  # as it is now
        await hand.until(lambda: len(hand.link.sent) == 6)
        assert hand.link.sent[0] == PauseConsumer("c-0", False)
        assert hand.link.sent[1:3] == [PauseConsumer("c-1"), RemoveConsumer("c-3")]
        assert hand.link.sent[3:5] == [SlowConsumer("c-1", 100.0), SlowConsumer("c-2", 0.0)]
        assert hand.link.sent[5] == SetAssignor("range")


def test_slower_goes_round() -> None:
    consumer, seen = consumers()[1], []
    for _ in range(4):
        (order,) = consumer_deeds.slower(consumer).commands
        assert isinstance(order, SlowConsumer)
        seen.append(order.per_s)
        consumer = msgspec.structs.replace(consumer, limit_per_s=order.per_s or None)
    assert seen == [500.0, 100.0, 10.0, 0.0]


class Asked:
    """A lab for the command line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[Command] = []
        monkeypatch.setattr(command, "find_root", lambda data_dir: Path("lab"))
        monkeypatch.setattr(command, "look", self.look)
        monkeypatch.setattr(command, "done", self.done)

    async def look(self, root: Path) -> LabSnapshot:
        return group()

    def done(self, root: Path, asked: Command) -> int:
        self.sent.append(asked)
        return 0


def test_the_command_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = Asked(monkeypatch)
    for line in ("add", "kill c-1", "pause c-1", "resume c-1", "slow c-1 50", "slow c-1 off",
                 "remove c-1", "assignor range"):  # fmt: skip
        assert cli.main(["consumers", *line.split()]) == 0
    assert asked.sent == [
        AddConsumer(), KillConsumer("c-1"), PauseConsumer("c-1"), PauseConsumer("c-1", False),
        SlowConsumer("c-1", 50.0), SlowConsumer("c-1", 0.0), RemoveConsumer("c-1"),
        SetAssignor("range"),
    ]  # fmt: skip
    assert cli.main(["consumers", "kill", "generator"]) == 1
    assert "there is no consumer generator" in capsys.readouterr().err
    for wrong in (["slow", "c-1", "0"], ["slow", "c-1", "fast"], ["pause"], ["dance"],
                  ["assignor", "sticky"]):  # fmt: skip
        with pytest.raises(SystemExit) as ended:
            cli.main(["consumers", *wrong])
        assert ended.value.code == 2


def test_the_list(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    Asked(monkeypatch)
    assert cli.main(["consumers", "list"]) == 0
    out = capsys.readouterr().out
    assert "● PAUSED" in out and "c-2 left; 4 moved" in out and "43,735" in out
    assert cli.main(["consumers", "list", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    first = told["consumers"][0]
    assert (first["name"], first["state"], first["lag"], first["clear_s"]) == (
        "c-0", "paused", 43_735, "never",
    )  # fmt: skip
    assert told["consumers"][3]["lag"] is None
    assert told["assignor"] == "cooperative-sticky"
    assert told["rebalances"][1]["moves"][0] == {"giver": "c-2", "taker": "c-0", "shards": 2}


def test_without_a_lab_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Asked(monkeypatch)

    async def none(root: Path) -> LabSnapshot:
        raise LabError("no lab runs in lab")

    monkeypatch.setattr(command, "look", none)
    assert cli.main(["consumers", "list"]) == 2
    assert "no lab runs" in capsys.readouterr().err


async def test_the_main_screen_names_paused_shards(lab: Runner) -> None:
    async with lab(group()) as hand:
        assert "● PAUSED" in hand.text
    async with lab(snapshot()) as hand:
        assert "PAUSED" not in hand.text


def test_what_happened_goes_on_in_the_next_line_where_there_is_no_room() -> None:
    lines = [text_of(line) for line in timeline_drawn(timeline()[1:2], 60, UNICODE)]
    assert lines[2].endswith("  c-2 left; 4 moved: c-2›c-0 2, c-2›c-1 2")
    lines = [text_of(line) for line in timeline_drawn(timeline()[1:2], 50, UNICODE)]
    assert lines[2].endswith("c-2 left; 4 moved: c-2›c-0 2, ") and lines[3].strip() == "c-2›c-1 2"
