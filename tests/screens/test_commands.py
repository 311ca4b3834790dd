"""What a viewer asks of the lab: load, palette, verify, and how the answers are shown."""

from __future__ import annotations

from streaming.lab.commands import Inject, KillConsumer, Reply, SetRate, Verify, WhatIf
from tests.screens.conftest import Runner
from tui.palette import entries


async def test_refresh_rate_has_five_steps(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("plus", "plus", "plus")
        assert "10 Hz" in hand.header
        for _ in range(6):
            await hand.pilot.press("minus")
        assert "0.5 Hz" in hand.header


async def test_load_goes_in_steps_from_what_was_asked_last(lab: Runner) -> None:
    async with lab() as hand:
        hand.link.reply = Reply(True, "the rate [b]is[/b] set")
        await hand.pilot.press("right_square_bracket", "right_square_bracket")
        await hand.until(lambda: len(hand.link.sent) == 2)
        await hand.pilot.press("left_square_bracket")
        await hand.until(lambda: len(hand.link.sent) == 3)
        assert hand.link.sent == [SetRate(3125.0), SetRate(3906.0), SetRate(3125.0)]
        await hand.sees("the rate [b]is[/b] set")


async def test_load_before_the_lab_runs_is_refused(lab: Runner) -> None:
    async with lab(ready=False) as hand:
        await hand.pilot.press("right_square_bracket")
        await hand.sees("The lab is not running yet.")
        assert hand.link.sent == []


async def test_palette_offers_the_lab_beside_textuals_own(lab: Runner) -> None:
    async with lab() as hand:
        titles = [entry.title for entry in entries(hand.app, hand.app.newest)]
        assert {"Kill consumer c-2", "Add consumer", "Kill broker", "Verify"} <= set(titles)
        assert "Plant incident: hot_key" in titles
        await hand.pilot.press("colon")
        await hand.sees("Kill consumer c-0")
        await hand.pilot.press(*"kill consumer c-1")
        await hand.until(lambda: "Kill consumer c-0" not in hand.text)
        await hand.pilot.press("enter")
        await hand.until(lambda: hand.link.sent == [KillConsumer("c-1")])
        await hand.until(lambda: hand.app.screen is hand.app.main)
        await hand.pilot.press("ctrl+p")
        await hand.until(lambda: hand.app.screen is not hand.app.main)
        await hand.pilot.press(*"theme")
        await hand.sees("Change the current theme")


async def test_palette_plants_incidents(lab: Runner) -> None:
    async with lab() as hand:
        for entry in entries(hand.app, hand.app.newest):
            if entry.title == "Plant incident: hot_key":
                entry.run()
        await hand.until(lambda: hand.link.sent == [Inject("hot_key", 30.0)])


async def test_verify_reports_in_a_dialog(lab: Runner) -> None:
    async with lab() as hand:
        hand.link.reply = Reply(True, "0 lost, 0 doubled\nwindows: 300 equal")
        hand.app.ask(Verify(), True)
        await hand.sees("windows: 300 equal")
        assert any("under way" in toast.message for toast in hand.app._notifications)
        await hand.pilot.press("escape")
        await hand.until(lambda: "windows: 300 equal" not in hand.text)


async def test_a_failed_command_is_told_in_a_dialog(lab: Runner) -> None:
    async with lab() as hand:
        hand.link.reply = ConnectionError("the pipe broke [/x]")
        await hand.pilot.press("right_square_bracket")
        await hand.sees("SetRate failed: the pipe broke [/x]")


async def test_what_if_asks_for_the_shown_stream_and_shows_the_answer(lab: Runner) -> None:
    async with lab() as hand:
        hand.link.reply = Reply(True, "key        shards\ncountry[/]   12\x1b[31m")
        await hand.pilot.press("s", "w")
        await hand.until(lambda: hand.link.sent == [WhatIf("orders", (4, 8), 80)])
        await hand.sees("What if: other keys")
        await hand.sees("country[/]   12")
        assert "\x1b[31m" not in hand.text
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)


async def test_what_if_before_the_lab_runs_is_refused(lab: Runner) -> None:
    async with lab(ready=False) as hand:
        await hand.pilot.press("w")
        await hand.sees("The lab is not running yet.")
        assert hand.link.sent == []
