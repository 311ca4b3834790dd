"""The tour: at the first start, step by step, never again once it was left, and from the help."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding

from tests.screens.conftest import Runner
from tests.screens.test_golden import same_as_golden
from tui import bindings
from tui.lines import text_of, width_of
from tui.palette import entries
from tui.preferences import Choice, Preferences, choose
from tui.screens.benches import BENCHES
from tui.views.tour import SCREENS, step_lines, steps

FIRST = Choice()
"""A first start: nothing is kept, nothing was hidden."""


def test_every_screen_that_a_key_opens_has_a_step() -> None:
    ids = {b.id: b for b in bindings.APP if isinstance(b, Binding)}
    actions = {ids[step.binding].action for step in steps() if step.binding}
    assert {f"bench('{name}')" for name in BENCHES} <= actions
    assert set(SCREENS) <= set(ids)


@pytest.mark.parametrize("width", [1, 20, 76, 96])
def test_lines_fit(width: int) -> None:
    all_ = steps()
    for number in range(len(all_)):
        lines = step_lines(number, all_, {"app.chaos": ["x", "f5"]}, width)
        assert len(lines) <= 3 and all(width_of(line) <= width for line in lines)
        if width >= 76:
            assert all(len(text_of(line)) for line in lines)


@pytest.mark.parametrize(
    ("name", "size", "ascii", "steps"),
    [
        ("120x40-tour", (120, 40), False, 1),
        ("80x24-tour", (80, 24), False, 8),
        ("80x24-tour-ascii", (80, 24), True, 3),
    ],
)
async def test_golden(lab: Runner, name: str, size: Any, ascii: bool, steps: int) -> None:
    async with lab(size=size, ascii=ascii, choice=FIRST) as hand:
        await hand.sees("The tour")
        await hand.pilot.press(*["enter"] * steps)
        await hand.sees(f"{steps + 1}/")
        await hand.pilot.pause()
        same_as_golden(name, hand.lines)


async def test_the_first_start_shows_it_and_skipping_hides_it(lab: Runner, tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    async with lab(choice=choose(path, {})) as hand:
        await hand.sees("1/")
        await hand.until(lambda: hand.app.main.query_one("#header").has_class("-toured"))
        await hand.pilot.press("space", "right")
        await hand.sees("3/")
        await hand.pilot.press("left")
        await hand.sees("2/")
        await hand.until(lambda: hand.app.main.query_one("#shards").has_class("-toured"))
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        assert not hand.app.main.query(".-toured")
        await hand.until(lambda: path.exists() and choose(path, {}).kept.tour_hidden)
    async with lab(choice=choose(path, {})) as hand:
        assert hand.app.screen is hand.app.main


async def test_the_last_step_ends_it_and_moved_keys_are_told(lab: Runner) -> None:
    moved = Preferences(keys={"app.chaos": "f5"})
    async with lab(choice=Choice(moved, moved)) as hand:
        await hand.sees("The tour")
        for number in range(len(steps())):
            await hand.sees(f"{number + 1}/")
            if "Chaos and traffic" in hand.text:
                assert "key f5" in hand.text
            await hand.pilot.press("enter")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        assert hand.app.choice.preferences.tour_hidden


async def test_help_and_palette_show_it_again(lab: Runner) -> None:
    async with lab() as hand:
        assert "The tour" not in hand.text
        await hand.pilot.press("question_mark")
        await hand.sees("t takes the tour")
        await hand.pilot.press("t")
        await hand.sees("1/")
        await hand.pilot.press("escape")
        await hand.until(lambda: hand.app.screen is hand.app.main)
        found = {entry.title: entry for entry in entries(hand.app, hand.app.newest)}
        found["Take the tour"].run()
        await hand.sees("1/")


@pytest.mark.parametrize("size", [(1, 1), (20, 3), (400, 100)])
async def test_any_size_draws(lab: Runner, size: Any) -> None:
    async with lab(size=size, choice=FIRST) as hand:
        await hand.pilot.press("enter", "enter")
        assert len(hand.lines) == size[1]
        await hand.pilot.resize_terminal(80, 24)
        await hand.sees("3/")
