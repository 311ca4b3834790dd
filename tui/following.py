"""How the screens follow a lab: the newest snapshot, drawn as often as was asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from textual import events, work
from textual.app import App
from textual.timer import Timer
from textual.worker import WorkerFailed

from streaming.lab.link import LabError, LabLink, LinkLost
from streaming.lab.snapshot import LabSnapshot
from tui.alerts import Alerts
from tui.glyphs import glyphs_for
from tui.messages import LabNews
from tui.moment import Moment
from tui.preferences import REFRESH_HZ
from tui.screens.live import LiveDialog
from tui.screens.main import MainScreen

UNFOCUSED_HZ: Final = 1.0
"""Nobody looks at a terminal without focus: it is refreshed less often."""
EXIT_LAB_ERROR: Final = 2


class FollowingApp(App[None]):
    """Shows a lab through its link; opens the link but leaves closing to who runs the app."""

    def __init__(
        self,
        link: LabLink,
        *,
        refresh_hz: float = 2.0,
        ascii: bool = False,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.link = link
        self.glyphs = glyphs_for(ascii)
        self.hertz = min(REFRESH_HZ, key=lambda rate: abs(rate - refresh_hz))
        self.newest: LabSnapshot | None = None
        self.lost: str | None = None
        self.failure: LabError | None = None
        self.paused = False
        self.stream = ""
        self.pressed = False
        """Whether a key came since the last paint: what it changed does not wait for a frame."""

        self._clock = clock
        self._monotonic = monotonic
        self._news_at = monotonic()
        self._drawn_at = float("-inf")
        self._drawn: LabSnapshot | None = None
        self._painting = False
        self.asked_load: float | None = None
        self._beat: Timer | None = None
        self.main = MainScreen(self.glyphs)
        self._alerts = Alerts(self)

    def get_default_screen(self) -> MainScreen:
        """Start on the live screen."""
        return self.main

    def on_ready(self) -> None:
        """Draw before the lab exists, then start it."""
        self.main.show(self.moment())
        self._beat = self.set_interval(1 / self.hertz, self.beat)
        self.set_interval(1.0, self.second)
        self.main.call_after_refresh(self.follow)

    async def on_event(self, event: events.Event) -> None:
        """Remember that a key came before anything is done with it."""
        self.pressed = self.pressed or isinstance(event, events.Key)
        await super().on_event(event)

    @property
    def exception(self) -> BaseException | None:
        """What ended the app, if anything unforeseen did."""
        if isinstance(self._exception, WorkerFailed):
            return self._exception.error
        return self._exception

    def moment(self) -> Moment:
        """Return what is known now."""
        return Moment(
            snapshot=self.newest,
            now_ms=int(self._clock() * 1000),
            age_s=self._monotonic() - self._news_at,
            lost=self.lost,
            paused=self.paused,
            hertz=self.hertz,
            stream=self.stream,
            sign=self.sign,
        )

    @property
    def sign(self) -> str:
        """What the header says of recordings, "" while there is none."""
        return ""

    @work(exclusive=True, group="follow")
    async def follow(self) -> None:
        """Open the link and pass on what comes; the only task that reads from it.

        A lab may fail after it was opened, too: its broker cannot be reached, its disk is full.
        """
        try:
            await self.link.open()
            async for news in self.link.snapshots():
                self.post_message(LabNews(news))
        except LabError as error:
            self.failure = error
            self.exit(return_code=EXIT_LAB_ERROR)
            return
        self.post_message(LabNews(LinkLost("it sends no more")))

    def on_lab_news(self, message: LabNews) -> None:
        """Keep the newest state, and draw it when its turn has come."""
        self.heard(message.news)
        if isinstance(message.news, LinkLost):
            self.lost = message.news.reason
            self.second()
            return
        self.lost = None
        self._news_at = self._monotonic()
        if self.newest is None or self.newest.traffic.target_per_s != (
            message.news.traffic.target_per_s
        ):
            self.asked_load = None
        self.newest = message.news
        self._alerts.hear(message.news)
        if self._monotonic() - self._drawn_at >= self._period:
            self.draw()

    def heard(self, news: LabSnapshot | LinkLost) -> None:
        """Hear what came before anything is done with it."""

    @property
    def _period(self) -> float:
        return 1 / (self.hertz if self.app_focus else min(self.hertz, UNFOCUSED_HZ))

    def beat(self) -> None:
        """Draw what came since the last beat."""
        due = self._monotonic() - self._drawn_at >= self._period * 0.9
        if due and self.newest is not self._drawn:
            self.draw()

    def second(self) -> None:
        """Keep clock and age true even when nothing comes."""
        if self.main.is_running:
            self.main.show_header(self._header_moment())

    def draw(self) -> None:
        """Show the newest snapshot, unless the display is paused or still painting."""
        if self.paused or self._painting or not self.main.is_running:
            return
        self._painting = True
        self._drawn, self._drawn_at = self.newest, self._monotonic()
        self._show(self.moment())
        self.main.call_after_refresh(self._painted)

    def _show(self, moment: Moment) -> None:
        """Show one instant on the live screen and in the dialogs that live with it."""
        dialogs = [screen for screen in self.screen_stack if isinstance(screen, LiveDialog)]
        self.main.show(moment, covered=bool(dialogs))
        for screen in dialogs:
            screen.show(moment)

    def _painted(self) -> None:
        self._painting = False

    def _header_moment(self) -> Moment:
        """Return this instant, with the held snapshot while the display is paused."""
        moment = self.moment()
        held = self.main.held
        if self.paused and held is not None:
            return replace(moment, snapshot=held.snapshot)
        return moment

    def _fatal_error(self) -> None:
        """Leave without Textual's traceback: that one prints the values of local variables."""
        self._close_messages_no_wait()
