"""What the app does with a lab: first paint, news, pause, cursor, load, commands, leaving."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from textual.widgets import Input
from textual.worker import WorkerFailed

from streaming.lab.link import LabError, LinkLost
from tests.screens.conftest import Hand, Runner
from tests.screens.fake_link import FakeLink
from tests.screens.fakes import shard, snapshot, starting, stream
from tui.app import LabApp
from tui.messages import LabNews


async def test_paints_before_the_lab_is_open(lab: Runner) -> None:
    link = FakeLink()
    link.may_open.clear()
    async with lab(link=link, ready=False) as hand:
        await hand.sees("starting: engine")
        assert not link.opened.is_set()
        link.may_open.set()
        await hand.show(starting("broker"))
        assert "starting: broker" in hand.text
        assert "BROKER STARTING 3s" in hand.header
        await hand.show(snapshot(2))
        assert "LIVE" in hand.header


async def test_news_wait_for_their_turn_and_only_the_newest_is_drawn(lab: Runner) -> None:
    async with lab(snapshot(1)) as hand:
        app = hand.app
        for seq in (2, 3, 4):
            hand.link.put(snapshot(seq))
        await hand.until(lambda: app.newest is not None and app.newest.seq == 4)
        assert hand.held is not None and hand.held.seq == 1
        hand.clocks["monotonic"] += 1
        app.beat()
        assert hand.held.seq == 4


async def test_a_paint_under_way_is_not_overtaken(lab: Runner) -> None:
    async with lab(snapshot(1)) as hand:
        hand.app._painting = True
        hand.app.on_lab_news(LabNews(snapshot(2)))
        hand.clocks["monotonic"] += 5
        hand.app.beat()
        assert hand.held is not None and hand.held.seq == 1
        hand.app._painting = False
        hand.app.beat()
        assert hand.held.seq == 2


def test_waiting_news_are_replaced() -> None:
    assert LabNews(snapshot(2)).can_replace(LabNews(snapshot(1)))


async def test_unchanged_lines_are_not_drawn_again(lab: Runner) -> None:
    async with lab(snapshot(1)) as hand:
        panel = hand.app.main.shards
        kept = dict(panel._strips)
        views = tuple(
            msgspec.structs.replace(view, out_per_s=7.0) if view.id == 2 else view
            for view in stream().shards
        )
        await hand.show(snapshot(2, streams=(msgspec.structs.replace(stream(), shards=views),)))
        same = [y for y, strip in kept.items() if panel._strips.get(y) is strip]
        assert 3 not in same
        assert len(same) == len(kept) - 1 > 10


async def test_pause_holds_the_panels_and_the_lab_goes_on(lab: Runner) -> None:
    async with lab(snapshot(1)) as hand:
        await hand.pilot.press("space")
        assert "PAUSED" in hand.header
        await hand.show(snapshot(2, streams=(stream("orders"),)))
        assert hand.app.newest is not None and hand.app.newest.seq == 2
        assert "clicks" in hand.header and hand.held is not None and hand.held.seq == 1
        await hand.pilot.press("space")
        assert "PAUSED" not in hand.header and "orders" in hand.header


async def test_cursor_follows_its_shard_through_sort_and_news(lab: Runner) -> None:
    async with lab(snapshot(1)) as hand:
        panel = hand.app.main.shards
        await hand.pilot.press("j", "j", "down")
        assert panel.cursor == 3
        for _ in range(4):
            await hand.pilot.press("right")
        assert panel.order.column == "lag" and panel.order.reverse
        assert panel.shard_ids[:2] == [3, 5] and panel.cursor == 3
        calm = tuple(shard(id, lag=100 - id) for id in range(12))
        await hand.show(snapshot(2, streams=(msgspec.structs.replace(stream(), shards=calm),)))
        assert panel.shard_ids[0] == 0 and panel.cursor == 3
        assert next(line for line in panel.texts if "03 " in line[:7] or " 03" in line[:6])
        await hand.pilot.press("r")
        assert panel.shard_ids[0] == 11 and panel.cursor == 3
        await hand.pilot.press("G")
        assert panel.cursor == 0
        await hand.pilot.press("g")
        assert panel.cursor == 11


def cursor_line(hand: Hand) -> str:
    return next(line for line in hand.lines if line.startswith((">", "│>")))


async def test_scroll_survives_news(lab: Runner) -> None:
    many = stream(shards=64)
    async with lab(snapshot(1, streams=(many,)), size=(80, 24)) as hand:
        panel = hand.app.main.shards
        await hand.pilot.press("G")
        await hand.until(lambda: panel.scroll_offset.y > 0)
        before = panel.scroll_offset.y
        assert " 63 " in cursor_line(hand)
        busier = msgspec.structs.replace(
            many, shards=tuple(shard(id, in_per_s=9.0) for id in range(64))
        )
        await hand.show(snapshot(2, streams=(busier,)))
        assert panel.scroll_offset.y == before and " 63 " in cursor_line(hand)
        await hand.pilot.press("k")
        assert panel.scroll_offset.y == before and panel.cursor == 62


async def test_click_chooses_a_row_and_a_title_sorts(lab: Runner) -> None:
    async with lab() as hand:
        panel = hand.app.main.shards
        await hand.pilot.click("#shards", offset=(20, 6))
        assert panel.cursor == 4
        place = hand.lines[2].index("LAG")
        await hand.pilot.click("#shards", offset=(place, 1))
        assert panel.order.column == "lag" and panel.shard_ids[0] == 3
        assert "sort: LAG ↓" in hand.text


async def test_streams_take_turns(lab: Runner) -> None:
    async with lab() as hand:
        for name, key in (("orders", "s"), ("payments", "tab"), ("clicks", "s")):
            await hand.pilot.press(key)
            await hand.until(lambda name=name: f" {name} " in hand.header)
        assert hand.app.focused is hand.app.main.shards


async def test_filter_by_typing(lab: Runner) -> None:
    async with lab() as hand:
        panel = hand.app.main.shards
        await hand.pilot.press("slash", *"c-1", "enter")
        assert panel.shard_ids == [1, 4, 7, 10]
        assert "filter: c-1" in hand.text and hand.app.focused is panel
        await hand.show(snapshot(2))
        assert panel.shard_ids == [1, 4, 7, 10]
        await hand.pilot.press("escape")
        assert len(panel.shard_ids) == 12
        await hand.pilot.press("slash", *"hot")
        assert panel.shard_ids == [3]
        await hand.pilot.press(*"zzz")
        assert "no shard matches" in hand.text
        await hand.pilot.press("escape")
        assert len(panel.shard_ids) == 12 and hand.app.focused is panel


async def test_pasted_control_characters_do_not_stay_in_the_filter(lab: Runner) -> None:
    async with lab() as hand:
        await hand.pilot.press("slash")
        field = hand.app.main.query_one(Input)
        field.value = "c\x1b]52;c;eHg=\x07-1"
        await hand.until(lambda: "\x1b" not in field.value and "\x07" not in field.value)


async def test_old_data_says_its_age_and_is_dimmed(lab: Runner) -> None:
    async with lab() as hand:
        assert "STALE" not in hand.header
        hand.clocks["monotonic"] += 4.2
        hand.app.second()
        assert "STALE 4s" in hand.header or "STALE 5s" in hand.header
        assert hand.app.main.shards.stale
        await hand.show(snapshot(2))
        assert "STALE" not in hand.header and not hand.app.main.shards.stale


async def test_engine_gone_and_back(lab: Runner) -> None:
    async with lab() as hand:
        await hand.show(LinkLost("exit code -9"))
        assert "ENGINE GONE" in hand.header and "exit code -9" in hand.header
        assert hand.app.main.shards.stale and "LIVE" not in hand.header
        await hand.show(snapshot(2))
        assert "ENGINE GONE" not in hand.header and "LIVE" in hand.header


async def test_an_end_of_news_is_said(lab: Runner) -> None:
    class Ending(FakeLink):
        async def snapshots(self) -> Any:
            yield snapshot(1)

    async with lab(link=Ending(), ready=False) as hand:
        await hand.until(lambda: "ENGINE GONE" in hand.header)


async def test_help_lists_the_keys_as_they_are_now(lab: Runner) -> None:
    async with lab(size=(100, 240)) as hand:
        hand.app.set_keymap({"app.pause": "p"})
        await hand.pilot.press("f1")
        await hand.sees("What you are looking at")
        pause = next(line for line in hand.lines if "Pause" in line and "Quit" not in line)
        assert " p " in pause and "space" not in pause
        await hand.pilot.press("q")
        await hand.until(lambda: "What you are looking at" not in hand.text)
        await hand.pilot.press("p")
        assert "PAUSED" in hand.header


async def test_the_key_bar_can_be_clicked(lab: Runner) -> None:
    async with lab(size=(80, 24)) as hand:
        await hand.pilot.click("#keys", offset=(hand.lines[-1].index("Pause"), 0))
        await hand.until(lambda: "PAUSED" in hand.header)


async def test_mouse_selection_gives_the_text_on_the_screen(lab: Runner) -> None:
    async with lab() as hand:
        row = next(y for y, line in enumerate(hand.lines) if "43,735" in line)
        start = hand.lines[row].index("43,735")
        await hand.pilot.mouse_down(None, offset=(start, row))
        await hand.pilot.hover(None, offset=(start + 5, row))
        await hand.pilot.mouse_up(None, offset=(start + 5, row))
        assert hand.app.screen.get_selected_text() == "43,735"


async def test_events_keep_their_place_while_new_ones_come(lab: Runner) -> None:
    kept = snapshot(1)
    many = tuple(
        msgspec.structs.replace(kept.events[0], seq=seq, text=f"number {seq}") for seq in range(60)
    )
    async with lab(snapshot(2, events=many)) as hand:
        panel = hand.app.main.query_one("#events")
        panel.focus()
        await hand.pilot.press("pagedown")
        await hand.until(lambda: panel.scroll_offset.y == 5)
        more = tuple(
            msgspec.structs.replace(kept.events[0], seq=seq, text=f"number {seq}")
            for seq in range(3, 63)
        )
        await hand.show(snapshot(3, events=more))
        await hand.until(lambda: panel.scroll_offset.y == 8)
        assert "number 54" in hand.text and "number 62" not in hand.text


async def test_a_lab_error_leaves_with_code_2() -> None:
    app = LabApp(FakeLink(error=LabError("no room on the disk")))
    async with app.run_test():
        while app.return_code is None:
            await asyncio.sleep(0)
    assert app.return_code == 2 and str(app.failure) == "no room on the disk"


async def test_a_lab_that_fails_while_it_runs_leaves_with_code_2() -> None:
    link = FakeLink(snapshot(1))
    app = LabApp(link)
    async with app.run_test():
        while app.newest is None:
            await asyncio.sleep(0)
        link.put(LabError("the disk is full"))
        while app.return_code is None:
            await asyncio.sleep(0)
    assert app.return_code == 2 and str(app.failure) == "the disk is full"


async def test_an_unforeseen_error_ends_the_app() -> None:
    link = FakeLink()
    link.open = _boom  # type: ignore[method-assign]
    app = LabApp(link)
    with pytest.raises(WorkerFailed, match="boom"):
        async with app.run_test():
            while app.exception is None:
                await asyncio.sleep(0)
    assert isinstance(app.exception, RuntimeError) and app.return_code == 1


async def _boom() -> None:
    raise RuntimeError("boom")


async def test_another_theme_reaches_lines_already_drawn(lab: Runner) -> None:
    async with lab() as hand:
        panel = hand.app.main.shards

        def looks() -> set[str]:
            return {str(segment.style) for segment in panel.render_line(4)}

        before = looks()
        hand.app.theme = "textual-light"
        await hand.until(lambda: not before & looks())
