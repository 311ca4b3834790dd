"""Panels of the live screen: which are in sight, what they draw, zoom, copies, pictures, mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from streaming.lab.commands import CompareKeys, Reply
from streaming.lab.series import HEAT_CELL_S, HEAT_CELLS, Series
from streaming.lab.stream_snapshot import HeavyKeyView
from tests.screens.conftest import Runner
from tests.screens.fake_keys import candidates
from tests.screens.fakes import HEAVY, kinesis_stream, snapshot, stream
from tests.screens.hostile import PAYLOADS, clean, forbidden
from tui.glyphs import ASCII, UNICODE
from tui.lines import text_of, width_of
from tui.views import arrangement
from tui.views.heat import heat_lines, shade, time_line
from tui.views.inspect import inspect_lines
from tui.views.keytable import heavy_lines, table_of_keys


@pytest.mark.parametrize("chosen", arrangement.PANELS)
@pytest.mark.parametrize("size", [(1, 1), (40, 12), (80, 24), (99, 50), (120, 40)])
def test_the_chosen_panel_is_always_in_sight(size: tuple[int, int], chosen: str) -> None:
    assert chosen in arrangement.shown(*size, chosen, zoomed=False)
    assert arrangement.shown(*size, chosen, zoomed=True) == {chosen}


def test_each_shade_stands_for_half_of_the_next() -> None:
    assert [shade(rate, 1600, 5) for rate in (0, 90, 200, 400, 800, 1600)] == [0, 0, 1, 2, 3, 4]


def test_heat_is_measured_in_cells_that_do_not_change_once_they_are_over() -> None:
    series = Series()
    for second in range(400):
        series.add(float(second), second * 100 + max(0, second - 350) * 200, 0)
    early, late = series.heat(395.0), series.heat(399.0)
    assert len(late) == HEAT_CELLS and late[:-1] == early[:-1]
    assert set(late[: HEAT_CELLS - 5]) == {100}
    assert late[-2] == 300, "the newest whole cell"
    assert series.heat(400.0 + 1000 * HEAT_CELL_S)[-1] == 0, "nothing came since"
    assert Series().heat(5.0) == ()


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=list(PAYLOADS))
def test_texts_from_outside_stay_in_their_cells(payload: str) -> None:
    odd: Any = payload
    view = kinesis_stream()
    shards = tuple(msgspec.structs.replace(s, owner=payload, status=odd) for s in view.shards)
    view = msgspec.structs.replace(
        view, name=payload, shards=shards, heavy=(HeavyKeyView(payload, 5, shards[0].id, 0.5),)
    )
    others = [msgspec.structs.replace(c, key=payload, keeps=payload) for c in candidates()]
    marks = tuple(msgspec.structs.replace(p, mark=payload) for p in snapshot().history)
    for glyphs in (UNICODE, ASCII):
        drawn = [
            *heavy_lines(view, 40, glyphs),
            *table_of_keys(others, payload, 40),
            *heat_lines(view, 40, glyphs),
            time_line(marks, 40, glyphs),
            *inspect_lines(view, shards[0], 40, glyphs),
        ]
        for line in drawn:
            assert not list(forbidden(text_of(line)))
            assert width_of(line) <= 40


async def test_numbers_replace_the_middle_where_there_is_little_room(lab: Runner) -> None:
    async with lab(snapshot(streams=(stream(heavy=HEAVY),)), size=(80, 24)) as hand:
        for key, text in (
            ("2", "lighter shade"), ("4", "heaviest keys"), ("3", "-1m15"), ("1", "OWNER"),
        ):  # fmt: skip
            await hand.pilot.press(key)
            await hand.sees(text)
            clean(hand)


async def test_a_panel_gets_the_whole_screen_and_gives_it_back(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("2", "f")
        await hand.until(lambda: "1 Shards" not in hand.text and "2 Heat" in hand.text)
        await hand.until(lambda: hand.app.main.heat.region.width == 120)
        await hand.pilot.press("f10")
        await hand.sees("1 Shards")
        await hand.pilot.press("f")
        await hand.until(lambda: "1 Shards" not in hand.text)
        await hand.pilot.press("escape")
        await hand.sees("1 Shards")


async def test_a_shard_is_looked_into_and_goes_on_with_the_lab(lab: Runner) -> None:
    async with lab(snapshot(streams=(stream(heavy=HEAVY),))) as hand:
        await hand.pilot.press("j", "j", "j", "enter")
        await hand.sees("clicks shard 03")
        await hand.sees("43,735 records, cleared in ∞, grows by 350/s")
        await hand.sees("BR")
        few = stream(shards=2)
        await hand.show(snapshot(2, streams=(few,)))
        await hand.sees("is not in the lab any more")


async def test_an_alarm_is_one_key_from_its_reason(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("5", "enter")
        await hand.sees("datapoints beyond")


async def test_rows_are_copied(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("j", "j", "j", "y")
        await hand.until(lambda: hand.app.clipboard.startswith("03 30%"))
        await hand.pilot.press("c")
        await hand.until(lambda: hand.app.clipboard == "HOT")


async def test_other_keys_are_tried_again_until_something_is_known(lab: Runner) -> None:
    async with lab(ready=False) as hand:
        hand.link.answers[CompareKeys] = Reply(False, "there are no records of clicks yet")
        await hand.show(snapshot())
        await hand.sees("what other keys would do is not known yet")


async def test_the_screen_is_saved_as_a_picture(
    lab: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with lab() as hand:
        await hand.pilot.press("f8")
        await hand.until(lambda: list(tmp_path.glob("*.svg")))
        await hand.sees("Saved")
        monkeypatch.chdir("/proc")
        await hand.pilot.press("f8")
        await hand.sees("could not be saved")


async def test_the_terminal_gets_the_mouse_and_gives_it_back(lab: Runner) -> None:
    async with lab() as hand:
        done: list[str] = []
        for name in ("_enable_mouse_support", "_disable_mouse_support"):
            setattr(hand.app._driver, name, lambda name=name: done.append(name))
        await hand.pilot.press("m")
        await hand.sees("mouse is the terminal's")
        await hand.pilot.press("m")
        await hand.until(lambda: done == ["_disable_mouse_support", "_enable_mouse_support"])


async def test_panels_under_a_dialog_catch_up_when_it_goes(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("t")
        await hand.sees("esc closes")
        await hand.show(snapshot(2, streams=(stream(shards=3),)))
        assert len(hand.app.main.shards.shard_ids) == 12
        await hand.pilot.press("escape")
        await hand.until(lambda: len(hand.app.main.shards.shard_ids) == 3)
