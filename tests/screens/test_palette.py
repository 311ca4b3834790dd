"""The palette offers everything that keys do, each with a word about it."""

from __future__ import annotations

from textual.binding import Binding

from tests.screens.conftest import Runner
from tests.screens.fakes import kinesis_stream, snapshot
from tui import bindings
from tui.palette import entries
from tui.screens.benches import BENCHES

PALETTE = "command_palette"
"""It is open already."""


async def test_every_action_of_the_app_and_of_the_live_screen_is_offered(lab: Runner) -> None:
    wanted = {b.action for b in (*bindings.APP, *bindings.MAIN) if isinstance(b, Binding)}
    for news in (snapshot(), snapshot(streams=(kinesis_stream(),))):
        async with lab(news) as hand:
            found = list(entries(hand.app, hand.app.newest))
            assert wanted - {PALETTE} <= {entry.action for entry in found}
            assert all(entry.text for entry in found)
            titles = [entry.title for entry in found]
            assert len(titles) == len(set(titles))
            assert {f"bench('{name}')" for name in BENCHES} <= {entry.action for entry in found}
    async with lab(ready=False) as hand:
        assert wanted - {PALETTE} <= {entry.action for entry in entries(hand.app, None)}


async def test_an_action_runs_where_its_key_would_have_run_it(lab: Runner) -> None:
    async with lab() as hand:
        hand.app.set_keymap({"app.pause": "f9"})
        found = {entry.title: entry for entry in entries(hand.app, hand.app.newest)}
        assert "key f9" in found["Pause"].text
        found["Pause"].run()
        await hand.until(lambda: hand.app.paused)
        before = hand.app.main.shards.order
        found["Reverse the sort"].run()
        await hand.until(lambda: hand.app.main.shards.order != before)
        await hand.pilot.press("colon", *"settings")
        await hand.sees("kept between starts")
        await hand.pilot.press("enter")
        await hand.sees("refresh rate")


async def test_textual_s_own_commands_do_not_double_the_lab_s(lab: Runner) -> None:
    async with lab() as hand:
        titles = [c.title for c in hand.app.get_system_commands(hand.app.screen)]
        assert "Theme" in titles and "Quit" not in titles and "Keys" not in titles
