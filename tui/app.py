"""The live screens on a lab: it follows the newest snapshot and sends what the viewer asks."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Final

from textual import work
from textual.app import App
from textual.command import Provider
from textual.timer import Timer
from textual.worker import WorkerFailed

from streaming.lab.commands import Command, Reply, SetRate, WhatIf
from streaming.lab.link import LabError, LabLink, LinkLost
from streaming.lab.snapshot import LabSnapshot
from tui import bindings
from tui.alerts import Alerts
from tui.glyphs import glyphs_for
from tui.messages import LabNews
from tui.moment import Moment
from tui.palette import LabCommands
from tui.panels.keybar import keys_by_id
from tui.safe import safe
from tui.screens.benches import BENCHES
from tui.screens.dialog import DIALOG_WIDTH, EDGES, Dialog
from tui.screens.live import LiveDialog
from tui.screens.main import MainScreen
from tui.views.broker import broker_text
from tui.views.plan import open_shards
from tui.views.texts import help_lines, plain_lines

REFRESH_HZ: Final = (0.5, 1.0, 2.0, 4.0, 10.0)
UNFOCUSED_HZ: Final = 1.0
"""Nobody looks at a terminal without focus: it is refreshed less often."""
LOAD_STEPS: Final = {-1: 0.8, 1: 1.25}
LEAST_LOAD: Final = 10.0
MOST_LOAD: Final = 1_000_000.0
REPLY_LIMIT: Final = 300
TITLES: Final[dict[type, str]] = {WhatIf: "What if: other keys"}
"""Titles of the answers to commands whose own names are no words."""
EXIT_LAB_ERROR: Final = 2


class LabApp(App[None]):
    """Shows a lab through its link; opens the link but leaves closing to who runs the app."""

    TITLE = "dasprep-tui"
    CSS_PATH = "lab.tcss"
    BINDINGS = bindings.APP
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = App.COMMANDS | {
        LabCommands
    }

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
        self._clock = clock
        self._monotonic = monotonic
        self._news_at = monotonic()
        self._drawn_at = float("-inf")
        self._drawn: LabSnapshot | None = None
        self._painting = False
        self._asked_load: float | None = None
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
        )

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
        if isinstance(message.news, LinkLost):
            self.lost = message.news.reason
            self.second()
            return
        self.lost = None
        self._news_at = self._monotonic()
        if self.newest is None or self.newest.traffic.target_per_s != (
            message.news.traffic.target_per_s
        ):
            self._asked_load = None
        self.newest = message.news
        self._alerts.hear(message.news)
        if self._monotonic() - self._drawn_at >= self._period:
            self.draw()

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
        self.main.show(moment)
        for screen in self.screen_stack:
            if isinstance(screen, LiveDialog):
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

    def action_pause(self) -> None:
        """Hold the display; the lab goes on."""
        self.paused = not self.paused
        if self.paused:
            self.main.show_header(self._header_moment())
        else:
            self.draw()

    def action_refresh_rate(self, step: int) -> None:
        """Refresh more or less often."""
        place = REFRESH_HZ.index(self.hertz) + step
        self.hertz = REFRESH_HZ[min(max(place, 0), len(REFRESH_HZ) - 1)]
        if self._beat is not None:
            self._beat.stop()
        self._beat = self.set_interval(1 / self.hertz, self.beat)
        self.main.show_header(self._header_moment())

    def on_main_screen_stream_chosen(self, event: MainScreen.StreamChosen) -> None:
        """Show another stream, of the held snapshot while the display is paused."""
        self.stream = event.name
        self._show(self._header_moment())

    def action_load(self, step: int) -> None:
        """Ask for less or more load than was asked for last."""
        if self.newest is None:
            self.tell("The lab is not running yet.", ok=False)
            return
        now = self._asked_load
        if now is None:
            now = self.newest.traffic.target_per_s
        wanted = max(now, LEAST_LOAD) * LOAD_STEPS[step]
        self._asked_load = min(max(round(wanted), 0.0), MOST_LOAD)
        self.ask(SetRate(self._asked_load))

    def action_help(self) -> None:
        """Explain keys and panels."""
        keys = bindings.keys_of(bindings.DIALOGS, self._keymap)
        keys |= keys_by_id(self.main.active_bindings.values())
        self.push_screen(
            Dialog("Help", lambda width: help_lines(keys, width, self.glyphs), glyphs=self.glyphs)
        )

    def ask(self, command: Command, long: bool = False) -> None:
        """Send a command; the reply comes as a toast, or in a dialog if it took long."""
        if long:
            name = TITLES.get(type(command), type(command).__name__)
            self.tell(f"{name}: under way; this takes a while.", ok=True)
        self._send(command, long)

    @work(group="commands")
    async def _send(self, command: Command, long: bool) -> None:
        try:
            reply = await self.link.send(command)
        except Exception as error:
            reply = Reply(
                False, f"{type(command).__name__} failed: {error or type(error).__name__}"
            )
            long = True
        if long:
            self.report(TITLES.get(type(command), type(command).__name__), reply.text)
        else:
            self.tell(reply.text, ok=reply.ok)

    def report(self, title: str, text: str) -> None:
        """Show a text from outside in a dialog."""
        self.push_screen(Dialog(title, lambda width: plain_lines(text, width), glyphs=self.glyphs))

    def action_broker(self) -> None:
        """Show the cluster's nodes and what it can do."""
        if self.newest is not None:
            self.report("Broker", broker_text(self.newest.broker, self.newest.at_ms))

    def action_bench(self, name: str) -> None:
        """Open a dialog that changes the shown stream."""
        self.push_screen(BENCHES[name](self.glyphs, self._header_moment()))

    def action_what_if(self) -> None:
        """Try other keys out on the shown stream's newest records, on as many shards and twice."""
        stream = None if self.main.moment is None else self.main.moment.shown_stream
        if stream is None:
            self.tell("The lab is not running yet.", ok=False)
            return
        count = len(open_shards(stream))
        width = min(self.size.width, DIALOG_WIDTH) - EDGES
        self.ask(WhatIf(stream.name, (count, 2 * count), width), True)

    def tell(self, text: str, *, ok: bool) -> None:
        """Show a text from outside as a toast."""
        shown = safe(text, REPLY_LIMIT)
        self.notify(shown, severity="information" if ok else "error", markup=False)

    def _fatal_error(self) -> None:
        """Leave without Textual's traceback: that one prints the values of local variables."""
        self._close_messages_no_wait()


def run_app(
    link_factory: Callable[[], LabLink],
    *,
    refresh_hz: float = 2.0,
    ascii: bool = False,
    crash_dir: Path | None = None,
) -> int:
    """Run the screens on a lab until the viewer leaves, and return the exit code."""
    from tui.session import run

    return run(
        lambda: LabApp(link_factory(), refresh_hz=refresh_hz, ascii=ascii), crash_dir=crash_dir
    )
