"""What a key changed is painted at once; what changes by itself, with the next frame."""

from __future__ import annotations

import asyncio

import pytest

from tests.screens.conftest import Hand, Runner
from tests.screens.fakes import snapshot
from tui.recording.pressing import press

ROUNDS = 50
"""More turns of the event loop than any message here needs."""


def paints_without_frames(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Let no frame come any more; returns what is on the screen after each paint."""
    monkeypatch.setattr(hand.app.screen._update_timer, "resume", lambda: None)
    seen: list[str] = []
    monkeypatch.setattr(hand.app, "post_display_hook", lambda: seen.append(hand.text))
    return seen


async def test_a_key_is_painted_at_once(lab: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    async with lab(snapshot(1)) as hand:
        paints = paints_without_frames(hand, monkeypatch)
        for cursor in (1, 2):
            press(hand.app, "j")
            await hand.until(lambda count=cursor: len(paints) == count)
            assert hand.app.main.shards.cursor == cursor
        assert not hand.app.main._dirty_widgets


async def test_a_key_brings_the_drawing_it_meets_along(
    lab: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The news wait for their frame; a key does not wait behind them, and all is one paint."""
    async with lab(snapshot(1)) as hand:
        paints = paints_without_frames(hand, monkeypatch)
        hand.clocks["monotonic"] += 1.0
        hand.link.put(snapshot(2))
        for _ in range(ROUNDS):
            await asyncio.sleep(0)
        assert hand.held is not None and hand.held.seq == 2
        assert not paints
        press(hand.app, "j")
        await hand.until(lambda: paints)
        assert hand.app.main.shards.cursor == 1
        assert len(paints) == 1 and not hand.app.main._dirty_widgets


@pytest.mark.parametrize("opening", ["enter", "question_mark"])
async def test_dialogs_paint_keys_at_once(
    opening: str, lab: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with lab(snapshot(1), size=(80, 12)) as hand:
        await hand.pilot.press(opening)
        await hand.until(lambda: hand.app.screen is not hand.app.main)
        await hand.pilot.pause()
        paints = paints_without_frames(hand, monkeypatch)
        press(hand.app, "j")
        await hand.until(lambda: paints)
        assert hand.app.screen.focused is not None and hand.app.screen.focused.scroll_offset.y
