"""Freezes what would make two runs differ: the clock's zone, animations, the cursor's blink."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot

from streaming.lab.link import LinkLost
from streaming.lab.snapshot import LabSnapshot
from tests.screens.fake_alarms import NOW_MS
from tests.screens.fake_link import FakeLink
from tests.screens.fakes import snapshot
from tui.app import LabApp
from tui.preferences import Choice
from tui.tailored import UNTOLD

WAIT_S = 20.0


class Hand:
    """A running app, its fake lab, its two clocks, and ways to look at it."""

    def __init__(self, pilot: Pilot[None], app: LabApp, link: FakeLink, clocks: dict[str, float]):
        self.pilot = pilot
        self.app = app
        self.link = link
        self.clocks = clocks

    @property
    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def header(self) -> str:
        return self.app.main.query_one("#header").texts[0]  # type: ignore[attr-defined]

    async def until(self, condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            assert time.monotonic() < deadline, f"never came true on:\n{self.text}"
            await asyncio.sleep(0)

    async def sees(self, text: str) -> None:
        await self.until(lambda: text in self.text)

    async def show(self, news: LabSnapshot | LinkLost) -> None:
        """Send news and wait until they are on the screen."""
        self.clocks["monotonic"] += 60.0 if isinstance(news, LinkLost) else 0.0
        self.link.put(news)
        if isinstance(news, LinkLost):
            await self.until(lambda: self.app.lost == news.reason)
            await self.pilot.pause()
            return
        await self.until(lambda: self.app.newest is news)
        if self.held is not news:
            self.clocks["monotonic"] += 1.0
            self.app.beat()
        await self.until(lambda: self.app.paused or self.held is news)
        await self.until(lambda: not self.app._painting)
        await self.pilot.pause()

    @property
    def held(self) -> LabSnapshot | None:
        return self.app.main.held.snapshot if self.app.main.held else None


Runner = Callable[..., AbstractAsyncContextManager[Hand]]


@pytest.fixture(autouse=True)
def steady(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Any:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
    for name in ("NO_COLOR", "TEXTUAL", "TEXTUAL_THEME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "none", raising=False)
    time.tzset()
    yield
    os.environ.pop("TZ", None)
    time.tzset()


@pytest.fixture
def lab() -> Runner:
    """Run the app on a fake lab that shows `news` first."""

    @asynccontextmanager
    async def running(
        *news: LabSnapshot | LinkLost,
        size: tuple[int, int] = (120, 40),
        ascii: bool = False,
        link: FakeLink | None = None,
        ready: bool = True,
        choice: Choice = UNTOLD,
    ) -> AsyncIterator[Hand]:
        link = link or FakeLink()
        clocks = {"wall": NOW_MS / 1000, "monotonic": 1000.0}
        app = LabApp(
            link,
            ascii=ascii,
            choice=choice,
            clock=lambda: clocks["wall"],
            monotonic=lambda: clocks["monotonic"],
        )
        async with app.run_test(size=size, notifications=True) as pilot:
            hand = Hand(pilot, app, link, clocks)
            await hand.until(lambda: app.main.held is not None)
            if ready:
                for item in news or (snapshot(),):
                    await hand.show(item)
            yield hand

    return running
