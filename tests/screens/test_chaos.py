"""Chaos and traffic: what it offers, sends, refuses with a reason, and shows as running."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from generators.incidents import KINDS
from generators.traffic import SHAPES
from streaming.broker.mischief import MISCHIEF
from streaming.lab.commands import (
    AddConsumer,
    Inject,
    KillBroker,
    KillConsumer,
    Reply,
    SetRate,
    SetShape,
)
from streaming.lab.fault_commands import LiftFaults, PlantFault
from streaming.lab.snapshot import LabSnapshot
from tests.screens.conftest import Hand, Runner
from tests.screens.fake_chaos import foreign, hostile_chaos, troubled
from tests.screens.fakes import NOW_MS, snapshot, starting
from tests.screens.hostile import PAYLOADS, clean
from tests.screens.test_golden import same_as_golden
from tui import chaos
from tui.chaos import Asked, Trouble, troubles
from tui.glyphs import ASCII, UNICODE
from tui.lines import text_of, width_of
from tui.palette import entries
from tui.panels.base import LinePanel
from tui.views.chaos import trouble_detail, trouble_heading, trouble_lines

DEFAULT = Path(chaos.__file__).parents[1] / "streaming" / "declarations" / "default.toml"


def named(view: LabSnapshot, **asked: Any) -> dict[str, Trouble]:
    return {trouble.name: trouble for trouble in troubles(view, 2500.0, Asked(**asked))}


async def choose(hand: Hand, name: str) -> None:
    """Put the cursor on a row by the keys that do it."""
    screen: Any = hand.app.screen
    await hand.pilot.press("g")
    for _ in range(60):
        if screen.chosen.name == name:
            return
        await hand.pilot.press("j")
    raise AssertionError(f"there is no {name}")


def test_everything_that_can_be_asked_for_is_offered() -> None:
    found = named(snapshot())
    assert {f"incident.{kind}" for kind in KINDS} <= set(found)
    assert {f"shape.{shape}" for shape in SHAPES} <= set(found)
    assert {f"fault.{fault}" for fault in MISCHIEF} <= set(found)
    assert {"load.up", "load.down", "load.exact", "broker.kill", "broker.lift"} <= set(found)
    assert {"consumer.add", "consumer.kill.c-0", "consumer.kill.c-2"} <= set(found)
    assert found["load.up"].deed.commands == (SetRate(3125.0),)
    assert found["shape.pause"].deed.commands == (SetShape("pause"),)
    assert found["broker.kill"].deed.commands == (KillBroker(),)
    assert found["broker.lift"].deed.commands == (LiftFaults(),)
    assert found["consumer.add"].deed.commands == (AddConsumer(),)
    assert found["consumer.kill.c-2"].deed.commands == (KillConsumer("c-2"),)
    assert all(trouble.deed.text for trouble in found.values())


def test_alarms_that_find_an_incident_are_those_that_ship() -> None:
    assert set(chaos.FOUND_BY) == set(KINDS)
    declared = tomllib.loads(DEFAULT.read_text(encoding="utf-8"))
    alarms = {alarm["name"] for alarm in declared["alarms"]}
    detectors = {detector["name"] for detector in declared["detectors"]}
    for names, words in chaos.FOUND_BY.values():
        assert set(names) <= alarms
        if words.startswith("detector"):
            told = words.partition(";")[0].partition(",")[0].split()[1:]
            assert {word for word in told if word != "and"} <= detectors


def test_numbers_that_cannot_be_are_refused_before_they_are_sent() -> None:
    assert named(snapshot(), intensity=0.3, seconds=5.0)["incident.hot_key"].deed.commands == (
        Inject("hot_key", 5.0, 0.3),
    )
    high = named(snapshot(), intensity=2.0)
    assert "at most 0.95" in high["incident.hot_key"].deed.why
    assert not high["incident.flash_sale"].deed.why
    for seconds in (0.0, None, 1e9):
        found = named(snapshot(), seconds=seconds)
        assert "seconds" in found["incident.late"].deed.why
        assert "seconds" in found["fault.slow"].deed.why and not found["fault.slow"].deed.commands
    assert "a number" in named(snapshot(), intensity=None)["incident.late"].deed.why
    assert "a load from 1" in named(snapshot(), load=None)["load.exact"].deed.why
    assert named(snapshot(), load=12.0)["load.exact"].deed.commands == (SetRate(12.0),)
    done = msgspec.structs.replace(snapshot().traffic, state="done")
    assert named(snapshot(traffic=done))["incident.late"].deed.why == chaos.NOT_RUNNING


@pytest.mark.parametrize(
    ("text", "number"),
    [("", 7.0), ("12", 12.0), (" 2,500 ", 2500.0), ("0.5", 0.5), ("x", None), ("-1", None),
     ("inf", None), ("nan", None), ("1e400", None), ("٣", None)],
)  # fmt: skip
def test_what_is_typed(text: str, number: float | None) -> None:
    assert chaos.typed(text, 7.0) == number


def test_what_runs_is_told_with_the_time_left() -> None:
    found = troubles(troubled(), 2500.0, Asked())
    lines = trouble_lines(found, NOW_MS, 116, UNICODE)
    drawn = {t.name: text_of(line) for t, line in zip(found, lines, strict=True)}
    assert "↻ runs, 12s" in drawn["incident.hot_key"]
    assert "↻ runs" in drawn["incident.slow_drift"] and "," not in drawn["incident.slow_drift"][:50]
    assert "↻ runs, 1m05" in drawn["fault.slow"] and "↻ runs, 0s" in drawn["fault.pause"]
    assert "✓ in use" in drawn["shape.ramp"] and "in use" not in drawn["shape.constant"]
    assert "× not now" in drawn["consumer.kill.c-1"]


@pytest.mark.parametrize("width", [1, 20, 40, 76, 116, 250])
def test_lines_fit(width: int) -> None:
    for view in (troubled(), foreign()):
        found = troubles(view, 2500.0, Asked())
        for glyphs in (UNICODE, ASCII):
            lines = [trouble_heading(width), *trouble_lines(found, NOW_MS, width, glyphs)]
            lines += [line for trouble in found for line in trouble_detail(trouble, width)]
            assert all(width_of(line) <= max(width, 38) for line in lines)


@pytest.mark.parametrize(
    ("name", "size", "ascii", "news", "keys"),
    [
        ("120x40-chaos", (120, 40), False, troubled(), ("x", *"jjjjjjjjjjj")),
        ("80x24-chaos", (80, 24), False, troubled(), ("x", *"jjjjjjjjjjj")),
        ("80x24-chaos-ascii", (80, 24), True, troubled(), ("x", *"jjjjjjjjjjj")),
        ("80x24-chaos-foreign", (80, 24), False, foreign("it is another's"), ("x", "G")),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_golden(
    lab: Runner, name: str, size: Any, ascii: bool, news: LabSnapshot, keys: tuple[str, ...]
) -> None:
    async with lab(news, size=size, ascii=ascii) as hand:
        await hand.pilot.press(*keys)
        await hand.sees("esc closes")
        await hand.pilot.pause()
        same_as_golden(name, hand.lines)


async def test_a_row_is_carried_out_and_answered_in_place(lab: Runner) -> None:
    async with lab(size=(100, 30)) as hand:
        hand.link.reply = Reply(True, "planted [b]it[/b]")
        await hand.pilot.press("x")
        await choose(hand, "incident.hot_key")
        await hand.sees("detector same_visitor")
        await hand.pilot.press("s", "backspace", "backspace", *"45", "enter", "i", *"0.5", "enter")
        await hand.pilot.press("enter")
        await hand.until(lambda: hand.link.sent == [Inject("hot_key", 45.0, 0.5)])
        await hand.sees("✓ done: planted [b]it[/b]")
        await choose(hand, "fault.pause")
        await hand.pilot.press("enter")
        await hand.until(lambda: hand.link.sent[-1] == PlantFault("pause", 45.0))
        hand.link.reply = Reply(False, "there is no such consumer")
        await choose(hand, "consumer.kill.c-1")
        await hand.pilot.press("enter")
        await hand.sees("▲ not done: there is no such consumer")
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_a_typed_load_is_asked_for_at_once_and_steps_go_from_there(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("x", "n", *"1,200", "enter")
        await hand.until(lambda: hand.link.sent == [SetRate(1200.0)])
        await hand.sees("From 1,200 to 1,500 records/s")
        await hand.pilot.press("g", "enter")
        await hand.until(lambda: hand.link.sent[1:] == [SetRate(1500.0)])
        await hand.pilot.press("n", *"0", "enter")
        await hand.sees("not done: Load as typed: type a load from 1")
        await hand.pilot.press("escape", "right_square_bracket")
        await hand.until(lambda: hand.link.sent[2:] == [SetRate(1875.0)])


async def test_what_cannot_be_done_says_why_and_sends_nothing(lab: Runner) -> None:
    async with lab(foreign()) as hand:
        await hand.pilot.press("x")
        for name in ("broker.kill", "fault.slow", "broker.lift"):
            await choose(hand, name)
            await hand.pilot.press("enter")
            await hand.sees("not done: ")
            await hand.sees("it is [b]not[/b] the lab's")
        assert hand.link.sent == []


async def test_the_cursor_stays_with_its_row_when_consumers_come_and_go(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("x")
        await choose(hand, "consumer.kill.c-2")
        await hand.show(snapshot(2, consumers=snapshot().consumers[1:]))
        screen: Any = hand.app.screen
        assert screen.chosen.name == "consumer.kill.c-2"
        await hand.show(snapshot(3, consumers=()))
        assert screen.chosen is not None
        await hand.pilot.press("g")
        await hand.pilot.click("#chaos", offset=(10, 3))
        await hand.until(lambda: screen.chosen.name == "load.down")


async def test_before_the_lab_runs(lab: Runner) -> None:
    async with lab(starting(), ready=False, size=(80, 24)) as hand:
        await hand.pilot.press("x", "enter", "n", *"9", "enter")
        await hand.sees("The lab is not running yet.")
        assert hand.link.sent == []


async def test_the_palette_offers_all_of_it(lab: Runner) -> None:
    async with lab(foreign("it is another's")) as hand:
        found = {entry.title: entry for entry in entries(hand.app, hand.app.newest)}
        assert "dead_letters" in found["Plant incident: poison"].text
        assert found["Broker pause"].why == "it is another's"
        found["Traffic flash_sale"].run()
        await hand.until(lambda: hand.link.sent == [SetShape("flash_sale")])
        found["Load up"].run()
        await hand.until(lambda: hand.link.sent[1:] == [SetRate(3125.0)])
        assert hand.app.load == 3125.0
        found["Chaos and traffic"].run()
        await hand.sees("asked 2,500/s")


@pytest.mark.parametrize("size", [(120, 40), (30, 12)])
@pytest.mark.parametrize("ascii", [False, True])
async def test_hostile_texts(lab: Runner, size: Any, ascii: bool) -> None:
    async with lab(size=size, ascii=ascii) as hand:
        await hand.pilot.press("x")
        for seq, payload in enumerate(PAYLOADS.values()):
            await hand.show(hostile_chaos(payload, seq + 2))
            clean(hand)
            hand.link.reply = Reply(False, f"said {seq} {payload}")
            await hand.pilot.press("G", "enter")
            clean(hand)
            screen: Any = hand.app.screen
            for field in (screen.load, screen.seconds, screen.intensity):
                field.value = payload
            await hand.pilot.pause()
            clean(hand)
            for panel in screen.query(LinePanel):
                assert not ascii or all(line.isascii() for line in panel.texts)
        assert hand.app.return_code is None
